// Nodes with a kubelet: what they tell, and what follows when they fall silent.
#include <algorithm>
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/nodes/nodes.h"

namespace kp::conformance {

using client::kNodes;
using client::kPods;

namespace {

constexpr std::string_view kUnreachable = "node.kubernetes.io/unreachable";

std::vector<Value> RealNodes(Context& t) {
  std::vector<Value> nodes;
  for (const Value& node : t.MustList(kNodes)) {
    if (!node.At({"status", "nodeInfo", "kubeletVersion"}).empty()) nodes.push_back(node);
  }
  t.Expect(!nodes.empty(), "there is a node");
  return nodes;
}

Value LeaseOf(Context& t, const std::string& node) {
  return t.Must(t.GetAt({client::kLeases, "kube-node-lease", node, ""}), "get the lease of " + node);
}

// Kills the kubelet of a node, and brings it back at the latest when the test ends. Within t.Once: other
// faults have to pause, for what ends them brings back all that is down.
class SilentNode {
 public:
  SilentNode(Context& t, std::string node) : t_(t), process_("kubelet-" + node) {
    t_.Step("kill " + process_);
    Status killed = t_.cluster().faults()->Kill(process_);
    t_.Expect(killed.ok(), "the kubelet is killed: " + killed.ToString());
  }
  ~SilentNode() { ComeBack(); }
  void ComeBack() {
    if (back_) return;
    back_ = true;
    (void)t_.cluster().faults()->Restart(process_);
  }

