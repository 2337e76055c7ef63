// A pod gets its node once.
#include "conformance/behaviour.h"
#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

using client::kNodes;
using client::kPods;

namespace {

// A pod that no scheduler of the cluster's takes care of.
Value Unclaimed(std::string_view name) { return Pod(name).With({"spec", "schedulerName"}, "nobody"); }

Context::ApiResult Bind(Context& t, const std::string& pod, std::string_view node, std::string_view kind = "Node") {
  Value binding = Obj({{"apiVersion", "v1"},
                       {"kind", "Binding"},
                       {"metadata", Obj({{"name", pod}})},
                       {"target", Obj({{"apiVersion", "v1"}, {"kind", kind}, {"name", node}})}});
  return t.CreateAt({kPods, t.ns(), pod, "binding"}, binding);
}

// The answer to an earlier try may have been lost, where calls are repeated.
void MustBind(Context& t, const std::string& pod, const std::string& node) {
  Context::ApiResult bound = Bind(t, pod, node);
  bool before = !bound.ok() && bound.error().code() == 409 && t.MustGet(kPods, pod)["spec"]["nodeName"] == Value(node);
  if (!before) t.Must(bound, "bind " + pod);
}

std::string SomeNode(Context& t) {
  for (const Value& node : t.MustList(kNodes)) {
    if (HasCondition(node, "Ready", "True") && node["spec"]["taints"].empty()) return NameOf(node);
  }
  t.NotApplicable("no node is ready and without taints");
}

Context::ApiResult PatchNodeName(Context& t, const std::string& pod, std::string_view node) {
  return t.Patch(kPods, pod, client::PatchType::kStrategic, Obj({{"spec", Obj({{"nodeName", node}})}}));
}

}  // namespace

BEHAVIOUR("pods/binding/sets-the-node-once") {
  std::string node = SomeNode(t);
  t.MustCreate(kPods, Unclaimed("p"));
  MustBind(t, "p", node);
  Value pod = t.MustGet(kPods, "p");
  t.ExpectEq(pod["spec"]["nodeName"], node, "nodeName");
  t.Expect(HasCondition(pod, "PodScheduled", "True"), "the condition PodScheduled is True");
  t.Once([&] {
    t.ExpectError(Bind(t, "p", "another"), 409, "Conflict", "already assigned to node");
    t.ExpectError(Bind(t, "p", node), 409, "Conflict", "already assigned to node");
  });
  t.ExpectEq(t.MustGet(kPods, "p")["spec"]["nodeName"], node, "nodeName after the refused bindings");
}

BEHAVIOUR("pods/binding/wants-a-node-as-target") {
  t.MustCreate(kPods, Unclaimed("p"));
  t.ExpectError(Bind(t, "p", "somewhere", "Pod"), 422, "Invalid", "target.kind");
  t.ExpectError(Bind(t, "p", ""), 422, "Invalid", "target.name");
  t.ExpectError(Bind(t, "none", "somewhere"), 404, "NotFound");
  t.Expect(t.MustGet(kPods, "p")["spec"]["nodeName"].empty(), "the pod has no node");
}

BEHAVIOUR("pods/binding/node-name-at-creation-needs-no-scheduler") {
  std::string node = SomeNode(t);
  t.MustCreate(kPods, Unclaimed("p").With({"spec", "nodeName"}, node));
  Value pod = AwaitReadyPod(t, "p");
  t.ExpectEq(pod["spec"]["nodeName"], node, "nodeName");
  t.Expect(HasCondition(pod, "PodScheduled", "True"), "the condition PodScheduled is True");
}

BEHAVIOUR("pods/binding/by-patch-of-the-node-name") {
  std::string node = SomeNode(t);
  t.MustCreate(kPods, Unclaimed("p"));
  t.Must(PatchNodeName(t, "p", node), "patch spec.nodeName");
  Value pod = AwaitReadyPod(t, "p");
  t.ExpectEq(pod["spec"]["nodeName"], node, "nodeName");
  t.Expect(HasCondition(pod, "PodScheduled", "True"), "the condition PodScheduled is True");
  t.Step("a second node is refused");
  auto second = PatchNodeName(t, "p", "another");
  t.Expect(!second.ok() && (second.error().code() == 409 || second.error().code() == 422),
           "the second patch is refused");
  t.ExpectEq(t.MustGet(kPods, "p")["spec"]["nodeName"], node, "nodeName after the refused patch");
}

}  // namespace kp::conformance
