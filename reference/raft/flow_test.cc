// How much the leader sends and hands out at a time.
#include <gtest/gtest.h>

#include "reference/raft/test_cluster.h"

namespace kp::raft {
namespace {

std::vector<Message> AppendsTo(TestCluster& cluster, NodeId to) {
  std::vector<Message> appends;
  for (const Message& message : cluster.messages()) {
    if (message.type == MessageType::kAppend && message.to == to && !message.entries.empty())
      appends.push_back(message);
  }
  return appends;
}

TEST(RaftFlow, AMessageHoldsWhatItsLimitAllowsAndOneEntryAlways) {
  TestCluster cluster(3, {.max_message_bytes = 10});
  cluster.Elect(1);
  for (const size_t size : {4, 4, 4, 50, 1})
    ASSERT_TRUE(cluster.node(1).Propose(MakeBuffer(std::string(size, 'x'))).ok());
  cluster.Turn(1);
  std::vector<size_t> entries;
  for (const Message& message : AppendsTo(cluster, 2)) entries.push_back(message.entries.size());
  EXPECT_EQ(entries, (std::vector<size_t>{2, 1, 1, 1}));
}

TEST(RaftFlow, TheWindowIsBoundedInBytesToo) {
  TestCluster cluster(3, {.max_message_bytes = 10, .max_inflight_bytes = 30});
  cluster.Elect(1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(cluster.node(1).Propose(MakeBuffer(std::string(10, 'x'))).ok());
  cluster.Turn(1);
  EXPECT_EQ(AppendsTo(cluster, 2).size(), 3u);
  cluster.Settle();
  EXPECT_EQ(cluster.node(2).log().last(), cluster.node(1).log().last());
}

TEST(RaftFlow, AFollowerThatCannotBeReachedGetsOneMessageAtATime) {
  TestCluster cluster(3, {.max_message_bytes = 1});
  cluster.Elect(1);
  cluster.node(1).ReportUnreachable(2);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(cluster.node(1).Propose(MakeBuffer("p")).ok());
  cluster.Turn(1);
  EXPECT_EQ(AppendsTo(cluster, 2).size(), 1u);
  EXPECT_EQ(AppendsTo(cluster, 3).size(), 5u);
  cluster.Settle();
  EXPECT_EQ(cluster.node(2).log().last(), cluster.node(1).log().last());
}

TEST(RaftFlow, ASaturatedFollowerLearnsOfCommitsAllTheSame) {
  TestCluster cluster(3, {.max_inflight_messages = 1});
  cluster.Elect(1);
  ASSERT_TRUE(cluster.Propose(1, "a").ok());
  ASSERT_TRUE(cluster.Propose(1, "b").ok());
  std::erase_if(cluster.messages(), [](const Message& message) { return message.to == 3; });
  cluster.Pass(3);  // the window to 3 is full of what got lost
  EXPECT_EQ(cluster.Applied(3), "a,b");
}

TEST(RaftFlow, CommittedEntriesAreHandedOutInPortions) {
  Recovered recovered;
  recovered.hard_state = {.term = 1, .vote = 1, .commit = 5};
  recovered.start.configuration.voters = {1};
  for (Index index = 1; index <= 5; ++index) {
    recovered.entries.push_back({1, index, EntryType::kNormal, MakeBuffer(std::string(10, 'x'))});
  }
  Node node({.id = 1, .max_committed_bytes = 25}, Random(1), std::move(recovered));
  std::vector<size_t> portions;
  while (node.HasReady()) {
    const Ready ready = node.TakeReady();
    if (ready.committed.empty()) continue;
    portions.push_back(ready.committed.size());
    node.OnApplied(ready.committed.back().index);
  }
  EXPECT_EQ(portions, (std::vector<size_t>{2, 2, 1}));
}

TEST(RaftFlow, ALimitOfUncommittedBytesIsForgottenWithTheLeadership) {
  TestCluster cluster(3, {.check_quorum = false, .max_uncommitted_bytes = 10});
  cluster.Elect(1);
  cluster.Isolate(1);
  ASSERT_TRUE(cluster.Propose(1, "1234567890").ok());
  ASSERT_EQ(cluster.Propose(1, "x").code(), Code::kResourceExhausted);
  cluster.Elect(2);
  cluster.Heal();
  cluster.Pass(2);
  cluster.Elect(1);
  EXPECT_TRUE(cluster.Propose(1, "x").ok());
}

TEST(RaftFlow, AForwardedProposalThatIsRefusedIsLostSilently) {
  TestCluster cluster(3, {.forward_proposals = true, .max_uncommitted_bytes = 4});
  cluster.Elect(1);
  cluster.StallDisk(2);
  cluster.StallDisk(3);
  ASSERT_TRUE(cluster.Propose(1, "1234").ok());
  ASSERT_TRUE(cluster.Propose(2, "more").ok());
  cluster.Settle();
  cluster.ResumeDisk(2);
  cluster.Settle();
  EXPECT_EQ(cluster.Applied(1), "1234");
}

TEST(RaftFlow, WithoutALeaderNothingIsForwarded) {
  TestCluster cluster(3, {.forward_proposals = true});
  EXPECT_EQ(cluster.Propose(1, "a"), Status(Code::kUnavailable, "raft: no leader"));
}

}  // namespace
}  // namespace kp::raft
