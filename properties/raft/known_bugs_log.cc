#include "properties/raft/known_bugs.h"
#include "properties/raft/scenarios.h"
#include "properties/raft/stage.h"

namespace kp::properties {
namespace {

using raft::Entry;
using raft::EntryType;
using raft::MakeBuffer;
using raft::Message;
using raft::MessageType;
using Verdict = std::optional<std::string>;

// A heartbeat is answered on a path of its own, beside the loop that knows the current term.
Verdict HeartbeatBesideTheLoop() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(1);
  stage.Elect(2);
  (void)stage.Propose(2, "new");
  stage.Settle();
  stage.cluster.Heal();
  stage.Read(1);  // it does not know yet that 2 leads, and must find out
  stage.Settle();
  return stage.verdict();
}

// On becoming a candidate a member rolls back what it does not know to be committed.
Verdict RollbackOfAnAcknowledgedTail() {
  Stage stage(3, {.pre_vote = false, .check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(3);
  stage.CommitInSecret(1, "a");
  stage.cluster.member(1).Crash(0);
  stage.cluster.Heal();
  stage.Elect(2);
  stage.Expect(stage.cluster.Applied(3) == "a", "an acknowledged entry is gone");
  return stage.verdict();
}

// Member 1 has an entry that its new leader 2 is about to overwrite.
void LeaveAStaleEntryOnOne(Stage& stage) {
  stage.Elect(1);
  stage.cluster.Isolate(1);
  (void)stage.Propose(1, "stale");
  stage.Settle();
  stage.Elect(2);
  stage.cluster.Heal();
}

Verdict HeartbeatCommitsWhatItDidNotCheck() {
  Stage stage(3, {.check_quorum = false});
  LeaveAStaleEntryOnOne(stage);
  stage.Tick(2);
  stage.Deliver(OfType(MessageType::kHeartbeat));
  stage.Settle();
  return stage.verdict();
}

Verdict EmptyAppendCommitsWhatItDidNotCheck() {
  Stage stage(3, {.check_quorum = false});
  LeaveAStaleEntryOnOne(stage);
  const raft::Term term = stage.node(2).term();
  stage.cluster.messages().push_back(
      {.type = MessageType::kAppend, .from = 2, .to = 1, .term = term, .index = 1, .log_term = 1, .commit = 2});
  stage.Settle();
  return stage.verdict();
}

// An append is taken where an entry with the number of the one before it exists, whatever its term.
Verdict ConflictIsNotNoticed() {
  Stage stage(3, {.check_quorum = false});
  LeaveAStaleEntryOnOne(stage);
  stage.cluster.Isolate(1);
  stage.Elect(3);  // its log has an entry of 2 where 1 has the stale one, and one of its own after it
  stage.cluster.Heal();
  stage.Tick(3);
  stage.Settle();
  return stage.verdict();
}

Verdict VoteForAStaleLog() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(3);
  (void)stage.Propose(1, "a");
  stage.Settle();
  stage.cluster.member(1).Crash(0);
  stage.cluster.Heal();
  stage.Elect(3);
  return stage.verdict();
}

// Entry 1 is written, overwritten in term 2 and written again in term 3, all in flight: the end of
// the first write says nothing about the third, though number and term of the entry are the same.
Verdict AcknowledgementOfAnOverwrittenWrite() {
  Stage stage(3, {.check_quorum = false});
  const auto append = [&](raft::Term term, raft::Term entry_term, raft::NodeId from) {
    Message message{.type = MessageType::kAppend, .from = from, .to = 1, .term = term};
    message.entries = {{entry_term, 1, EntryType::kNormal, MakeBuffer("of term " + std::to_string(entry_term))}};
    stage.cluster.messages().push_back(std::move(message));
    stage.Deliver(Between(from, 1));
  };
  append(1, 1, 2);
  append(2, 2, 3);
  append(3, 1, 2);
  for (int writes = 1; writes <= 2; ++writes) {
    stage.cluster.Sync(1);
    for (const Message& message : stage.cluster.messages()) {
      stage.Expect(message.term < 3, "acknowledged before it was durable: " + message.ToString());
    }
  }
  return stage.verdict();
}

Verdict RemovedLeaderCountsItself() {
  Stage stage(4, {.check_quorum = false});
  stage.Elect(1);
  (void)stage.Change(1, {raft::ChangeType::kRemove, 1});
  stage.Settle();
  // Of the voters 2, 3 and 4 only 2 hears of this.
  stage.cluster.Cut(1, 3);
  stage.cluster.Cut(1, 4);
  (void)stage.Propose(1, "a");
  stage.Settle();
  stage.cluster.member(1).Crash(0);
  stage.cluster.Isolate(2);
  stage.Elect(3);
  return stage.verdict();
}

Verdict ReadBeforeTheFirstCommit() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.CommitInSecret(1, "a");
  stage.cluster.Isolate(1);
  stage.Hold(OfType(MessageType::kAppend));
  stage.Elect(2);  // has the entry, but not the knowledge that it is committed
  stage.Read(2);
  stage.Settle();
  stage.Release();
  stage.Settle();
  return stage.verdict();
}

Verdict NoEntryAtTheStartOfATerm() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.CommitInSecret(1, "a");
  stage.cluster.member(1).Crash(0);
  stage.Elect(2);
  stage.Pass(5);
  stage.Expect(stage.cluster.Applied(2) == "a", "what is committed stays unknown until somebody writes");
  return stage.verdict();
}

