#include "properties/raft/scenarios.h"

#include <algorithm>

#include "properties/raft/safety.h"

namespace kp::properties {

using raft::Message;
using raft::MessageType;
using raft::NodeId;
using raft::Role;
using raft::Term;
using raft::TestCluster;

namespace {

// Settles step by step, so that the checker sees all that ever holds. Entries of terms beyond
// `newest` are taken out of appends on the way: they are lost.
void Play(TestCluster& cluster, SafetyChecker& checker, std::optional<std::string>& violation, Term newest) {
  for (int step = 0; step < 400 && !violation; ++step) {
    cluster.TurnAll();
    if (!cluster.messages().empty()) {
      std::erase_if(cluster.messages()[0].entries, [newest](const raft::Entry& entry) { return entry.term > newest; });
      cluster.Deliver(0);
    } else {
      for (NodeId id = 1; id <= cluster.size(); ++id) cluster.Sync(id);
    }
    violation = checker.Check();
  }
}

}  // namespace

std::optional<std::string> FigureEight() {
  constexpr Term kAny = UINT64_MAX;
  // One entry per message, so that an old one can arrive without the new.
  raft::Options options{.pre_vote = false, .check_quorum = false, .max_message_bytes = 1};
  TestCluster cluster(5, options);
  SafetyChecker checker(cluster);
  std::optional<std::string> violation;
  cluster.Elect(1);
  const Term old_term = cluster.node(1).term();
  for (const NodeId id : {3, 4, 5}) cluster.Cut(1, id);
  (void)cluster.Propose(1, "old");  // on 1 and 2
  Play(cluster, checker, violation, kAny);

  cluster.Isolate(1);
  cluster.Isolate(2);
  cluster.node(5).Campaign();  // elected by 3 and 4; its own entry reaches nobody
  Play(cluster, checker, violation, old_term);
  cluster.member(5).Crash(0);

  cluster.Heal();
  cluster.Isolate(4);
  cluster.Tick(1);  // hears of the newer term and steps down
  Play(cluster, checker, violation, old_term);
  for (int attempt = 0; attempt < 3 && cluster.node(1).role() != Role::kLeader; ++attempt) {
    cluster.node(1).Campaign();
    Play(cluster, checker, violation, old_term);
  }
  for (int tick = 0; tick < 3; ++tick) cluster.Tick(1);
  Play(cluster, checker, violation, old_term);  // the old entry is on 1, 2 and 3 now

  cluster.member(1).Crash(0);
  cluster.Heal();
  cluster.member(5).Start();
  for (int attempt = 0; attempt < 4 && cluster.node(5).role() != Role::kLeader && !violation; ++attempt) {
    cluster.node(5).Campaign();
    Play(cluster, checker, violation, kAny);
  }
  return violation;
}

std::optional<std::string> UndurableLeader() {
  constexpr Term kAny = UINT64_MAX;
  TestCluster cluster(3, {.check_quorum = false});
  SafetyChecker checker(cluster);
  std::optional<std::string> violation;
  cluster.Elect(1);
  cluster.Isolate(3);
  (void)cluster.Propose(1, "a");
  for (int step = 0; step < 20 && !violation; ++step) {
    if (!cluster.messages().empty()) cluster.Deliver(0);
    cluster.Sync(2);  // the disk of 1 completes nothing
    violation = checker.Check();
  }
  cluster.member(1).Crash(0);
  cluster.member(1).Start();
  cluster.Heal();
  cluster.Isolate(2);
  cluster.node(1).Campaign();
  Play(cluster, checker, violation, kAny);
  return violation;
}

std::optional<std::string> DelayedShorterAppend() {
  constexpr Term kAny = UINT64_MAX;
  TestCluster cluster(3, {.check_quorum = false});
  SafetyChecker checker(cluster);
  std::optional<std::string> violation;
  cluster.Elect(1);
  cluster.Isolate(3);
  (void)cluster.Propose(1, "a");
  std::optional<Message> delayed;
  for (const Message& message : cluster.messages()) {
    if (message.to == 2) delayed = message;
  }
  (void)cluster.Propose(1, "b");
  // 2 acknowledges both, and hears nothing after that, so it does not learn that they are committed.
  for (int step = 0; step < 50 && cluster.node(1).log().commit() < 3; ++step) {
    if (!cluster.messages().empty()) cluster.Deliver(0);
    for (const NodeId id : {1, 2}) cluster.Sync(id);
    violation = checker.Check();
  }
  cluster.messages().clear();
  cluster.node(2).Step(*delayed);
  Play(cluster, checker, violation, kAny);
  cluster.member(1).Crash(0);
  cluster.Heal();
  cluster.node(2).Campaign();
  Play(cluster, checker, violation, kAny);
  return violation;
}

std::optional<std::string> PreVoteUnseatsNobody() {
  constexpr Term kAny = UINT64_MAX;
  TestCluster cluster(3, {.pre_vote = true, .check_quorum = false});
  SafetyChecker checker(cluster);
  std::optional<std::string> violation;
  cluster.Elect(1);
  cluster.Isolate(3);
  (void)cluster.Propose(1, "a");
  Play(cluster, checker, violation, kAny);
  cluster.Heal();
  cluster.node(3).Campaign();
  Play(cluster, checker, violation, kAny);
  if (!violation && cluster.node(1).role() != Role::kLeader) violation = "a question unseated the leader";
  return violation;
}

}  // namespace kp::properties
