// Raft's five safety properties (Ongaro and Ousterhout 2014, figure 3), linearizable reads, and a
// schedule that tries to break them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reference/raft/test_cluster.h"

namespace kp::properties {

// Looks at all members after every step. It remembers what was ever true, so that a crash cannot
// hide a broken promise.
class SafetyChecker {
 public:
  explicit SafetyChecker(raft::TestCluster& cluster) : cluster_(cluster) {}

  // The first violation, in words.
  std::optional<std::string> Check();

  // A read must see every entry that was committed when it was asked for.
  void OnReadAsked(uint64_t context) { reads_asked_[context] = committed_.size(); }

 private:
  struct EntryFact {
    raft::Term previous_term;
    std::string data;
  };
  struct LeaderFact {
    raft::NodeId id;
    raft::Index last;
  };

  void CheckElection(raft::TestMember& member);
  void CheckLogMatching(raft::TestMember& member);
  void CheckCommitted(raft::TestMember& member);
  void CheckApplied(raft::TestMember& member);
  void CheckReads(raft::TestMember& member);
  void Violated(const std::string& property, const raft::TestMember& member, const std::string& detail);

  raft::TestCluster& cluster_;
  std::optional<std::string> violation_;
  std::map<raft::Term, LeaderFact> leaders_;
  std::map<std::pair<raft::Index, raft::Term>, EntryFact> entries_;
  std::vector<raft::Entry> committed_;  // as the first member to commit it saw it
  std::map<uint64_t, size_t> reads_asked_;
};

struct Schedule {
  size_t members = 3;
  raft::Options options;
  uint64_t seed = 1;
  std::vector<uint32_t> choices;  // one step each
};

// Nothing when every property held after every step.
std::optional<std::string> RunSchedule(const Schedule& schedule);

// A schedule drawn from `seed`: size, options and `steps` choices.
Schedule DrawSchedule(uint64_t seed, size_t steps);

}  // namespace kp::properties
