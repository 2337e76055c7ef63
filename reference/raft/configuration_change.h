// Changes of membership: one step at a time, or several at once through a joint configuration
// (Raft thesis 4.1 and 4.3).
//
//   ConfigurationChange(kAddVoter, 4)    {1 2 3} -> {1 2 3 4}: one voter more, so any old and any
//                                        new majority share a member and one entry does
//   ConfigurationChange(Transition::kAuto, {{kAddVoter, 4}, {kRemove, 1}})
//                                        {1 2 3} -> {2 3 4}&&{1 2 3} -> {2 3 4}: by two entries
//
// A change is an entry of the log like any other and takes effect on each member when that member
// applies it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/raft/configuration.h"

namespace kp::raft {

enum class ChangeType : uint8_t {
  kAddVoter = 0,    // also promotes a learner
  kAddLearner = 1,  // also demotes a voter
  kRemove = 2,      // nothing when there is no such member
  kUpdate = 3,      // quorums stay; `context` says what else is new, e.g. addresses
};

struct ChangeStep {
  ChangeType type = ChangeType::kAddVoter;
  NodeId node = kNoNode;

  bool operator==(const ChangeStep&) const = default;
};

// How several steps get to the new configuration (etcd's ConfChangeTransition).
enum class Transition : uint8_t {
  kAuto = 0,      // a single step goes directly, more go through a joint configuration
  kImplicit = 1,  // always joint; the leader leaves it by itself
  kExplicit = 2,  // always joint, until ConfigurationChange::Leave() is proposed
};

struct ConfigurationChange {
  ConfigurationChange() = default;
  ConfigurationChange(ChangeType type, NodeId node, std::string bytes = {})
      : steps{{type, node}}, context(std::move(bytes)) {}
  ConfigurationChange(Transition how, std::vector<ChangeStep> changes, std::string bytes = {})
      : transition(how), steps(std::move(changes)), context(std::move(bytes)) {}
  // Drops the old half of a joint configuration.
  static ConfigurationChange Leave() { return {}; }

  Transition transition = Transition::kAuto;
  std::vector<ChangeStep> steps;  // in order; none: leave the joint configuration
  std::string context;            // the members' own bytes; Raft does not read them

  bool leaves_joint() const { return steps.empty(); }
  bool enters_joint() const { return steps.size() > 1 || (steps.size() == 1 && transition != Transition::kAuto); }
  bool operator==(const ConfigurationChange&) const = default;
};

// The configuration after `change`. kFailedPrecondition, with one of these texts, when it does not fit:
//   "raft: the joint configuration must be left first"
//   "raft: there is no joint configuration to leave"
//   "raft: the last voter cannot be removed"
Result<Configuration> Apply(const Configuration& configuration, const ConfigurationChange& change);

std::string EncodeChange(const ConfigurationChange& change);
// kInvalidArgument "raft: malformed configuration change" unless the bytes are exactly one change.
Result<ConfigurationChange> DecodeChange(std::string_view bytes);

}  // namespace kp::raft
