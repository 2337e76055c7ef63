#include "conformance/behaviours/nodes/nodes.h"

#include <algorithm>

namespace kp::conformance {

using client::kNodes;
using client::kPods;

namespace {

constexpr std::string_view kTaint = "kubeproof.test/bare";
constexpr Duration kHeartbeat = 10s;

Value ReadyStatus(Context& t, const BareNodeOptions& options) {
  Value amounts = Obj({{"cpu", options.cpu}, {"memory", options.memory}, {"pods", std::to_string(options.pods)}});
  std::string now = FormatRfc3339(t.cluster().env().Wall());
  Value ready = Obj({{"type", "Ready"},
                     {"status", "True"},
                     {"reason", "KubeletReady"},
                     {"message", "made by a test"},
                     {"lastHeartbeatTime", now},
                     {"lastTransitionTime", now}});
  return Obj({{"capacity", amounts}, {"allocatable", amounts}, {"conditions", Arr({ready})}});
}

// Such a node has no kubelet: the test renews its Lease, or it would be given up after a while.
void KeepAlive(Context& t, const Value& node) {
  const std::string name = NameOf(node);
  Value owner = Obj({{"apiVersion", "v1"}, {"kind", "Node"}, {"name", name}, {"uid", UidOf(node)}});
  Value meta = Obj({{"name", name}, {"namespace", "kube-node-lease"}, {"ownerReferences", Arr({owner})}});
  t.Every(kHeartbeat, [&cluster = t.cluster(), name, meta] {
    Value spec = Obj({{"holderIdentity", name},
                      {"leaseDurationSeconds", 40},
                      {"renewTime", FormatRfc3339Micro(cluster.env().Wall())}});
    const client::ObjectRef lease{client::kLeases, "kube-node-lease", name, ""};
    // The first time it has to be made. A beat that is lost is followed by another.
    auto make = [&cluster, lease, meta, spec](const Context::ApiResult& patched) {
      if (patched.ok() || patched.error().code() != 404) return;
      Value made = Obj({{"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}, {"metadata", meta}});
      cluster.client().Create({lease.resource, lease.ns, "", ""}, made.With("spec", spec), {},
                              [](const Context::ApiResult&) {});
    };
    cluster.client().Patch(lease, client::PatchType::kMerge, Obj({{"spec", spec}}), {}, std::move(make));
  });
}

// A change of the node's taints, tried again when somebody else changed the node meanwhile.
void ChangeTaints(Context& t, const std::string& name, const std::function<Value(const Value&)>& change) {
  t.Eventually("the taints of " + name + " are changed", [&] {
    Value node = t.MustGet(kNodes, name);
    return t.Update(kNodes, node.With({"spec", "taints"}, change(node["spec"]["taints"]))).ok();
  });
}

}  // namespace

std::string BareNode(Context& t, const BareNodeOptions& options) {
  std::string name = t.UniqueName("bare");
  Value labels = options.labels.is_null() ? Value::EmptyObject() : options.labels;
  KeepAlive(
      t, t.MustCreate(kNodes,
                      Obj({{"apiVersion", "v1"},
                           {"kind", "Node"},
                           {"metadata", Obj({{"name", name}, {"labels", labels.With("kubernetes.io/hostname", name)}})},
                           {"spec", Obj({{"taints", Arr({Obj({{"key", kTaint}, {"effect", "NoSchedule"}})})}})}})));
  t.Eventually("the node's status is written", [&] {
    Value node = t.MustGet(kNodes, name);
    return t.Update(kNodes, node.With("status", ReadyStatus(t, options)), "status").ok();
  });
  t.EventuallyObject(kNodes, name, "only the test's own taint is left",
                     [](const Value& node) { return node["spec"]["taints"].size() == 1; });
  return name;
}

Value PodFor(std::string_view name, const std::string& node) {
  return PodForLabel(name, "kubernetes.io/hostname", node);
}

Value PodForLabel(std::string_view name, std::string_view key, std::string_view value) {
  return Pod(name)
      .With({"spec", "nodeSelector"}, Obj({{key, value}}))
      .With({"spec", "tolerations"}, Arr({Obj({{"key", kTaint}, {"operator", "Exists"}})}));
}

Value WithRequest(const Value& pod, std::string_view resource, std::string_view amount) {
  Value container = pod["spec"]["containers"][0].With({"resources", "requests", resource}, amount);
  return pod.With({"spec", "containers"}, Arr({container}));
}

void AddTaint(Context& t, const std::string& node, const Value& taint) {
  ChangeTaints(t, node, [&](const Value& taints) { return taints.Append(taint); });
}

void RemoveTaint(Context& t, const std::string& node, std::string_view key) {
  ChangeTaints(t, node, [&](const Value& taints) {
    std::vector<Value> left;
    for (const Value& taint : taints.items()) {
      if (taint["key"].AsString() != key) left.push_back(taint);
    }
    return Value::Array(std::move(left));
  });
}

bool HasTaint(const Value& node, std::string_view key, std::string_view effect) {
  auto taints = node["spec"]["taints"].items();
  return std::any_of(taints.begin(), taints.end(), [&](const Value& taint) {
    return taint["key"].AsString() == key && taint["effect"].AsString() == effect;
  });
}

bool IsBound(const Value& pod) { return !pod["spec"]["nodeName"].empty(); }

std::string AwaitBound(Context& t, std::string_view name) {
  return t.EventuallyObject(kPods, std::string(name), "the pod has a node", IsBound)["spec"]["nodeName"].str();
}

std::string AwaitUnschedulable(Context& t, std::string_view name, std::string_view reason) {
  std::string what = std::string(name) + " is unschedulable" + (reason.empty() ? "" : ": ") + std::string(reason);
  Value pod = t.EventuallyObject(kPods, std::string(name), what, [&](const Value& p) {
    const Value& condition = ConditionOf(p, "PodScheduled");
    return condition["status"].AsString() == "False" && condition["reason"].AsString() == "Unschedulable" &&
           condition["message"].AsString().find(reason) != std::string_view::npos;
  });
  t.Expect(!IsBound(pod), "the pod has no node");
  return ConditionOf(pod, "PodScheduled")["message"].str();
}

}  // namespace kp::conformance
