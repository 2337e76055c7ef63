#include "properties/raft/known_bugs.h"
#include "properties/raft/stage.h"

namespace kp::properties {
namespace {

using raft::ChangeType;
using raft::Message;
using raft::MessageType;
using raft::Transition;
using Verdict = std::optional<std::string>;

constexpr raft::Options kPlain{.pre_vote = false, .check_quorum = false};

// One change is in the log of all and not known to be committed. The next leader starts another at
// once, and both are committed by one majority of the old configuration; then a majority of the
// newest and one of the oldest have no member in common.
Verdict ChangeAcrossTerms() {
  Stage stage(3, kPlain);
  for (int i = 0; i < 2; ++i) stage.cluster.Add(kPlain);
  stage.Elect(1);
  (void)stage.Change(1, {ChangeType::kAddVoter, 4});
  stage.Deliver(OfType(MessageType::kAppend));
  for (raft::NodeId id = 1; id <= 3; ++id) stage.Sync(id);
  stage.cluster.messages().clear();

  stage.cluster.Isolate(1);
  stage.Hold(OfType(MessageType::kAppend));
  stage.Elect(3);
  stage.Lose(OfType(MessageType::kAppend));
  stage.Release();
  if (!stage.Change(3, {ChangeType::kAddVoter, 5}).ok()) return stage.verdict();
  stage.Tick(3);
  for (int step = 0; step < 100 && stage.node(3).configuration().voters.size() < 5; ++step) {
    if (!stage.cluster.messages().empty()) stage.cluster.Deliver(0);
    for (const raft::NodeId id : {2, 3}) stage.Sync(id);
  }
  stage.cluster.messages().clear();
  stage.cluster.Cut(2, 3);
  for (int i = 0; i < 5; ++i) {
    stage.Tick(3);
    stage.Settle();
  }
  (void)stage.Propose(3, "by 3, 4 and 5");
  stage.Settle();
  stage.cluster.Heal();
  for (const raft::NodeId id : {3, 4, 5}) stage.cluster.Isolate(id);
  stage.Elect(2);
  return stage.verdict();
}

Verdict SnapshotWithoutItsConfiguration() {
  Stage stage(3, kPlain);
  for (int i = 0; i < 2; ++i) stage.cluster.Add(kPlain);
  stage.Elect(1);
  stage.cluster.Isolate(3);
  for (const raft::NodeId id : {4, 5}) {
    (void)stage.Change(1, {ChangeType::kAddVoter, id});
    for (int i = 0; i < 3; ++i) {
      stage.Tick(1);
      stage.Settle();
    }
  }
  stage.cluster.member(1).Compact(0);
  stage.cluster.Heal();
  for (int i = 0; i < 3; ++i) {
    stage.Tick(1);
    stage.Settle();
  }
  for (const raft::NodeId id : {1, 4, 5}) {
    stage.cluster.Cut(id, 2);
    stage.cluster.Cut(id, 3);
  }
  (void)stage.Propose(1, "by 1, 4 and 5");
  stage.Settle();
  stage.Elect(3);  // 2 votes for it, which are two of three, but not of five
  return stage.verdict();
}

// 1, 2 and 3 vote, 4 learns; 3 and 4 are to change places. 3 alone learns that this is committed; 4
// does not, so it does not campaign, but has more, so it does not vote for 3. 1 is gone, 2 was.
Verdict ElectableMemberDoesNotKnow() {
  Stage stage(3, {.check_quorum = false, .max_message_bytes = 1});
  stage.cluster.Add({.check_quorum = false, .max_message_bytes = 1});
  stage.Elect(1);
  (void)stage.Change(1, {ChangeType::kAddLearner, 4});
  stage.Pass(3);
  stage.cluster.member(2).Crash(0);
  (void)stage.Change(1, {Transition::kAuto, {{ChangeType::kAddVoter, 4}, {ChangeType::kAddLearner, 3}}});
  const raft::Index change = stage.node(1).log().last();
  (void)stage.Propose(1, "more");
  stage.Deliver(Between(1, 4));
  stage.Sync(4);
  stage.cluster.Isolate(4);
  stage.Lose([change](const Message& message) { return message.to != 3 || message.index >= change; });
  stage.Deliver(Between(1, 3));
  stage.Sync(3);
  stage.Sync(1);
  stage.Deliver(Between(3, 1));
  stage.cluster.messages().clear();
  stage.Tick(1);
  stage.Deliver(OfType(MessageType::kHeartbeat));
  stage.Expect(stage.node(3).configuration().joint(), "3 was to learn of the change");
  stage.cluster.member(1).Crash(0);
  stage.cluster.messages().clear();
  stage.cluster.Heal();
  stage.cluster.member(2).Start();
  stage.Pass(200);
  stage.Expect(stage.node(2).leader() != raft::kNoNode, "majorities of both halves are up, and no leader is elected");
  return stage.verdict();
}

// The joint configuration is applied everywhere when its proposer loses its leadership.
Verdict JointStateIsNeverLeft() {
  Stage stage(4, kPlain);
  stage.Elect(1);
  (void)stage.Change(1, {Transition::kImplicit, {{ChangeType::kRemove, 4}}});
  const raft::Index joint = stage.node(1).log().last();
  stage.Hold([joint](const Message& message) { return !message.entries.empty() && message.index >= joint; });
  stage.Settle();
  stage.Expect(stage.node(2).configuration().joint() && stage.node(3).configuration().joint(), "2 and 3 did not apply");
  stage.cluster.messages().clear();
  stage.Release();
  stage.cluster.Isolate(1);
  stage.Elect(2);
  stage.Pass(5);
  stage.Expect(!stage.node(2).configuration().joint(), "the joint configuration stays");
  return stage.verdict();
}

// 3 has been made a voter and does not know it; without its vote there is no majority.
Verdict PromotedLearnerRefusesToVote() {
  Stage stage(2, kPlain);
  stage.cluster.Add(kPlain);
  stage.Elect(1);
  (void)stage.Change(1, {ChangeType::kAddLearner, 3});
  for (int i = 0; i < 3; ++i) {
    stage.Tick(1);
    stage.Settle();
  }
  (void)stage.Change(1, {ChangeType::kAddVoter, 3});
  stage.Deliver(Between(1, 3));
  stage.Sync(3);
  stage.cluster.Isolate(3);
  stage.Settle();
  stage.cluster.member(1).Crash(0);
  stage.cluster.Heal();
  stage.Elect(2);
  stage.Expect(stage.Leads(2), "a voter that takes itself for a learner does not vote");
  return stage.verdict();
}

Verdict LearnerCampaigns() {
  Stage stage(1);
  stage.cluster.Add({});
  stage.Elect(1);
  (void)stage.Change(1, {ChangeType::kAddLearner, 2});
  stage.Pass(3);
  stage.cluster.Isolate(2);
  stage.Tick(2, 50);
  stage.Expect(stage.node(2).role() == raft::Role::kFollower, "a learner asks for votes");
  return stage.verdict();
}

// Of the joint configuration (2)&&(1 2), only 1 has all entries.
Verdict LeavingCandidateDoesNotVoteForItself() {
  Stage stage(2, kPlain);
  stage.Elect(1);
  (void)stage.Change(1, {Transition::kExplicit, {{ChangeType::kRemove, 1}}});
  stage.Settle();
  stage.cluster.Cut(1, 2);
  (void)stage.Propose(1, "a");
  stage.Sync(1);
  stage.Restart(1);
  stage.Settle();
  stage.cluster.Heal();
  stage.Expect(stage.node(1).configuration().joint(), "1 was to be in the joint configuration");
  stage.Pass(60);
  stage.Expect(stage.Leads(1), "all are up, and no leader is elected");
  return stage.verdict();
}

}  // namespace

std::vector<KnownBug> MembershipBugs() {
  return {
      {"2", "changes-membership-across-terms", "Ongaro, raft-dev 2015-07-10; hydro-project/hydro#3192",
       "raft-change-before-term-commit", ChangeAcrossTerms},
      {"7", "keeps-its-configuration-over-a-snapshot", "databendlabs/openraft#1808",
       "raft-snapshot-keeps-configuration", SnapshotWithoutItsConfiguration},
      {"18", "fails-to-elect-while-a-change-is-applied", "etcd-io/etcd#12359", "raft-votes-tell-no-commit",
       ElectableMemberDoesNotKnow},
      {"19", "stays-in-a-joint-configuration", "etcd-io/etcd#12136", "raft-joint-left-by-its-proposer",
       JointStateIsNeverLeft},
      {"20a", "refuses-votes-after-promotion", "etcd-io/etcd#10998, tikv/raft-rs#57", "raft-learner-refuses-vote",
       PromotedLearnerRefusesToVote},
      {"20b", "campaigns-as-a-learner", "redpanda-data/redpanda#8495", "raft-learner-campaigns", LearnerCampaigns},
      {"21", "forgets-the-vote-of-a-leaving-candidate", "scylladb/scylladb#10618", "raft-leaver-votes-not",
       LeavingCandidateDoesNotVoteForItself},
  };
}

}  // namespace kp::properties
