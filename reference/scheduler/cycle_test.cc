#include "reference/scheduler/cycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "reference/scheduler/explain.h"

namespace kp::scheduler {
namespace {

using api::Arr;
using api::Obj;
using api::Value;
using testing::HasSubstr;

Value Node(std::string_view name, std::string_view cpu = "4", const Value& labels = Value::EmptyObject()) {
  return Obj({{"metadata", Obj({{"name", name}, {"labels", labels}})},
              {"spec", Value::EmptyObject()},
              {"status", Obj({{"allocatable", Obj({{"cpu", cpu}, {"memory", "8Gi"}, {"pods", "10"}})}})}});
}

Value Pod(std::string_view name, std::string_view cpu, std::string_view node = "") {
  Value container = Obj({{"name", "c"}, {"resources", Obj({{"requests", Obj({{"cpu", cpu}})}})}});
  Value spec = Obj({{"containers", Arr({container})}});
  if (!node.empty()) spec = spec.With("nodeName", node);
  return Obj({{"metadata", Obj({{"name", name}, {"namespace", "default"}, {"uid", name}})}, {"spec", spec}});
}

Value Tainted(const Value& node, std::string_view effect) {
  return node.With({"spec", "taints"}, Arr({Obj({{"key", "k"}, {"value", "v"}, {"effect", effect}})}));
}

Snapshot Holding(const std::vector<Value>& nodes, const std::vector<Value>& pods = {}) {
  Snapshot snapshot;
  for (const Value& node : nodes) snapshot.SetNode(node);
  for (const Value& pod : pods) {
    auto info = std::make_shared<const PodInfo>(pod);
    snapshot.AddPod(info, info->node);
  }
  return snapshot;
}

Decision Decide(const Value& pod, const Snapshot& snapshot, uint64_t seed = 1) {
  return Cycle({}, Random(seed)).Decide(PodInfo(pod), snapshot);
}

TEST(Cycle, CountsNodesByReasonWithTheWordsInOrder) {
  Snapshot snapshot = Holding({Node("a", "1"), Node("b", "1"), Tainted(Node("c"), "NoSchedule"),
                               Node("d").With({"spec", "unschedulable"}, true)});
  EXPECT_EQ(Decide(Pod("p", "2"), snapshot).message,
            "0/4 nodes are available: 1 node(s) had untolerated taint {k: v}, 1 node(s) were unschedulable, "
            "2 Insufficient cpu.");
}

TEST(Cycle, SaysSoWhenThereIsNoNode) {
  EXPECT_EQ(Decide(Pod("p", "1"), Holding({})).message, "no nodes available to schedule pods");
}

TEST(Cycle, FillsANodeExactly) {
  Snapshot snapshot = Holding({Node("a", "4")}, {Pod("x", "2500m", "a")});
  EXPECT_EQ(Decide(Pod("p", "1500m"), snapshot).node, "a");
  EXPECT_EQ(Decide(Pod("p", "1501m"), snapshot).node, "");
}

TEST(Cycle, PrefersTheEmptierNode) {
  Snapshot snapshot = Holding({Node("a"), Node("b")}, {Pod("x", "1", "a")});
  for (uint64_t seed = 1; seed < 10; ++seed) EXPECT_EQ(Decide(Pod("p", "1"), snapshot, seed).node, "b");
}

TEST(Cycle, TiesAreDrawnFromAll) {
  Snapshot snapshot = Holding({Node("a"), Node("b"), Node("c")});
  std::map<std::string, int> drawn;
  for (uint64_t seed = 1; seed <= 60; ++seed) ++drawn[Decide(Pod("p", "1"), snapshot, seed).node];
  EXPECT_EQ(drawn.size(), 3u);
}

TEST(Cycle, APreferNoScheduleTaintOnlyCostsPoints) {
  Snapshot snapshot = Holding({Tainted(Node("a"), "PreferNoSchedule"), Node("b")});
  EXPECT_EQ(Decide(Pod("p", "1"), snapshot).node, "b");
  EXPECT_EQ(Decide(Pod("p", "1"), Holding({Tainted(Node("a"), "PreferNoSchedule")})).node, "a");
}

TEST(Cycle, HostPortsOfOnePodKeepAnotherAway) {
  auto with_port = [](Value pod, std::string_view ip) {
    Value port = Obj({{"hostPort", 80}, {"containerPort", 80}, {"protocol", "TCP"}, {"hostIP", ip}});
    Value container = pod["spec"]["containers"][0].With("ports", Arr({port}));
    return pod.With({"spec", "containers"}, Arr({container}));
  };
  Snapshot snapshot = Holding({Node("a")}, {with_port(Pod("x", "1", "a"), "10.0.0.1")});
  EXPECT_EQ(Decide(with_port(Pod("p", "1"), "10.0.0.2"), snapshot).node, "a");
  EXPECT_EQ(Decide(with_port(Pod("p", "1"), ""), snapshot).message,
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
}

TEST(Snapshot, APodThatGoesLeavesNothingBehind) {
  Snapshot snapshot = Holding({Node("a")}, {Pod("x", "4", "a")});
  EXPECT_EQ(Decide(Pod("p", "1"), snapshot).node, "");
  snapshot.RemovePod("default/x");
  snapshot.CheckInvariants();
  EXPECT_EQ(Decide(Pod("p", "4"), snapshot).node, "a");
}

TEST(Snapshot, APodSeenBeforeItsNodeCounts) {
  Snapshot snapshot = Holding({}, {Pod("x", "3", "a")});
  snapshot.SetNode(Node("a", "4"));
  EXPECT_EQ(Decide(Pod("p", "2"), snapshot).node, "");
}

TEST(Explain, TellsEachNodesFilterOrScore) {
  Value pod = Pod("p", "2");
  Decision decision = ExplainPod(pod, {Node("small", "1"), Node("good"), Tainted(Node("bad", "1"), "NoSchedule")}, {});
  std::string text = FormatExplanation(pod, decision);
  EXPECT_THAT(text, HasSubstr("pod default/p would go to good\n"));
  EXPECT_THAT(text, HasSubstr("  small: refused by NodeResourcesFit: Insufficient cpu\n"));
  EXPECT_THAT(text, HasSubstr("  good: score "));
  // Taints come before resources: the node has both faults and tells the first.
  EXPECT_THAT(text, HasSubstr("  bad: refused by TaintToleration: node(s) had untolerated taint {k: v}\n"));
}

TEST(Cycle, ANodeThatThePodDoesNotWantIsNotCountedAsFull) {
  Value pod = Pod("p", "2").With({"spec", "nodeSelector"}, Obj({{"disk", "ssd"}}));
  Snapshot snapshot = Holding({Node("small", "1")}, {});
  EXPECT_EQ(Decide(pod, snapshot).message,
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
}

TEST(Explain, APlacedPodIsNoNeighbourOfItsOwn) {
  Value pod = Pod("p", "3", "a");
  Decision decision = ExplainPod(pod, {Node("a")}, {pod});
  EXPECT_EQ(decision.node, "a");
  EXPECT_THAT(FormatExplanation(pod, decision), HasSubstr("is on a; if it came now it would go to a"));
}

TEST(Explain, AgreesWithTheDecision) {
  Snapshot snapshot = Holding({Node("a"), Node("b"), Node("c", "1")}, {Pod("x", "1", "b")});
  EXPECT_EQ(Cycle::Explain(PodInfo(Pod("p", "2")), snapshot).node, Decide(Pod("p", "2"), snapshot).node);
}

}  // namespace
}  // namespace kp::scheduler
