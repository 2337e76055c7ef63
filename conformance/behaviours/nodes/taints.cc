// Taints and what they do to pods that are there already. On nodes of the test's own.
#include "conformance/behaviour.h"
#include "conformance/behaviours/nodes/nodes.h"

namespace kp::conformance {

using client::kNodes;
using client::kPods;

namespace {

const Value& Broken() {
  static const auto* taint = new Value(Obj({{"key", "broken"}, {"value", "yes"}, {"effect", "NoExecute"}}));
  return *taint;
}

// A pod on the node with one more toleration.
void Place(Context& t, std::string_view name, const std::string& node, const Value& toleration = Value()) {
  Value pod = PodFor(name, node);
  if (!toleration.is_null()) {
    pod = pod.With({"spec", "tolerations"}, pod["spec"]["tolerations"].Append(toleration));
  }
  t.MustCreate(kPods, pod);
  AwaitBound(t, name);
}

bool IsGoing(Context& t, std::string_view name) {
  auto pod = t.Get(kPods, std::string(name));
  return pod.ok() ? IsTerminating(*pod) : pod.error().code() == 404;
}

}  // namespace

BEHAVIOUR("nodes/taints/no-execute-evicts-at-once") {
  std::string node = BareNode(t);
  Place(t, "intolerant", node);
  Place(t, "equal", node, Obj({{"key", "broken"}, {"operator", "Equal"}, {"value", "yes"}, {"effect", "NoExecute"}}));
  Place(t, "exists", node, Obj({{"key", "broken"}, {"operator", "Exists"}}));
  Place(t, "other", node, Obj({{"key", "broken"}, {"operator", "Equal"}, {"value", "no"}, {"effect", "NoExecute"}}));
  AddTaint(t, node, Broken());
  for (const char* name : {"intolerant", "other"}) {
    t.Eventually(
        std::string(name) + " is evicted", [&] { return IsGoing(t, name); }, 5s);
  }
  t.Always(
      "those that tolerate the taint stay", [&] { return !IsGoing(t, "equal") && !IsGoing(t, "exists"); }, 1s);
}

BEHAVIOUR("nodes/taints/no-execute-evicts-after-toleration-seconds") {
  std::string node = BareNode(t);
  Place(t, "while", node,
        Obj({{"key", "broken"}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 3}}));
  t.Once([&] {
    AddTaint(t, node, Broken());
    t.Always(
        "the pod stays for its toleration", [&] { return !IsGoing(t, "while"); }, 1500ms);
    t.Eventually(
        "it is evicted then", [&] { return IsGoing(t, "while"); }, 10s);
  });
}

BEHAVIOUR("nodes/taints/eviction-is-called-off-with-the-taint") {
  std::string node = BareNode(t);
  Place(t, "while", node,
        Obj({{"key", "broken"}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 2}}));
  t.Once([&] {
    AddTaint(t, node, Broken());
    t.Sleep(500ms);
    RemoveTaint(t, node, "broken");
  });
  t.Always(
      "the pod stays", [&] { return !IsGoing(t, "while"); }, 3s);
}

BEHAVIOUR("nodes/taints/evicted-pod-tells-of-its-disruption") {
  std::string node = BareNode(t);
  Place(t, "p", node);
  AddTaint(t, node, Broken());
  Value pod = t.EventuallyObject(kPods, "p", "the pod is evicted", IsTerminating);
  t.ExpectEq(ConditionOf(pod, "DisruptionTarget")["status"], "True", "the condition DisruptionTarget");
  t.ExpectEq(ConditionOf(pod, "DisruptionTarget")["reason"], "DeletionByTaintManager", "its reason");
}

BEHAVIOUR("nodes/taints/no-schedule-leaves-pods-alone") {
  std::string node = BareNode(t);
  Place(t, "there", node);
  // Who watches two kinds sees no order between them: not while watches are being cut.
  t.Once([&] {
    AddTaint(t, node, Obj({{"key", "full"}, {"effect", "NoSchedule"}}));
    t.MustCreate(kPods, PodFor("late", node));
    AwaitUnschedulable(t, "late");
  });
  t.Expect(!IsGoing(t, "there"), "the pod that was there stays");
}

BEHAVIOUR("nodes/taints/cordon-is-a-taint") {
  std::string node = BareNode(t);
  auto cordon = [&](bool on) {
    t.MustPatch(kNodes, node, client::PatchType::kMerge, Obj({{"spec", Obj({{"unschedulable", on}})}}));
  };
  cordon(true);
  t.EventuallyObject(kNodes, node, "the node is tainted unschedulable",
                     [](const Value& n) { return HasTaint(n, "node.kubernetes.io/unschedulable", "NoSchedule"); });
  cordon(false);
  t.EventuallyObject(kNodes, node, "the taint is gone",
                     [](const Value& n) { return !HasTaint(n, "node.kubernetes.io/unschedulable", "NoSchedule"); });
}

BEHAVIOUR("nodes/deletion/takes-its-pods-along") {
  std::string node = BareNode(t);
  Place(t, "p", node);
  t.MustDelete(kNodes, node);
  t.EventuallyGone(kPods, "p", 90s);
}

}  // namespace kp::conformance
