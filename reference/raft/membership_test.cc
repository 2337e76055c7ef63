#include <gtest/gtest.h>

#include "reference/raft/test_cluster.h"

namespace kp::raft {
namespace {

using enum ChangeType;

void ProposeMany(TestCluster& cluster, NodeId leader, int count) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(cluster.Propose(leader, std::to_string(i)).ok());
    cluster.Settle();
  }
}

Status ChangeBy(TestCluster& cluster, NodeId leader, const ConfigurationChange& change) {
  Status status = cluster.node(leader).ProposeChange(change);
  cluster.Turn(leader);
  return status;
}

TEST(RaftMembership, ALearnerCatchesUpAndIsPromoted) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ProposeMany(cluster, 1, 10);
  cluster.member(1).Compact(0);
  cluster.Add({});
  ASSERT_TRUE(cluster.node(1).ProposeChange({kAddLearner, 4, "url"}).ok());
  cluster.Pass(3);
  EXPECT_EQ(cluster.Applied(4), cluster.Applied(1));
  EXPECT_EQ(cluster.node(4).configuration().ToString(), "(1 2 3) learners=(4)");
  EXPECT_EQ(cluster.node(1).progress().at(4).match, cluster.node(1).log().last());
  ASSERT_TRUE(cluster.node(1).ProposeChange({kAddVoter, 4, "url"}).ok());
  cluster.Pass(3);
  for (NodeId id = 1; id <= 4; ++id) EXPECT_EQ(cluster.node(id).configuration().ToString(), "(1 2 3 4)");
}

// It knows nobody, so the entries that changed the first configuration would not tell it the last one.
TEST(RaftMembership, AJoiningMemberGetsASnapshotAlsoWhenTheLogIsComplete) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ProposeMany(cluster, 1, 3);
  cluster.Add({});
  ASSERT_TRUE(ChangeBy(cluster, 1, {kAddVoter, 4}).ok());
  cluster.Pass(3);
  EXPECT_EQ(cluster.node(4).configuration().ToString(), "(1 2 3 4)");
  EXPECT_EQ(cluster.Applied(4), "0,1,2");
  EXPECT_GT(cluster.node(4).log().offset(), 0u);
}

// Its disk was replaced, or a backup of it was put back (etcd-io/raft#197).
TEST(RaftMembership, AMemberThatLostWhatItAcknowledgedTakesNoPartAnyMore) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ProposeMany(cluster, 1, 3);
  cluster.member(3).LoseDisk();
  cluster.Pass(1);
  EXPECT_TRUE(cluster.node(3).lost_log());
  cluster.member(1).Crash(0);
  cluster.Pass(100);
  EXPECT_EQ(cluster.node(2).role() == Role::kLeader, false) << "elected by a member that has nothing";
}

TEST(RaftMembership, ASecondChangeWaitsForTheFirst) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(ChangeBy(cluster, 1, {kAddLearner, 4}).ok());
  EXPECT_TRUE(cluster.node(1).change_pending());
  EXPECT_EQ(ChangeBy(cluster, 1, {kAddLearner, 5}).message(),
            "raft: an earlier configuration change is not applied yet");
  cluster.Settle();
  EXPECT_FALSE(cluster.node(1).change_pending());
  EXPECT_TRUE(ChangeBy(cluster, 1, {kAddLearner, 5}).ok());
}

TEST(RaftMembership, ALearnerDoesNotCampaign) {
  TestCluster cluster(1);
  cluster.Elect(1);
  cluster.Add({});
  ASSERT_TRUE(ChangeBy(cluster, 1, {kAddLearner, 2}).ok());
  cluster.Pass(2);
  cluster.Isolate(2);
  cluster.Tick(2, 50);
  EXPECT_EQ(cluster.node(2).role(), Role::kFollower);
}

TEST(RaftMembership, ARemovedLeaderStepsDownAndTheRestGoesOn) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(ChangeBy(cluster, 1, {kRemove, 1}).ok());
  cluster.Settle();
  EXPECT_EQ(cluster.node(1).role(), Role::kFollower);
  cluster.Pass(60);
  const NodeId leader = cluster.node(2).leader();
  EXPECT_TRUE(leader == 2 || leader == 3);
}

TEST(RaftMembership, ADemotedLeaderStepsDown) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(ChangeBy(cluster, 1, {kAddLearner, 1}).ok());
  cluster.Settle();
  EXPECT_EQ(cluster.node(1).role(), Role::kFollower);
  EXPECT_EQ(cluster.node(2).configuration().ToString(), "(2 3) learners=(1)");
}

// The change must wait until the leader has committed in its own term (raft-dev, 2015-07-10).
TEST(RaftMembership, ANewLeaderChangesNothingBeforeItsFirstCommit) {
  TestCluster cluster(3);
  cluster.node(1).Campaign();
  for (int step = 0; step < 100 && cluster.node(1).role() != Role::kLeader; ++step) {
    cluster.Turn(1);
    if (!cluster.messages().empty()) cluster.Deliver(0);
    for (NodeId id = 1; id <= 3; ++id) cluster.Sync(id);
  }
  EXPECT_EQ(cluster.node(1).ProposeChange({kRemove, 3}).code(), Code::kFailedPrecondition);
  cluster.Settle();
  EXPECT_TRUE(cluster.node(1).ProposeChange({kRemove, 3}).ok());
}

