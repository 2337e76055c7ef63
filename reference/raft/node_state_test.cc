#include "reference/raft/node_state.h"

#include <gtest/gtest.h>

#include "reference/raft/test_cluster.h"

namespace kp::raft {
namespace {

NodeId Same(NodeId id) { return id; }

// In every state that drawn deliveries, writes and campaigns lead to.
TEST(NodeState, IsRestoredFromItsBytes) {
  Random random(5);
  TestCluster cluster(3, {.pre_vote = false, .check_quorum = false, .max_inflight_messages = 2});
  for (int step = 0; step < 3000; ++step) {
    const NodeId id = 1 + random.Below(3);
    switch (random.Below(5)) {
      case 0: cluster.Sync(id); break;
      case 1: (void)cluster.Propose(id, std::to_string(step)); break;
      case 2: cluster.Tick(id); break;
      default:
        if (!cluster.messages().empty()) cluster.Deliver(random.Below(cluster.messages().size()));
    }
    if (random.Below(100) == 0) cluster.node(id).Campaign();
    if (cluster.messages().size() > 20) cluster.messages().clear();
    cluster.TurnAll();
    const std::string bytes = EncodeState(cluster.node(id), Same);
    const Node restored = DecodeState({.id = id}, bytes);
    restored.CheckInvariants();
    ASSERT_EQ(EncodeState(restored, Same), bytes) << "step " << step;
  }
  EXPECT_GT(cluster.node(1).log().commit(), 5u) << "the steps led nowhere";
}

TEST(NodeState, DiffersByNamesOnlyAfterARenaming) {
  const auto elect = [](NodeId id) {
    auto cluster = std::make_unique<TestCluster>(3, Options{.pre_vote = false, .check_quorum = false});
    cluster->Elect(id);
    return cluster;
  };
  const auto first = elect(1);
  const auto second = elect(2);
  const Renaming swap = [](NodeId id) { return id == 1 ? 2 : id == 2 ? 1 : id; };
  for (const NodeId id : {1, 2, 3}) {
    EXPECT_EQ(EncodeState(first->node(id), swap), EncodeState(second->node(swap(id)), Same)) << id;
  }
}

TEST(NodeState, ARestoredMemberGoesOnAlike) {
  TestCluster cluster(3, {.pre_vote = false, .check_quorum = false});
  cluster.Elect(1);
  Node restored = DecodeState({.id = 1, .pre_vote = false, .check_quorum = false}, EncodeState(cluster.node(1), Same));
  for (Node* node : {&restored, &cluster.node(1)}) ASSERT_TRUE(node->Propose(MakeBuffer("a")).ok());
  const Ready expected = cluster.node(1).TakeReady();
  const Ready ready = restored.TakeReady();
  EXPECT_EQ(ready.entries, expected.entries);
  EXPECT_EQ(ready.messages, expected.messages);
}

}  // namespace
}  // namespace kp::raft
