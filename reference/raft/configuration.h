// Who votes. A quorum of one set of voters, or, while `outgoing` is not empty (joint consensus,
// Raft thesis 4.3), of both sets.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace kp::raft {

using NodeId = uint64_t;
inline constexpr NodeId kNoNode = 0;

enum class ChangeType : uint8_t {
  kAddVoter = 0,  // also promotes a learner
  kAddLearner = 1,
  kRemove = 2,
};

// One step of membership: at most one voter more or less, so that old and new quorums overlap.
struct ConfigurationChange {
  ChangeType type = ChangeType::kAddVoter;
  NodeId node = kNoNode;
  std::string context;  // the member's own bytes, e.g. addresses

  bool operator==(const ConfigurationChange&) const = default;
};

std::string EncodeChange(const ConfigurationChange& change);
Result<ConfigurationChange> DecodeChange(std::string_view bytes);

struct Configuration {
  std::set<NodeId> voters;
  std::set<NodeId> outgoing;  // voters of the old half of a joint configuration
  std::set<NodeId> learners;  // receive the log, do not count

  bool IsVoter(NodeId id) const { return voters.contains(id) || outgoing.contains(id); }
  bool Contains(NodeId id) const { return IsVoter(id) || learners.contains(id); }
  std::set<NodeId> Voters() const;  // both halves
  std::set<NodeId> All() const;

  // The largest value that a quorum has reached. An empty set of voters has reached nothing.
  uint64_t QuorumValue(const std::function<uint64_t(NodeId)>& value) const;

  enum class Vote : uint8_t { kPending, kWon, kLost };
  // `vote` is nothing for a voter that has not answered.
  Vote Count(const std::function<std::optional<bool>(NodeId)>& vote) const;

  Configuration With(const ConfigurationChange& change) const;

  std::string ToString() const;  // "(1 2 3)&&(1 2) learners=(4)"
  bool operator==(const Configuration&) const = default;
};

void AppendConfiguration(std::string& out, const Configuration& configuration);
// Consumes it from the front of `bytes`; nothing when malformed.
std::optional<Configuration> ConsumeConfiguration(std::string_view& bytes);

}  // namespace kp::raft
