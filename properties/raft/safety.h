// Raft's five safety properties (Ongaro and Ousterhout 2014, figure 3), linearizable reads, and a
// schedule that tries to break them.
#pragma once

#include <array>
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
  std::vector<raft::Entry> committed_;    // as the first member to commit it saw it
  std::vector<raft::Term> committed_in_;  // the term of that member then
  std::map<uint64_t, size_t> reads_asked_;
};

// What one step of a schedule may do.
enum class Act : uint8_t {
  kDeliver,
  kSync,
  kTick,
  kPropose,
  kDrop,
  kDuplicate,
  kCrash,
  kStart,
  kRead,
  kCompact,
  kIsolate,
  kHeal,
  kCampaign,
  kChange,    // of the configuration, in all ways
  kTransfer,  // of the leadership
  kForget,    // a follower its leader
};
inline constexpr size_t kActs = 16;

struct Schedule {
  size_t members = 3;
  size_t spares = 0;  // members that nothing is configured for yet
  raft::Options options;
  uint64_t seed = 1;
  std::array<uint32_t, kActs> weights{};  // how often each Act is drawn
  uint32_t reordering = 4;                // one message in so many is taken from anywhere
  std::vector<uint32_t> choices;          // one step each
};

// Nothing when every property held after every step.
std::optional<std::string> RunSchedule(const Schedule& schedule);

// The same, then the faults end: within some election timeouts all members must have applied a new
// proposal.
std::optional<std::string> RunScheduleAndHeal(const Schedule& schedule);

// The same, but only a core heals: members that are enough for every configuration that may be in
// force. All others stay away for good. Within a bound all of the core must have applied a new proposal.
std::optional<std::string> RunScheduleAndHealACore(const Schedule& schedule);

// A schedule drawn from `seed`: size, options and `steps` choices.
Schedule DrawSchedule(uint64_t seed, size_t steps);

// The same, with everything drawn that can be set (swarm testing): one to five members and up to two
// more to come, timeouts, limits, and changes of configuration and leadership.
Schedule DrawSwarm(uint64_t seed, size_t steps);

}  // namespace kp::properties
