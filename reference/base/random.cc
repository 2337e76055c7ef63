#include "reference/base/random.h"

#include "reference/base/check.h"

namespace kp {
namespace {

uint64_t Mix(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

uint64_t RotateLeft(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

uint64_t StableHash(std::string_view bytes, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ Mix(seed);
  for (unsigned char c : bytes) {
    hash ^= c;
    hash *= 0x100000001b3ULL;
  }
  return Mix(hash);
}

// xoshiro256** of Blackman and Vigna, seeded by splitmix64 as they advise.
Random::Random(uint64_t seed) : seed_(seed) {
  uint64_t x = seed;
  for (uint64_t& word : state_) {
    x += 0x9e3779b97f4a7c15ULL;
    uint64_t z = x;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    word = z ^ (z >> 31);
  }
}

uint64_t Random::Next() {
  uint64_t result = RotateLeft(state_[1] * 5, 7) * 9;
  uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = RotateLeft(state_[3], 45);
  if (observer_) observer_(result);
  return result;
}

uint64_t Random::Below(uint64_t bound) {
  CHECK(bound > 0) << "Below(0)";
  // Rejects the short last stretch, so that every value is equally likely.
  uint64_t threshold = -bound % bound;
  for (;;) {
    uint64_t draw = Next();
    if (draw >= threshold) return draw % bound;
  }
}

int64_t Random::Between(int64_t low, int64_t high) {
  CHECK(low <= high) << "Between(" << low << ", " << high << ")";
  uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  return static_cast<int64_t>(static_cast<uint64_t>(low) + (span == 0 ? Next() : Below(span)));
}

double Random::Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

std::string Random::Bytes(size_t count) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; i += 8) {
    uint64_t word = Next();
    for (size_t j = i; j < count && j < i + 8; ++j) {
      bytes[j] = static_cast<char>(word);
      word >>= 8;
    }
  }
  return bytes;
}

std::string Random::NameSuffix(size_t count) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string name;
  for (size_t i = 0; i < count; ++i) name += kAlphabet[Below(kAlphabet.size())];
  return name;
}

std::string Random::Uuid() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string bytes = Bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[(bytes[i] >> 4) & 15];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

Random Random::Fork(std::string_view purpose) const {
  Random child(StableHash(purpose, seed_));
  child.observer_ = observer_;
  return child;
}

}  // namespace kp
