// When pods are tried, in which order, and which of several nodes they get.
#include <algorithm>
#include <map>

#include "conformance/behaviour.h"
#include "conformance/behaviours/nodes/nodes.h"

namespace kp::conformance {

using client::kNodes;
using client::kPods;

namespace {

client::DeleteOptions AtOnce() {
  client::DeleteOptions options;
  options.grace_period_seconds = 0;
  return options;
}

}  // namespace

BEHAVIOUR("scheduling/retry/when-a-node-changes") {
  std::string mark = t.UniqueName("m");
  std::string node = BareNode(t);
  t.MustCreate(kPods, PodForLabel("p", "mark", mark));
  AwaitUnschedulable(t, "p");
  t.MustPatch(kNodes, node, client::PatchType::kMerge, Obj({{"metadata", Obj({{"labels", Obj({{"mark", mark}})}})}}));
  t.ExpectEq(AwaitBound(t, "p"), node, "the node that was given the label");
}

BEHAVIOUR("scheduling/retry/when-a-pod-goes") {
  std::string node = BareNode(t, {.cpu = "1"});
  t.MustCreate(kPods, WithRequest(PodFor("first", node), "cpu", "1"));
  AwaitBound(t, "first");
  t.MustCreate(kPods, WithRequest(PodFor("second", node), "cpu", "1"));
  AwaitUnschedulable(t, "second");
  t.MustDelete(kPods, "first", AtOnce());
  t.ExpectEq(AwaitBound(t, "second"), node, "the node that has room again");
}

BEHAVIOUR("scheduling/retry/when-a-node-joins") {
  std::string mark = t.UniqueName("m");
  t.MustCreate(kPods, PodForLabel("p", "mark", mark));
  AwaitUnschedulable(t, "p");
  std::string node = BareNode(t, {.labels = Obj({{"mark", mark}})});
  t.ExpectEq(AwaitBound(t, "p"), node, "the node that has joined");
}

BEHAVIOUR("scheduling/score/spreads-over-the-least-allocated") {
  std::string mark = t.UniqueName("m");
  BareNode(t, {.labels = Obj({{"mark", mark}})});
  BareNode(t, {.labels = Obj({{"mark", mark}})});
  std::map<std::string, int> pods;
  for (int i = 0; i < 6; ++i) {
    std::string name = "p-" + std::to_string(i);
    Value pod = WithRequest(WithRequest(PodForLabel(name, "mark", mark), "cpu", "500m"), "memory", "1Gi");
    t.MustCreate(kPods, pod);
    ++pods[AwaitBound(t, name)];
  }
  t.ExpectEq(pods.size(), size_t{2}, "number of nodes used");
  for (const auto& [node, count] : pods) t.ExpectEq(count, 3, "pods on " + node);
}

BEHAVIOUR("scheduling/score/prefers-nodes-of-preferred-affinity") {
  std::string mark = t.UniqueName("m");
  std::string liked = BareNode(t, {.labels = Obj({{"mark", mark}, {"disk", "ssd"}})});
  BareNode(t, {.labels = Obj({{"mark", mark}, {"disk", "hdd"}})});
  Value term = Obj({{"matchExpressions", Arr({Obj({{"key", "disk"}, {"operator", "In"}, {"values", Arr({"ssd"})}})})}});
  for (int i = 0; i < 3; ++i) {
    std::string name = "p-" + std::to_string(i);
    t.MustCreate(kPods,
                 PodForLabel(name, "mark", mark)
                     .With({"spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"},
                           Arr({Obj({{"weight", 100}, {"preference", term}})})));
    t.ExpectEq(AwaitBound(t, name), liked, "the node that " + name + " prefers");
  }
}

BEHAVIOUR("scheduling/queue/higher-priority-first") {
  std::string node = BareNode(t, {.cpu = "1"});
  t.MustCreate(kPods, WithRequest(PodFor("now", node), "cpu", "1"));
  AwaitBound(t, "now");
  t.MustCreate(kPods, WithRequest(PodFor("low", node), "cpu", "1"));
  AwaitUnschedulable(t, "low");
  t.MustCreate(
      kPods,
      WithRequest(PodFor("high", node), "cpu", "1").With({"spec", "priorityClassName"}, "system-cluster-critical"));
  AwaitUnschedulable(t, "high");
  t.Step("both have waited out the longest back-off; room comes");
  t.Sleep(11s);
  // A binding whose answer is lost sends its pod back behind others.
  t.Once([&] {
    t.MustDelete(kPods, "now", AtOnce());
    AwaitBound(t, "high");
    t.Always(
        "the lower one goes on waiting", [&] { return !IsBound(t.MustGet(kPods, "low")); }, 2s);
  });
}

BEHAVIOUR("scheduling/restart/no-pod-is-lost-or-moved") {
  std::string node = BareNode(t);
  auto watch = t.Watch(kPods);
  auto create = [&](int from, int to) {
    for (int i = from; i < to; ++i) t.MustCreate(kPods, PodFor("p-" + std::to_string(i), node));
  };
  create(0, 6);
  t.Step("kill the scheduler in the middle of its work");
  fixtures::FaultPort* faults = t.cluster().faults();
  for (const std::string& process : faults->Processes()) {
    if (!process.starts_with("scheduler-")) continue;
    Status killed = faults->Kill(process);
    t.Expect(killed.ok(), "it is killed: " + killed.ToString());
    create(6, 12);
    t.Sleep(100ms);
    (void)faults->Restart(process);
  }
  t.Eventually(
      "all pods have the node",
      [&] {
        std::vector<Value> pods = t.MustList(kPods);
        return std::count_if(pods.begin(), pods.end(), IsBound) == 12;
      },
      90s);
  std::map<std::string, std::string> nodes;
  for (const WatchRecord& record : watch->events()) {
    std::string now = record.object["spec"]["nodeName"].str();
    std::string& before = nodes[UidOf(record.object)];
    t.Expect(before.empty() || before == now, "no pod changes its node: " + NameOf(record.object));
    before = now;
  }
}

}  // namespace kp::conformance
