// Seeded randomness. The only source of it: two streams with equal seeds give equal draws on every
// platform, and a stream forked by name is not disturbed by draws elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kp {

// FNV-1a with a final mix: stable across runs and platforms, unlike std::hash.
uint64_t StableHash(std::string_view bytes, uint64_t seed = 0);

class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t Next();
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [low, high].
  int64_t Between(int64_t low, int64_t high);
  // Uniform in [0, 1).
  double Unit();
  bool Chance(double probability) { return Unit() < probability; }
  std::string Bytes(size_t count);
  // `count` characters of the alphabet that Kubernetes uses for generated names
  // (k8s.io/apimachinery/pkg/util/rand: no vowels, no 0, 1, 3).
  std::string NameSuffix(size_t count);
  // RFC 4122 version 4 text.
  std::string Uuid();
  // A stream of its own: hash(seed of this stream, purpose). Draws nothing from this stream.
  Random Fork(std::string_view purpose) const;

  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }

  // Called with every value drawn; how the simulator logs draws. May be empty.
  void set_observer(std::function<void(uint64_t)> observer) { observer_ = std::move(observer); }

 private:
  uint64_t seed_;
  uint64_t state_[4];
  std::function<void(uint64_t)> observer_;
};

}  // namespace kp