 private:
  Context& t_;
  std::string process_;
  bool back_ = false;
};

Value AwaitUnreachable(Context& t, const std::string& node) {
  return t.EventuallyObject(
      kNodes, node, "Ready is Unknown and the node is tainted",
      [](const Value& n) {
        return HasCondition(n, "Ready", "Unknown") && HasTaint(n, kUnreachable, "NoSchedule") &&
               HasTaint(n, kUnreachable, "NoExecute");
      },
      90s);
}

}  // namespace

BEHAVIOUR("nodes/registration/tells-what-it-has") {
  for (const Value& node : RealNodes(t)) {
    std::string name = NameOf(node);
    t.Expect(HasCondition(node, "Ready", "True"), name + " is ready");
    for (std::string_view type : {"MemoryPressure", "DiskPressure", "PIDPressure"}) {
      t.Expect(HasCondition(node, type, "False"), name + " has no " + std::string(type));
    }
    for (std::string_view resource : {"cpu", "memory", "pods"}) {
      t.Expect(!node["status"]["capacity"][resource].empty(), name + " has capacity " + std::string(resource));
      t.Expect(!node["status"]["allocatable"][resource].empty(), name + " has allocatable " + std::string(resource));
    }
    std::set<std::string> addresses;
    for (const Value& address : node["status"]["addresses"].items()) addresses.insert(address["type"].str());
    t.Expect(addresses.contains("InternalIP"), name + " has an InternalIP");
    t.ExpectEq(node["metadata"]["labels"]["kubernetes.io/hostname"].empty(), false, "the label hostname is missing");
    t.ExpectEq(node["metadata"]["labels"]["kubernetes.io/os"], "linux", "the label os");
  }
}

BEHAVIOUR("nodes/heartbeat/lease-is-renewed") {
  std::string node = NameOf(RealNodes(t)[0]);
  Value lease = LeaseOf(t, node);
  t.ExpectEq(lease["spec"]["holderIdentity"], node, "holderIdentity");
  t.ExpectEq(lease["spec"]["leaseDurationSeconds"], 40, "leaseDurationSeconds");
  t.ExpectEq(lease["metadata"]["ownerReferences"][0]["kind"], "Node", "kind of its owner");
  t.ExpectEq(lease["metadata"]["ownerReferences"][0]["name"], node, "name of its owner");
  for (int renewals = 0; renewals < 3; ++renewals) {
    Value before = LeaseOf(t, node)["spec"]["renewTime"];
    t.Eventually(
        "the lease is renewed", [&] { return !(LeaseOf(t, node)["spec"]["renewTime"] == before); }, 15s);
  }
}

BEHAVIOUR("nodes/heartbeat/status-is-restored") {
  std::string name = NameOf(RealNodes(t)[0]);
  Value unready = Obj({{"type", "Ready"}, {"status", "False"}, {"reason", "Tested"}, {"message", "written by a test"}});
  t.Must(t.Patch(kNodes, name, client::PatchType::kStrategic, Obj({{"status", Obj({{"conditions", Arr({unready})}})}}),
                 "status"),
         "write another condition");
  t.EventuallyObject(kNodes, name, "the node says that it is ready", [](const Value& n) {
    return HasCondition(n, "Ready", "True") && !HasTaint(n, "node.kubernetes.io/not-ready", "NoExecute");
  });
}

BEHAVIOUR("nodes/registration/pod-subnets-differ") {
  std::set<std::string> subnets;
  std::vector<Value> nodes = RealNodes(t);
  for (const Value& node : nodes) {
    Value with = t.EventuallyObject(kNodes, NameOf(node), "the node has a subnet for its pods",
                                    [](const Value& n) { return !n["spec"]["podCIDR"].empty(); });
    t.ExpectEq(with["spec"]["podCIDRs"][0], with["spec"]["podCIDR"], "the first of podCIDRs");
    subnets.insert(with["spec"]["podCIDR"].str());
  }
  t.ExpectEq(subnets.size(), nodes.size(), "number of distinct subnets");
}

BEHAVIOUR("nodes/registration/pod-subnet-stays") {
  Value node = RealNodes(t)[0];
  node = t.EventuallyObject(kNodes, NameOf(node), "the node has a subnet for its pods",
                            [](const Value& n) { return !n["spec"]["podCIDR"].empty(); });
  Value other = Obj({{"spec", Obj({{"podCIDR", "192.0.2.0/24"}, {"podCIDRs", Arr({"192.0.2.0/24"})}})}});
  t.ExpectError(t.Patch(kNodes, NameOf(node), client::PatchType::kMerge, other), 422, "Invalid");
  t.ExpectEq(t.MustGet(kNodes, NameOf(node))["spec"]["podCIDR"], node["spec"]["podCIDR"], "the subnet");
}

BEHAVIOUR("nodes/failure/a-set-clock-gives-no-node-up") {
  std::vector<Value> nodes = RealNodes(t);
  // Between two heartbeats, so that the next one does not hide what the step did.
  Value renewed = LeaseOf(t, NameOf(nodes[0]))["spec"]["renewTime"];
  t.Eventually(
      "a lease is renewed", [&] { return !(LeaseOf(t, NameOf(nodes[0]))["spec"]["renewTime"] == renewed); }, 15s);
  Status set = t.cluster().faults()->SkewClock("controller-manager-0", 5min);
  if (!set.ok()) t.NotApplicable(set.message());
  t.Always(
      "every node is ready",
      [&] {
        return std::ranges::all_of(
            nodes, [&](const Value& node) { return HasCondition(t.MustGet(kNodes, NameOf(node)), "Ready", "True"); });
      },
      20s);
  (void)t.cluster().faults()->SkewClock("controller-manager-0", Duration(0));
}

BEHAVIOUR("nodes/failure/silent-node-turns-unknown") {
  std::string name = NameOf(RealNodes(t)[0]);
  t.Once([&] {
    SilentNode silent(t, name);
    t.Always(
        "the node is ready for the grace period",
        [&] { return HasCondition(t.MustGet(kNodes, name), "Ready", "True"); }, 25s);
    Value node = AwaitUnreachable(t, name);
    t.ExpectEq(ConditionOf(node, "Ready")["reason"], "NodeStatusUnknown", "reason of Ready");
    t.ExpectEq(ConditionOf(node, "MemoryPressure")["status"], "Unknown", "MemoryPressure");
    t.Step("the kubelet comes back");
    silent.ComeBack();
    t.EventuallyObject(kNodes, name, "it is ready and without taints", [](const Value& n) {
      return HasCondition(n, "Ready", "True") && !HasTaint(n, kUnreachable, "NoSchedule") &&
             !HasTaint(n, kUnreachable, "NoExecute");
    });
  });
}

BEHAVIOUR("nodes/failure/pods-of-a-silent-node-are-evicted") {
  std::string name = NameOf(RealNodes(t)[0]);
  Value soon = Obj({{"key", kUnreachable}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 20}});
  t.MustCreate(kPods, Pod("default").With({"spec", "nodeName"}, name));
  t.MustCreate(kPods, Pod("soon").With({"spec", "nodeName"}, name).With({"spec", "tolerations"}, Arr({soon})));
  AwaitReadyPod(t, "default");
  AwaitReadyPod(t, "soon");
  t.Once([&] {
    SilentNode silent(t, name);
    AwaitUnreachable(t, name);
    t.EventuallyObject(kPods, "default", "its pods are not ready", [](const Value& p) { return !IsReady(p); });
    t.Expect(!IsTerminating(t.MustGet(kPods, "soon")), "a pod that tolerates the taint for 20 s is still there");
    t.EventuallyObject(kPods, "soon", "it is evicted after 20 s", IsTerminating, 40s);
    t.Always(
        "a pod with the default toleration stays", [&] { return !IsTerminating(t.MustGet(kPods, "default")); }, 200s);
    t.EventuallyObject(kPods, "default", "it is evicted after 300 s", IsTerminating, 120s);
  });
}

BEHAVIOUR("nodes/failure/workload-moves-away") {
  Value labels = Obj({{"app", "web"}});
  t.MustCreate(client::kReplicaSets, ReplicaSet("web", 1, labels));
  auto ready_pod = [&](const std::string& not_on) {
    for (const Value& pod : ActivePods(t, "app=web")) {
      if (IsReady(pod) && pod["spec"]["nodeName"].AsString() != not_on) return pod["spec"]["nodeName"].str();
    }
    return std::string();
  };
  t.Eventually("the pod runs", [&] { return !ready_pod("").empty(); });
  std::string lost = ready_pod("");
  t.Once([&] {
    SilentNode silent(t, lost);
    t.Eventually(
        "another pod runs on another node", [&] { return !ready_pod(lost).empty(); }, 480s);
  });
}

}  // namespace kp::conformance
