// Who votes. A quorum of one set of voters, or, while `outgoing` is not empty (joint consensus,
// Raft thesis 4.3), of both sets.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kp::raft {

using NodeId = uint64_t;
inline constexpr NodeId kNoNode = 0;

struct Configuration {
  std::set<NodeId> voters;
  std::set<NodeId> outgoing;       // voters of the old half of a joint configuration
  std::set<NodeId> learners;       // receive the log, do not count
  std::set<NodeId> learners_next;  // vote in the old half still, learners once that is left
  bool auto_leave = false;         // the leader itself ends the joint configuration

  bool joint() const { return !outgoing.empty(); }
  bool IsVoter(NodeId id) const { return voters.contains(id) || outgoing.contains(id); }
  bool Contains(NodeId id) const { return IsVoter(id) || learners.contains(id); }
  std::set<NodeId> Voters() const;  // both halves
  std::set<NodeId> All() const;

  // The largest value that a quorum has reached. An empty set of voters has reached nothing.
  uint64_t QuorumValue(const std::function<uint64_t(NodeId)>& value) const;

  enum class Vote : uint8_t { kPending, kWon, kLost };
  // `vote` is nothing for a voter that has not answered.
  Vote Count(const std::function<std::optional<bool>(NodeId)>& vote) const;

  // A learner votes nowhere, one to be votes in the old half only, and only a joint one has such.
  bool Sound() const;

  std::string ToString() const;  // "(1 2 3)&&(1 2) learners=(4) learners_next=(5) auto_leave"
  bool operator==(const Configuration&) const = default;
};

void AppendConfiguration(std::string& out, const Configuration& configuration);
// Consumes it from the front of `bytes`; nothing when malformed.
std::optional<Configuration> ConsumeConfiguration(std::string_view& bytes);

}  // namespace kp::raft
