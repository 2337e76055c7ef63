#include <utility>

#include "properties/raft/known_bugs.h"
#include "properties/raft/stage.h"

namespace kp::properties {
namespace {

using raft::MessageType;
using raft::Progress;
using Verdict = std::optional<std::string>;

void ProposeMany(Stage& stage, raft::NodeId leader, int count) {
  for (int i = 0; i < count; ++i) {
    (void)stage.Propose(leader, std::to_string(i));
    stage.Settle();
  }
}

bool CaughtUp(Stage& stage, raft::NodeId id) { return stage.cluster.Applied(id) == stage.cluster.Applied(1); }

// 3 has an entry of its own, never committed, where the snapshot ends.
Verdict ConflictWhereTheSnapshotEnds() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(3);
  stage.cluster.Isolate(3);
  for (int i = 0; i < 5; ++i) (void)stage.Propose(3, "stale");
  stage.Settle();
  stage.Elect(1);
  ProposeMany(stage, 1, 4);
  stage.cluster.member(1).Compact(0);
  stage.cluster.Heal();
  stage.Pass(30);
  stage.Expect(CaughtUp(stage, 3), "the snapshot is never installed");
  return stage.verdict();
}

// The connection breaks, and there is nothing new to tell.
Verdict ProbeAtTheLastIndex() {
  Stage stage(3);
  stage.Elect(1);
  stage.cluster.Isolate(3);
  ProposeMany(stage, 1, 5);
  stage.cluster.member(1).Compact(0);
  stage.cluster.Heal();
  stage.Pass(3);
  stage.node(1).ReportUnreachable(3);
  stage.Pass(3);
  stage.Expect(stage.node(1).progress().at(3).state == Progress::State::kReplicate, "it stays in probe");
  return stage.verdict();
}

// The snapshot gets lost, but appends that were delayed bring the follower to where the log begins.
Verdict CaughtUpWithoutTheSnapshot() {
  Stage stage(3, {.check_quorum = false, .max_message_bytes = 1});
  stage.Elect(1);
  stage.Hold(Between(1, 3));
  ProposeMany(stage, 1, 4);
  stage.node(1).ReportUnreachable(3);
  const auto delayed = std::exchange(stage.cluster.messages(), {});
  ProposeMany(stage, 1, 4);
  stage.cluster.member(1).Compact(4);
  stage.cluster.messages().clear();
  stage.Hold(OfType(MessageType::kSnapshot));
  stage.Tick(1);
  stage.Settle();
  stage.Expect(stage.node(1).progress().at(3).state == Progress::State::kSnapshot, "a snapshot was to be sent");
  stage.cluster.messages() = delayed;
  stage.Release();
  stage.Pass(5);
  stage.Expect(CaughtUp(stage, 3), "the leader waits for a snapshot that nobody needs");
  return stage.verdict();
}

Verdict FullWindow() {
  Stage stage(3, {.max_inflight_messages = 4});
  stage.Elect(1);
  for (int i = 0; i < 20; ++i) (void)stage.Propose(1, std::to_string(i));
  stage.cluster.messages().clear();
  stage.Pass(5);
  stage.Expect(stage.node(2).log().last() == stage.node(1).log().last(), "the lost messages are never sent again");
  return stage.verdict();
}

Verdict SnapshotOfAnEarlierTerm() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(3);
  ProposeMany(stage, 1, 5);
  stage.cluster.member(1).Compact(0);
  stage.cluster.Heal();
  stage.Hold(OfType(MessageType::kSnapshot));
  stage.Pass(3);
  stage.Elect(2);
  stage.Pass(2);
  stage.Expect(stage.node(3).leader() == 2, "2 was to lead");
  stage.Deliver(OfType(MessageType::kSnapshot));
  stage.Expect(stage.node(3).leader() == 2, "it follows the leader of an earlier term again");
  return stage.verdict();
}

}  // namespace

std::vector<KnownBug> ProgressBugs() {
  return {
      {"24", "loops-over-a-snapshot-that-meets-a-conflict", "hashicorp/raft#697", "raft-snapshot-loses-to-conflict",
       ConflictWhereTheSnapshotEnds},
      {"25a", "stays-in-probe-at-the-last-index", "etcd-io/etcd#10308", "raft-probe-needs-news", ProbeAtTheLastIndex},
      {"25b", "waits-for-a-needless-snapshot", "etcd-io/raft#31", "raft-snapshot-state-needs-its-index",
       CaughtUpWithoutTheSnapshot},
      {"25c", "keeps-silent-with-a-full-window", "etcd-io/etcd#14633", "raft-full-window-silent", FullWindow},
      {"28", "takes-a-snapshot-of-an-earlier-term", "scylladb/scylladb#29092", "raft-snapshot-of-old-term",
       SnapshotOfAnEarlierTerm},
  };
}

std::vector<KnownBug> KnownBugs() {
  std::vector<KnownBug> all;
  for (const auto& bugs : {LogBugs(), ElectionBugs(), MembershipBugs(), ProgressBugs()}) {
    all.insert(all.end(), bugs.begin(), bugs.end());
  }
  return all;
}

}  // namespace kp::properties
