#include "properties/raft/known_bugs.h"
#include "properties/raft/stage.h"

namespace kp::properties {
namespace {

using raft::Message;
using raft::MessageType;
using raft::Role;
using Verdict = std::optional<std::string>;

// 1 and 2 ask 3 for its vote in the same term, and cannot hear each other. The promise to 1 leaves
// when a write is durable; then the process ends.
Verdict TermAndVoteInTwoWrites() {
  Stage stage(3, {.pre_vote = false, .check_quorum = false});
  stage.cluster.Cut(1, 2);
  for (const raft::NodeId id : {1, 2}) {
    stage.Campaign(id);
    stage.Sync(id);
  }
  stage.Deliver(Between(1, 3));
  stage.cluster.Sync(3);
  stage.Restart(3);
  stage.Settle();
  return stage.verdict();
}

// As before, but 3 tries to become leader itself between the two questions, and fails.
Verdict VoteForgottenOnSteppingDown() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(3);
  (void)stage.Propose(1, "a");  // 3 lacks it, so that nobody will vote for 3
  stage.Settle();
  stage.Restart(1);
  stage.cluster.Heal();
  stage.cluster.Cut(1, 2);
  for (const raft::NodeId id : {1, 2}) stage.Campaign(id);
  stage.Deliver(OfType(MessageType::kPreVote));
  stage.Deliver(OfType(MessageType::kPreVoteReply));
  for (const raft::NodeId id : {1, 2}) stage.Sync(id);
  stage.Deliver(Between(1, 3));
  stage.Sync(3);  // the promise to 1 is under way
  stage.Campaign(3);
  stage.Deliver(OfType(MessageType::kPreVote));
  stage.Deliver(OfType(MessageType::kPreVoteReply));
  stage.Settle();
  return stage.verdict();
}

// 1 and 2 each get two pre-votes: one makes them candidates, the other comes late.
Verdict PreVoteCountsAsVote() {
  Stage stage(3, {.check_quorum = false});
  stage.Campaign(1);
  stage.Campaign(2);
  stage.Settle();
  return stage.verdict();
}

Verdict SecondLeaderOfATerm() {
  Stage stage(3);
  stage.Elect(1);
  const raft::Term term = stage.node(1).term();
  stage.node(1).Step({.type = MessageType::kAppend, .from = 2, .to = 1, .term = term, .index = 1, .log_term = term});
  stage.Expect(stage.Leads(1), "it follows a second leader of its own term");
  return stage.verdict();
}

// A leader that starts again at once need not wait for the lease that the others still give it.
Verdict PreVoteOfTheLeaderItself() {
  Stage stage(3);
  stage.Elect(1);
  stage.Restart(1);
  stage.Elect(1);
  stage.Expect(stage.Leads(1), "the others refuse it since they believe that it leads");
  return stage.verdict();
}

// 1 has the longer log and an older term, 2 the newer term and the shorter log; 3 is gone.
Verdict PreVoteStallWithMixedTerms() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(1);
  (void)stage.Propose(1, "a");
  stage.Sync(1);
  stage.Restart(1);
  stage.cluster.messages().push_back({.type = MessageType::kVote, .from = 3, .to = 2, .term = 5});
  stage.Settle();
  stage.cluster.member(3).Crash(0);
  stage.cluster.Heal();
  stage.Pass(60);
  stage.Expect(stage.Leads(1), "two of three are up, and no leader is elected");
  return stage.verdict();
}

Verdict PreCandidateForEver() {
  Stage stage(3);
  stage.Elect(1);
  stage.cluster.Isolate(3);
  stage.Tick(3, 40);
  stage.cluster.Heal();
  stage.cluster.messages().clear();
  stage.Pass(3);
  stage.Expect(stage.node(3).role() == Role::kFollower, "it hears a leader and does not follow");
  return stage.verdict();
}

Verdict HeartbeatCancelsATransfer() {
  Stage stage(3);
  stage.Elect(1);
  (void)stage.node(1).TransferLeader(2);
  stage.Tick(1);
  stage.Deliver(OfType(MessageType::kTimeoutNow));
  stage.Deliver(Between(1, 2));  // the heartbeat
  stage.Settle();
  stage.Expect(stage.Leads(2), "a heartbeat of the old leader ended the campaign");
  return stage.verdict();
}