TEST(RaftMembership, ASnapshotCarriesTheConfiguration) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(3);
  ASSERT_TRUE(ChangeBy(cluster, 1, {kAddLearner, 9}).ok());
  cluster.Settle();
  cluster.member(1).Compact(0);
  cluster.Heal();
  cluster.Pass(3);
  EXPECT_EQ(cluster.node(3).log().offset(), cluster.node(1).log().offset());
  EXPECT_EQ(cluster.node(3).configuration().ToString(), "(1 2 3) learners=(9)");
  cluster.member(3).Crash(0);
  cluster.member(3).Start();
  EXPECT_EQ(cluster.node(3).configuration().ToString(), "(1 2 3) learners=(9)");
}

TEST(RaftMembership, AChangeIsForwardedWhereProposalsAre) {
  TestCluster cluster(3, {.forward_proposals = true});
  cluster.Elect(1);
  ASSERT_TRUE(ChangeBy(cluster, 2, {kAddLearner, 4}).ok());
  cluster.Settle();
  EXPECT_EQ(cluster.node(3).configuration().ToString(), "(1 2 3) learners=(4)");
}

// --- Joint consensus

TEST(RaftJoint, AllMembersAreReplacedAtOnce) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ProposeMany(cluster, 1, 3);
  for (int i = 0; i < 3; ++i) cluster.Add({});
  const ConfigurationChange change(
      Transition::kAuto, {{kAddVoter, 4}, {kAddVoter, 5}, {kAddVoter, 6}, {kRemove, 1}, {kRemove, 2}, {kRemove, 3}});
  ASSERT_TRUE(ChangeBy(cluster, 1, change).ok());
  cluster.Pass(60);
  for (NodeId id = 4; id <= 6; ++id) {
    EXPECT_EQ(cluster.node(id).configuration().ToString(), "(4 5 6)");
    EXPECT_EQ(cluster.Applied(id), "0,1,2");
    EXPECT_GE(cluster.node(id).leader(), 4u);
  }
  EXPECT_EQ(cluster.node(1).role(), Role::kFollower);
}

TEST(RaftJoint, BothHalvesMustAgree) {
  TestCluster cluster(3);
  cluster.Elect(1);
  for (int i = 0; i < 2; ++i) cluster.Add({});
  ASSERT_TRUE(
      ChangeBy(cluster, 1, {Transition::kExplicit, {{kAddVoter, 4}, {kAddVoter, 5}, {kRemove, 2}, {kRemove, 3}}}).ok());
  cluster.Pass(2);
  ASSERT_EQ(cluster.node(1).configuration().ToString(), "(1 4 5)&&(1 2 3)");
  const Index before = cluster.node(1).log().commit();
  cluster.Isolate(2);
  cluster.Isolate(3);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  EXPECT_EQ(cluster.node(1).log().commit(), before) << "a majority of the new half alone committed";
  cluster.Heal();
  cluster.Pass(2);
  ASSERT_EQ(cluster.node(1).log().commit(), before + 1);
  cluster.Isolate(4);
  cluster.Isolate(5);
  ASSERT_TRUE(cluster.Propose(1, "b").ok());
  cluster.Settle();
  EXPECT_EQ(cluster.node(1).log().commit(), before + 1) << "a majority of the old half alone committed";
}

TEST(RaftJoint, AnExplicitOneIsLeftOnDemand) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(ChangeBy(cluster, 1, {Transition::kExplicit, {{kRemove, 3}}}).ok());
  cluster.Pass(5);
  ASSERT_EQ(cluster.node(2).configuration().ToString(), "(1 2)&&(1 2 3)");
  EXPECT_EQ(ChangeBy(cluster, 1, {kAddLearner, 4}).message(), "raft: the joint configuration must be left first");
  ASSERT_TRUE(ChangeBy(cluster, 1, ConfigurationChange::Leave()).ok());
  cluster.Settle();
  EXPECT_EQ(cluster.node(2).configuration().ToString(), "(1 2)");
}

TEST(RaftJoint, AnImplicitOneIsLeftByTheLeaderAlsoForASingleStep) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(ChangeBy(cluster, 1, {Transition::kImplicit, {{kRemove, 3}}}).ok());
  const Index joint = cluster.node(1).log().last();
  cluster.Settle();
  EXPECT_EQ(cluster.node(2).configuration().ToString(), "(1 2)");
  EXPECT_EQ(cluster.node(1).log().last(), joint + 1) << "one entry to enter and one to leave";
}

// --- Forgetting a leader

TEST(RaftElection, WhoForgetsItsLeaderVotesForAnother) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.member(1).Crash(0);
  cluster.node(2).Campaign();
  cluster.Settle();
  ASSERT_NE(cluster.node(2).role(), Role::kLeader) << "3 still trusted its leader";
  cluster.node(3).ForgetLeader();
  EXPECT_EQ(cluster.node(3).leader(), kNoNode);
  cluster.node(2).Campaign();
  cluster.Settle();
  EXPECT_EQ(cluster.node(2).role(), Role::kLeader);
}

TEST(RaftElection, ALeaderDoesNotForgetItself) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.node(1).ForgetLeader();
  EXPECT_EQ(cluster.node(1).leader(), 1u);
  EXPECT_TRUE(cluster.Propose(1, "a").ok());
}

}  // namespace
}  // namespace kp::raft
