#include <gtest/gtest.h>

#include "reference/raft/test_cluster.h"

namespace kp::raft {
namespace {

void ProposeMany(TestCluster& cluster, NodeId leader, int count) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(cluster.Propose(leader, std::to_string(i)).ok());
    cluster.Settle();
  }
}

TEST(RaftSnapshot, AFollowerTooFarBehindGetsOne) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(3);
  ProposeMany(cluster, 1, 20);
  cluster.member(1).Compact(2);
  ASSERT_GT(cluster.node(1).log().first(), cluster.node(3).log().last() + 1);
  cluster.Heal();
  cluster.Pass(3);
  EXPECT_EQ(cluster.Applied(3), cluster.Applied(1));
  EXPECT_EQ(cluster.node(3).log().offset(), 21u);
  EXPECT_EQ(cluster.node(1).progress().at(3).state, Progress::State::kReplicate);
}

TEST(RaftSnapshot, NothingIsAppliedBeforeItIsInstalled) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(3);
  ProposeMany(cluster, 1, 5);
  cluster.member(1).Compact(0);
  cluster.Heal();
  cluster.StallDisk(3);
  cluster.Pass(3);
  EXPECT_EQ(cluster.Applied(3), "");
  EXPECT_EQ(cluster.node(1).progress().at(3).state, Progress::State::kSnapshot);
  cluster.ResumeDisk(3);
  cluster.Settle();
  EXPECT_EQ(cluster.Applied(3), "0,1,2,3,4");
}

TEST(RaftSnapshot, ALostOneIsSentAgain) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(3);
  ProposeMany(cluster, 1, 5);
  cluster.member(1).Compact(0);
  cluster.Heal();
  for (int i = 0; i < 10 && cluster.node(1).progress().at(3).state != Progress::State::kSnapshot; ++i) {
    cluster.Tick(1);
    while (!cluster.messages().empty() && cluster.messages()[0].type != MessageType::kSnapshot) cluster.Deliver(0);
  }
  ASSERT_EQ(cluster.node(1).progress().at(3).state, Progress::State::kSnapshot);
  cluster.messages().clear();
  cluster.node(1).ReportSnapshot(3, Node::SnapshotOutcome::kFailed);
  cluster.Pass(3);
  EXPECT_EQ(cluster.Applied(3), "0,1,2,3,4");
}

TEST(RaftSnapshot, AnOldOneChangesNothing) {
  TestCluster cluster(3);
  cluster.Elect(1);
  ProposeMany(cluster, 1, 5);
  Message message{.type = MessageType::kSnapshot, .from = 1, .to = 2, .term = cluster.node(2).term()};
  message.snapshot.emplace();
  message.snapshot->meta.index = 3;
  message.snapshot->meta.term = 1;
  message.snapshot->meta.configuration = cluster.node(1).configuration();
  cluster.node(2).Step(std::move(message));
  cluster.Settle();
  EXPECT_EQ(cluster.Applied(2), "0,1,2,3,4");
  EXPECT_EQ(cluster.node(2).log().last(), 6u);
}

TEST(RaftSnapshot, ADeposedLeaderThatReceivesOneSendsNone) {
  TestCluster cluster(3);
  cluster.Elect(1);
  cluster.Isolate(3);
  ProposeMany(cluster, 1, 5);
  cluster.member(1).Compact(0);
  Node& node = cluster.node(1);
  // In one turn: a sign of life of 3, which lacks what is compacted, then a newer leader's snapshot.
  node.Step({.type = MessageType::kHeartbeatReply, .from = 3, .to = 1, .term = node.term()});
  node.Step({.type = MessageType::kAppendReply, .from = 3, .to = 1, .term = node.term(), .index = 6, .reject = true});
  Message newer{.type = MessageType::kSnapshot, .from = 2, .to = 1, .term = node.term() + 1};
  newer.snapshot.emplace();
  newer.snapshot->meta.index = 50;
  newer.snapshot->meta.term = node.term() + 1;
  newer.snapshot->meta.configuration = node.configuration();
  node.Step(std::move(newer));
  const Ready ready = node.TakeReady();
  ASSERT_TRUE(ready.snapshot.has_value());
  for (const Message& message : ready.messages) EXPECT_NE(message.type, MessageType::kSnapshot);
}

}  // namespace
}  // namespace kp::raft