// The answer to a read of an earlier life of the process is taken for the answer to a new one.
Verdict AnswerToAnEarlierRead() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.Hold(OfType(MessageType::kReadIndexReply));
  stage.Read(3);
  stage.Settle();
  stage.Restart(3);
  stage.Pass(2);
  (void)stage.Propose(1, "new");
  stage.Settle();
  stage.Read(3);
  stage.Settle();
  stage.Release();
  stage.Settle();
  return stage.verdict();
}

// All who have both the entry and the vote are down, one that lost its disk is not.
Verdict MemberWithoutItsDiskVotes() {
  Stage stage(3, {.pre_vote = false, .check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(2);
  (void)stage.Propose(1, "a");
  stage.Settle();
  stage.cluster.member(3).LoseDisk();
  stage.Tick(1);
  stage.Settle();  // a heartbeat tells it what it acknowledged
  stage.cluster.member(1).Crash(0);
  stage.cluster.Heal();
  stage.Elect(2);
  return stage.verdict();
}

Verdict StalledDiskOfTheLeader() {
  Stage stage(3);
  stage.Elect(1);
  stage.StallDisk(1);
  (void)stage.Propose(1, "a");
  stage.Pass(5);
  stage.Expect(stage.cluster.Applied(2) == "a", "it leads, and commits nothing");
  return stage.verdict();
}

}  // namespace

std::vector<KnownBug> LogBugs() {
  return {
      {"1", "commits-an-older-term-by-counting", "logcabin/logcabin#44; Ongaro and Ousterhout 2014, figure 8",
       "raft-commit-old-term", FigureEight},
      {"6", "answers-heartbeats-beside-the-loop", "hashicorp/raft#695", "raft-heartbeat-bypasses-term",
       HeartbeatBesideTheLoop},
      {"8", "rolls-back-an-acknowledged-tail", "microsoft/CCF#5674", "raft-candidate-drops-tail",
       RollbackOfAnAcknowledgedTail},
      {"9a", "commits-unverified-by-heartbeat", "etcd-io/raft#139", "raft-heartbeat-commits-unverified",
       HeartbeatCommitsWhatItDidNotCheck},
      {"9b", "commits-unverified-by-empty-append", "eBay/NuRaft#57", "raft-append-commits-unverified",
       EmptyAppendCommitsWhatItDidNotCheck},
      {"10a", "misses-a-conflict", "eBay/NuRaft#293, eBay/NuRaft#54", "raft-matches-index-only", ConflictIsNotNoticed},
      {"10b", "votes-for-a-stale-log", "eBay/NuRaft#185", "raft-vote-for-stale-log", VoteForAStaleLog},
      {"10c", "cuts-the-log-at-a-delayed-append", "eBay/NuRaft#54", "raft-truncate-on-every-append",
       DelayedShorterAppend},
      {"12", "acknowledges-an-overwritten-write", "etcd-io/raft, testdata/async_storage_writes_append_aba_race.txt",
       "raft-ack-earlier-write", AcknowledgementOfAnOverwrittenWrite},
      {"13a", "counts-its-own-undurable-log", "etcd-io/etcd#14370", "raft-leader-counts-undurable", UndurableLeader},
      {"13b", "counts-itself-after-removal", "Ongaro's thesis, 4.2.2", "raft-removed-leader-counts-itself",
       RemovedLeaderCountsItself},
      {"14a", "reads-before-the-first-commit", "RedisLabs/redisraft#22", "raft-read-before-term-commit",
       ReadBeforeTheFirstCommit},
      {"14b", "begins-a-term-without-an-entry", "RedisLabs/redisraft#22", "raft-no-no-op", NoEntryAtTheStartOfATerm},
      {"15", "takes-an-old-read-answer-for-a-new-one", "etcd-io/etcd#20418", "raft-read-numbers-repeat",
       AnswerToAnEarlierRead},
      {"29", "votes-after-losing-its-disk", "etcd-io/raft#197, etcd-io/etcd#21178", "raft-lost-log-goes-on",
       MemberWithoutItsDiskVotes},
      {"30", "leads-with-a-stalled-disk-and-commits-nothing", "etcd-io/etcd#7617, etcd-io/etcd#15247",
       "raft-leader-waits-for-its-disk", StalledDiskOfTheLeader},
  };
}

}  // namespace kp::properties
