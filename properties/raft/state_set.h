// States of a whole small cluster, each kept once, with the one it was first reached from.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <type_traits>
#include <vector>

#include "properties/raft/local_states.h"

namespace kp::properties {

inline constexpr size_t kMaxInFlight = 4;
inline constexpr size_t kMaxTerms = 4;
inline constexpr MessageId kNoMessage = UINT32_MAX;

using Messages = std::array<MessageId, kMaxInFlight>;  // ascending, then kNoMessage

struct ExploredState {
  std::array<LocalId, kExploredMembers> members{};
  Messages messages{};
  // What was ever true, so that a crash cannot hide a broken promise: the longest committed log, how
  // much of it the leader of each term committed, and who that was (0: nobody).
  LogId committed = 0;
  std::array<uint8_t, kMaxTerms> committed_in{};
  std::array<uint8_t, kMaxTerms> leaders{};
  uint8_t commands_left = 0;
  uint8_t duplicates_left = 0;
  uint8_t crashes_left = 0;
  uint8_t heartbeats_left = 0;
  uint32_t unused = 0;  // rounds the size up

  auto operator<=>(const ExploredState&) const = default;
};
static_assert(std::has_unique_object_representations_v<ExploredState>, "it is hashed by its bytes");

class StateSet {
 public:
  StateSet() : slots_(1 << 16, kEmpty) {}

  size_t size() const { return states_.size(); }
  const ExploredState& At(uint32_t index) const { return states_[index]; }
  uint32_t Parent(uint32_t index) const { return parents_[index]; }
  // Steps from the first state.
  uint64_t Depth(uint32_t index) const;

  // Nothing when it is there already.
  void Add(const ExploredState& state, uint32_t parent);

 private:
  static constexpr uint32_t kEmpty = UINT32_MAX;
  static uint64_t Hash(const ExploredState& state);
  void Grow();

  std::deque<ExploredState> states_;
  std::deque<uint32_t> parents_;
  std::vector<uint32_t> slots_;  // indexes, by hash; a power of two
};

}  // namespace kp::properties
