#include <gtest/gtest.h>

#include "reference/raft/test_cluster.h"

namespace kp::raft {
namespace {

TEST(RaftRead, TheLeaderAnswersAfterAQuorumConfirmedIt) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  ASSERT_TRUE(cluster.node(1).ReadIndex(77).ok());
  cluster.Turn(1);
  EXPECT_TRUE(cluster.member(1).reads().empty());
  cluster.Settle();
  ASSERT_EQ(cluster.member(1).reads().size(), 1u);
  EXPECT_EQ(cluster.member(1).reads()[0].context, 77u);
  EXPECT_EQ(cluster.member(1).reads()[0].index, 2u);
}

TEST(RaftRead, ADeposedLeaderAnswersNothing) {
  TestCluster cluster(3, {.check_quorum = false});
  cluster.Elect(1);
  cluster.Isolate(1);
  cluster.Elect(2);
  ASSERT_TRUE(cluster.Propose(2, "new").ok());
  cluster.Settle();
  ASSERT_TRUE(cluster.node(1).ReadIndex(5).ok());
  cluster.Settle();
  EXPECT_TRUE(cluster.member(1).reads().empty());
  cluster.Heal();
  cluster.Pass(2);
  EXPECT_TRUE(cluster.member(1).reads().empty());
  ASSERT_EQ(cluster.member(1).lost_reads().size(), 1u);
  EXPECT_EQ(cluster.member(1).lost_reads()[0], 5u);
}

TEST(RaftRead, AFollowerAsksItsLeader) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  cluster.Settle();
  ASSERT_TRUE(cluster.node(3).ReadIndex(9).ok());
  cluster.Settle();
  ASSERT_EQ(cluster.member(3).reads().size(), 1u);
  EXPECT_EQ(cluster.member(3).reads()[0].context, 9u);
  EXPECT_EQ(cluster.member(3).reads()[0].index, 2u);
}

TEST(RaftRead, AForwardedReadThatGetsLostIsReported) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ASSERT_TRUE(cluster.node(3).ReadIndex(9).ok());
  cluster.Turn(3);
  cluster.messages().clear();
  cluster.Pass(11);
  EXPECT_EQ(cluster.member(3).lost_reads(), std::vector<uint64_t>{9});
}

TEST(RaftRead, ReadsOfOneTurnShareARound) {
  TestCluster cluster(3);
  cluster.Elect(1);
  for (uint64_t context = 1; context <= 100; ++context) ASSERT_TRUE(cluster.node(1).ReadIndex(context).ok());
  cluster.Turn(1);
  EXPECT_EQ(cluster.messages().size(), 2u);
  cluster.Settle();
  EXPECT_EQ(cluster.member(1).reads().size(), 100u);
}

TEST(RaftRead, ANewLeaderWaitsForItsFirstCommit) {
  TestCluster cluster(3, {.check_quorum = false});
  cluster.Elect(1);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  // 2 has the entry but does not know that it is committed.
  for (int step = 0; step < 100 && cluster.node(1).log().commit() < 2; ++step) {
    if (!cluster.messages().empty()) cluster.Deliver(0);
    for (NodeId id = 1; id <= 3; ++id) cluster.Sync(id);
  }
  cluster.messages().clear();
  cluster.Isolate(1);
  ASSERT_EQ(cluster.node(2).log().commit(), 1u);
  cluster.node(2).Campaign();
  for (int step = 0; step < 100 && cluster.node(2).role() != Role::kLeader; ++step) {
    cluster.Turn(2);
    if (!cluster.messages().empty()) cluster.Deliver(0);
    for (NodeId id = 2; id <= 3; ++id) cluster.Sync(id);
  }
  ASSERT_EQ(cluster.node(2).role(), Role::kLeader);
  ASSERT_TRUE(cluster.node(2).ReadIndex(1).ok());
  cluster.Settle();
  ASSERT_EQ(cluster.member(2).reads().size(), 1u);
  EXPECT_EQ(cluster.member(2).reads()[0].index, 3u);
}

TEST(RaftRead, ALeaseAnswersWithoutAQuorum) {
  TestCluster cluster(3, {.lease_reads = true});
  cluster.Elect(1);
  cluster.Isolate(1);
  ASSERT_TRUE(cluster.node(1).ReadIndex(7).ok());
  cluster.Turn(1);
  ASSERT_EQ(cluster.member(1).reads().size(), 1u);
  EXPECT_EQ(cluster.member(1).reads()[0].index, 1u);
}

TEST(RaftRead, ALeaseEndsWithTheTimeOfTheLeader) {
  TestCluster cluster(3, {.lease_reads = true});
  cluster.Elect(1);
  cluster.Isolate(1);
  cluster.Pass(40);
  EXPECT_EQ(cluster.node(1).ReadIndex(7).code(), Code::kUnavailable);
}

// Why it is off unless asked for: the clock of the leader stands still, as that of a paused process.
TEST(RaftRead, ALeaseIsWorthNothingWhenTheClockOfTheLeaderStops) {
  TestCluster cluster(3, {.lease_reads = true});
  cluster.Elect(1);
  cluster.Isolate(1);
  for (int i = 0; i < 40; ++i) {
    for (const NodeId id : {2, 3}) cluster.Tick(id);
    cluster.Settle();
  }
  const NodeId leader = cluster.node(2).leader();
  ASSERT_TRUE(leader == 2 || leader == 3);
  ASSERT_TRUE(cluster.Propose(leader, "new").ok());
  cluster.Settle();
  ASSERT_TRUE(cluster.node(1).ReadIndex(7).ok());
  cluster.Turn(1);
  ASSERT_EQ(cluster.member(1).reads().size(), 1u);
  EXPECT_LT(cluster.member(1).reads()[0].index, cluster.node(leader).log().commit()) << "not stale after all";
}

TEST(RaftRead, WithoutALeaderThereIsNoRead) {
  TestCluster cluster(3);
  EXPECT_EQ(cluster.node(1).ReadIndex(1).code(), Code::kUnavailable);
}

}  // namespace
}  // namespace kp::raft