Verdict TransferOutlivesLeadership() {
  Stage stage(3, {.check_quorum = false});
  stage.Elect(1);
  stage.cluster.Isolate(3);
  (void)stage.node(1).TransferLeader(3);
  stage.Elect(2);
  stage.Elect(1);
  stage.Expect(stage.Leads(1), "1 is not elected again");
  stage.Expect(stage.Propose(1, "a").ok(), "proposals are refused for a transfer of an earlier term");
  return stage.verdict();
}

Verdict TransferMeetsTheLease() {
  Stage stage(3);
  stage.Elect(1);
  stage.Pass(1);
  (void)stage.node(1).TransferLeader(2);
  stage.Settle();
  stage.Expect(stage.Leads(2), "the others stand by the leader that hands over");
  return stage.verdict();
}

Verdict TransferToALearner() {
  Stage stage(3);
  stage.Elect(1);
  stage.cluster.Add({});
  (void)stage.Change(1, {raft::ChangeType::kAddLearner, 4});
  stage.Pass(3);
  stage.Expect(stage.node(1).TransferLeader(4).code() == Code::kNotFound, "a learner was accepted as the next leader");
  return stage.verdict();
}

// The first tick after a snapshot has been installed, which took longer than an election timeout.
Verdict ElectionTimerDuringRecovery() {
  Stage stage(3, {.pre_vote = false});
  stage.Elect(1);
  stage.cluster.Isolate(3);
  for (int i = 0; i < 5; ++i) {
    (void)stage.Propose(1, std::to_string(i));
    stage.Settle();
  }
  stage.cluster.member(1).Compact(0);
  stage.cluster.Heal();
  stage.StallDisk(3);
  stage.Pass(30);
  const raft::Term term = stage.node(3).term();
  stage.Sync(3);
  stage.Tick(3);
  stage.Expect(stage.node(3).term() == term, "it campaigns although it heard the leader all the time");
  return stage.verdict();
}

Verdict SimultaneousStart() {
  Stage stage(3);
  stage.Pass(200);
  stage.Expect(stage.node(1).leader() != raft::kNoNode, "20 election timeouts, and no leader");
  return stage.verdict();
}

}  // namespace

std::vector<KnownBug> ElectionBugs() {
  return {
      {"3", "writes-term-and-vote-apart", "hashicorp/raft#661", "raft-vote-in-second-write", TermAndVoteInTwoWrites},
      {"4", "forgets-its-vote-on-stepping-down", "hazelcast/hazelcast#16643, canonical/raft#196",
       "raft-step-down-forgets-vote", VoteForgottenOnSteppingDown},
      {"5", "counts-pre-votes-as-votes", "canonical/raft#196", "raft-pre-votes-count", PreVoteCountsAsVote},
      {"11", "tolerates-two-leaders-in-a-term", "eBay/NuRaft#531", "raft-tolerates-second-leader", SecondLeaderOfATerm,
       "two leaders in term"},
      {"22a", "refuses-the-leaders-own-pre-vote", "hashicorp/raft#606", "raft-refuses-leaders-pre-vote",
       PreVoteOfTheLeaderItself},
      {"22b", "stalls-with-mixed-terms", "canonical/raft#279", "raft-old-pre-vote-unanswered",
       PreVoteStallWithMixedTerms},
      {"22c", "stays-a-pre-candidate", "rabbitmq/ra#439", "raft-pre-candidate-for-ever", PreCandidateForEver},
      {"23a", "cancels-a-transfer-by-a-heartbeat", "canonical/raft#203", "raft-heartbeat-cancels-campaign",
       HeartbeatCancelsATransfer},
      {"23b", "keeps-the-transfer-flag", "hashicorp/raft#696", "raft-transfer-outlives-leadership",
       TransferOutlivesLeadership},
      {"23c", "elects-the-old-leader-again", "hashicorp/raft#487", "raft-transfer-not-forced", TransferMeetsTheLease},
      {"23d", "transfers-to-a-non-voter", "databendlabs/openraft#1805", "raft-transfer-to-learner", TransferToALearner},
      {"26", "campaigns-right-after-recovery", "redpanda-data/redpanda#30817, redpanda-data/redpanda#31547",
       "raft-installing-follower-times-out", ElectionTimerDuringRecovery},
      {"27", "fails-to-elect-after-a-simultaneous-start", "etcd-io/raft#48", "raft-fixed-timeout", SimultaneousStart},
  };
}

}  // namespace kp::properties
