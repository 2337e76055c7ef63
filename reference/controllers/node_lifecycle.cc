#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/client/resources.h"
#include "reference/controllers/node.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;
using client::kLeases;
using client::kNodes;
using client::kPods;

constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";
constexpr std::string_view kUnreachable = "node.kubernetes.io/unreachable";
constexpr std::string_view kUnschedulable = "node.kubernetes.io/unschedulable";

// The taints that the node's state asks for, by key and effect.
std::vector<std::pair<std::string_view, std::string_view>> WantedTaints(const Value& node, std::string_view ready) {
  std::vector<std::pair<std::string_view, std::string_view>> wanted;
  bool cordoned = node.At({"spec", "unschedulable"}).AsBool() && !KP_MUTANT("node-lifecycle-ignores-cordon");
  if (cordoned) wanted.emplace_back(kUnschedulable, "NoSchedule");
  std::string_view key = ready == "True" ? "" : ready == "Unknown" ? kUnreachable : kNotReady;
  if (!key.empty()) {
    wanted.emplace_back(key, "NoSchedule");
    wanted.emplace_back(key, "NoExecute");
  }
  return wanted;
}

Value TaintsOf(const Value& node, std::string_view ready, WallTime now) {
  auto wanted = WantedTaints(node, ready);
  std::vector<Value> taints;
  for (const Value& taint : node.At({"spec", "taints"}).items()) {
    std::string_view key = taint["key"].AsString();
    bool managed = key == kNotReady || key == kUnreachable || key == kUnschedulable;
    auto at = std::find(wanted.begin(), wanted.end(), std::pair(key, taint["effect"].AsString()));
    if (managed && at == wanted.end()) continue;
    if (at != wanted.end()) wanted.erase(at);
    taints.push_back(taint);
  }
  for (const auto& [key, effect] : wanted) {
    Value taint = Obj({{"key", key}, {"effect", effect}});
    if (effect == "NoExecute") taint = taint.With("timeAdded", FormatRfc3339(now));
    taints.push_back(taint);
  }
  return Value::Array(std::move(taints));
}

Value UnknownConditions(const Value& node, WallTime now) {
  Value conditions = node["status"]["conditions"];
  for (std::string_view type : {"MemoryPressure", "DiskPressure", "PIDPressure", "Ready"}) {
    Value old = ConditionOf(node, type);
    if (old["status"].AsString() == "Unknown") continue;
    std::string_view reason = old.is_null() ? "NodeStatusNeverUpdated" : "NodeStatusUnknown";
    std::string_view message =
        old.is_null() ? "Kubelet never posted node status." : "Kubelet stopped posting node status.";
    Value heartbeat = old.Has("lastHeartbeatTime") ? old["lastHeartbeatTime"] : Value(FormatRfc3339(now));
    conditions = WithCondition(conditions, Obj({{"type", type},
                                                {"status", "Unknown"},
                                                {"reason", reason},
                                                {"message", message},
                                                {"lastHeartbeatTime", heartbeat},
                                                {"lastTransitionTime", FormatRfc3339(now)}}));
  }
  return conditions;
}

class NodeLifecycleController : public Controller {
 public:
  explicit NodeLifecycleController(NodeLifecycleOptions options) : options_(options) {}

  std::string_view name() const override { return "node-lifecycle"; }
  std::vector<client::Resource> resources() const override { return {kNodes, kLeases, kPods}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    const Value& meta = (now.is_null() ? old : now)["metadata"];
    if (resource == kNodes) {
      keys.insert(meta["name"].str());
    } else if (resource == kLeases && meta["namespace"].AsString() == "kube-node-lease") {
      // A renewal needs no look, unless the node was given up.
      const Value& node = view.Get(kNodes, meta["name"].AsString());
      if (old.is_null() || ConditionOf(node, "Ready")["status"].AsString() == "Unknown")
        keys.insert(meta["name"].str());
    }
  }

  Plan Reconcile(const View& view, const std::string& name, WallTime now) const override {
    Plan plan;
    const Value& node = view.Get(kNodes, name);
    if (node.is_null()) {
      heard_.erase(name);
      return plan;
    }
    plan.requeue_after = options_.monitor_period;
    std::string_view ready = ConditionOf(node, "Ready")["status"].AsString("Unknown");
    bool silent = IsSilent(view, node, now) && !KP_MUTANT("node-lifecycle-never-notices");
    if (silent) {
      Value conditions = UnknownConditions(node, now);
      if (!(conditions == node["status"]["conditions"])) {
        plan.writes.push_back(
            Write::Update({kNodes, "", name, "status"}, node.With({"status", "conditions"}, conditions)));
        plan.Tell(node, "Normal", "NodeNotReady", "Node " + name + " status is now: NodeNotReady");
        return plan;
      }
    }
    Value taints = TaintsOf(node, ready, now);
    bool none = taints.empty() && node.At({"spec", "taints"}).empty();
    if (!none && !(taints == node.At({"spec", "taints"}))) {
      plan.writes.push_back(Write::Update({kNodes, "", name, ""}, node.With({"spec", "taints"}, taints)));
    }
    if (ready != "True") MarkPodsNotReady(view, name, now, plan);
    return plan;
  }

 private:
  // Told by this process's own observations: when did the heartbeat last change? The clocks of nodes, which
  // may be skewed, play no part, and a wall clock that is set here gives no node up either.
  bool IsSilent(const View& view, const Value& node, WallTime now) const {
    std::string name = node.At({"metadata", "name"}).str();
    std::string beat = view.Get(kLeases, "kube-node-lease", name).At({"spec", "renewTime"}).str() + "|" +
                       ConditionOf(node, "Ready")["lastHeartbeatTime"].str();
    Heard& heard = heard_[name];
    const Time at = KP_MUTANT("node-lifecycle-trusts-the-wall-clock") ? Time(now.time_since_epoch()) : view.steady();
    if (heard.beat != beat) heard = {beat, at};
    return at - heard.at > options_.grace_period;
  }

  static void MarkPodsNotReady(const View& view, const std::string& node, WallTime now, Plan& plan) {
    for (const Value& pod : view.List(kPods, "")) {
      if (pod.At({"spec", "nodeName"}).AsString() != node || !IsPodReady(pod)) continue;
      Value condition =
          ConditionOf(pod, "Ready").With("status", "False").With("lastTransitionTime", FormatRfc3339(now));
      Value conditions = WithCondition(pod["status"]["conditions"], condition);
      plan.writes.push_back(
          Write::Update({kPods, pod.At({"metadata", "namespace"}).str(), pod.At({"metadata", "name"}).str(), "status"},
                        pod.With({"status", "conditions"}, conditions)));
    }
  }

  struct Heard {
    std::string beat;
    Time at{};
  };
  NodeLifecycleOptions options_;
  // Observations, not decisions: losing them (a restart) only makes the next judgement later.
  mutable std::map<std::string, Heard> heard_;
};

}  // namespace

std::unique_ptr<Controller> MakeNodeLifecycleController(NodeLifecycleOptions options) {
  return std::make_unique<NodeLifecycleController>(options);
}

}  // namespace kp::controllers
