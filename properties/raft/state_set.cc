#include "properties/raft/state_set.h"

#include <cstring>

#include "reference/base/check.h"

namespace kp::properties {

uint64_t StateSet::Hash(const ExploredState& state) {
  std::array<uint64_t, sizeof(ExploredState) / 8> words;
  static_assert(sizeof(words) == sizeof(state));
  std::memcpy(words.data(), &state, sizeof(state));
  uint64_t hash = 0x9e3779b97f4a7c15;
  for (const uint64_t word : words) {
    hash = (hash ^ word) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash;
}

void StateSet::Add(const ExploredState& state, uint32_t parent) {
  const size_t mask = slots_.size() - 1;
  size_t slot = Hash(state) & mask;
  for (; slots_[slot] != kEmpty; slot = (slot + 1) & mask) {
    if (states_[slots_[slot]] == state) return;
  }
  CHECK(states_.size() < kEmpty) << "more states than can be numbered";
  slots_[slot] = static_cast<uint32_t>(states_.size());
  states_.push_back(state);
  parents_.push_back(parent);
  if (states_.size() * 3 > slots_.size() * 2) Grow();
}

void StateSet::Grow() {
  slots_.assign(slots_.size() * 2, kEmpty);
  const size_t mask = slots_.size() - 1;
  for (uint32_t index = 0; index < states_.size(); ++index) {
    size_t slot = Hash(states_[index]) & mask;
    while (slots_[slot] != kEmpty) slot = (slot + 1) & mask;
    slots_[slot] = index;
  }
}

uint64_t StateSet::Depth(uint32_t index) const {
  uint64_t depth = 0;
  for (; index != 0; index = parents_[index]) ++depth;
  return depth;
}

}  // namespace kp::properties
