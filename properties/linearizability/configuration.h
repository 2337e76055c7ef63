// A point that a search has reached: which of the open operations have taken place, and what state
// that left. Its size grows with the concurrency of the history only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "properties/linearizability/model.h"
#include "properties/linearizability/uses.h"

namespace kp::linearizability {

// A set of slots; 64 to a word.
template <size_t Words>
struct Mask {
  std::array<uint64_t, Words> words{};

  bool Has(uint32_t slot) const { return words[slot / 64] >> (slot % 64) & 1; }
  void Set(uint32_t slot) { words[slot / 64] |= uint64_t{1} << (slot % 64); }
  void Clear(uint32_t slot) { words[slot / 64] &= ~(uint64_t{1} << (slot % 64)); }
  bool Includes(const Mask& other) const {
    for (size_t i = 0; i < Words; ++i) {
      if (other.words[i] & ~words[i]) return false;
    }
    return true;
  }
  bool empty() const {
    for (uint64_t word : words) {
      if (word) return false;
    }
    return true;
  }
  Mask Minus(const Mask& other) const {
    Mask result;
    for (size_t i = 0; i < Words; ++i) result.words[i] = words[i] & ~other.words[i];
    return result;
  }
  void Add(const Mask& other) {
    for (size_t i = 0; i < Words; ++i) words[i] |= other.words[i];
  }
  bool operator==(const Mask&) const = default;
};

template <size_t Words>
struct Configuration {
  Mask<Words> done;  // of the open operations that did not crash
  State state = 0;
  Uses::Id used = Uses::kNone;
};

inline uint64_t Mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
  return hash ^ hash >> 29;
}

template <size_t Words>
uint64_t Hash(State state, const Mask<Words>& mask) {
  uint64_t hash = Mix(0x51ed27, state);
  for (uint64_t word : mask.words) hash = Mix(hash, word);
  return hash ^ hash >> 32;
}

}  // namespace kp::linearizability
