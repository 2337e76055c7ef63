#include <algorithm>
#include <map>
#include <optional>

#include "reference/base/mutant.h"
#include "reference/client/resources.h"
#include "reference/controllers/node.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;
using client::kNodes;
using client::kPods;

// core/v1 Toleration: an empty key with Exists tolerates all; an empty effect any effect.
bool Tolerates(const Value& toleration, const Value& taint) {
  if (!toleration["effect"].empty() && !(toleration["effect"] == taint["effect"])) return false;
  if (!toleration["key"].empty() && !(toleration["key"] == taint["key"])) return false;
  std::string_view op = toleration["operator"].AsString("Equal");
  if (op == "Exists") return true;
  return toleration["value"].AsString() == taint["value"].AsString() && !toleration["key"].empty();
}

// How long the pod may stay: nothing for ever.
std::optional<Duration> ToleratedTime(const Value& pod, const Value& node) {
  std::optional<Duration> shortest;
  for (const Value& taint : node.At({"spec", "taints"}).items()) {
    bool every = KP_MUTANT("taint-eviction-minds-every-effect");
    if (taint["effect"].AsString() != "NoExecute" && !every) continue;
    std::optional<int64_t> seconds;
    bool tolerated = false;
    for (const Value& toleration : pod.At({"spec", "tolerations"}).items()) {
      if (!Tolerates(toleration, taint)) continue;
      tolerated = true;
      if (!toleration.Has("tolerationSeconds")) continue;
      int64_t given = std::max<int64_t>(0, toleration["tolerationSeconds"].AsInt());
      seconds = std::min(seconds.value_or(INT64_MAX), given);
    }
    if (tolerated && !seconds) continue;
    Duration time = std::chrono::seconds(tolerated ? *seconds : 0);
    if (KP_MUTANT("taint-eviction-ignores-toleration-seconds")) time = Duration(0);
    shortest = std::min(shortest.value_or(time), time);
  }
  return shortest;
}

bool IsMarked(const Value& pod) { return ConditionOf(pod, "DisruptionTarget")["status"].AsString() == "True"; }

class TaintEvictionController : public Controller {
 public:
  std::string_view name() const override { return "taint-eviction"; }
  std::vector<client::Resource> resources() const override { return {kPods, kNodes}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    if (resource == kPods) {
      bool bound = !now.At({"spec", "nodeName"}).empty();
      if (bound && !(old.At({"spec"}) == now.At({"spec"}))) keys.insert(client::KeyOf(now));
      return;
    }
    if (old.At({"spec", "taints"}) == now.At({"spec", "taints"})) return;
    std::string_view name = (now.is_null() ? old : now).At({"metadata", "name"}).AsString();
    for (const Value& pod : view.List(kPods, "")) {
      if (pod.At({"spec", "nodeName"}).AsString() == name) keys.insert(client::KeyOf(pod));
    }
  }

  Plan Reconcile(const View& view, const std::string& key, WallTime now) const override {
    Plan plan;
    const Value& pod = view.Get(kPods, key);
    const Value& node = view.Get(kNodes, pod.At({"spec", "nodeName"}).AsString());
    std::optional<Duration> time;
    bool idle = KP_MUTANT("taint-eviction-never-evicts");
    if (!pod.is_null() && !IsTerminating(pod) && !idle) time = ToleratedTime(pod, node);
    if (!time) {
      tainted_since_.erase(key);
      return plan;
    }
    std::string uid = pod.At({"metadata", "uid"}).str();
    Since& since = tainted_since_[key];
    if (since.uid != uid) since = {uid, view.steady()};
    if (since.at + *time > view.steady()) {
      plan.requeue_after = since.at + *time - view.steady();
      return plan;
    }
    auto [ns, name] = client::SplitKey(key);
    if (!IsMarked(pod) && !KP_MUTANT("taint-eviction-marks-nothing")) {
      Value condition = Obj({{"type", "DisruptionTarget"},
                             {"status", "True"},
                             {"reason", "DeletionByTaintManager"},
                             {"message", "Taint manager: deleting due to NoExecute taint"},
                             {"lastTransitionTime", FormatRfc3339(now)}});
      Value patch = Obj({{"metadata", Obj({{"uid", uid}})}, {"status", Obj({{"conditions", api::Arr({condition})}})}});
      plan.writes.push_back(Write::Patch({kPods, ns, name, "status"}, client::PatchType::kStrategic, patch));
      plan.requeue_after = Duration(1ms);
      return plan;
    }
    client::DeleteOptions options;
    options.precondition_uid = uid;
    Write write = Write::Delete({kPods, ns, name, ""}, options);
    write.event = EventNote{pod, "Normal", "TaintManagerEviction", "Marking for deletion Pod " + key};
    plan.writes.push_back(std::move(write));
    return plan;
  }

 private:
  struct Since {
    std::string uid;
    Time at{};
  };
  // Since when this process has known of a taint that ends the pod's stay, as upstream counts; taints that
  // users add carry no time. Losing it (a restart) only makes an eviction later.
  mutable std::map<std::string, Since> tainted_since_;
};

// A pod bound to a node that is not there will never be stopped by a kubelet.
class PodGcController : public Controller {
 public:
  std::string_view name() const override { return "pod-garbage-collector"; }
  std::vector<client::Resource> resources() const override { return {kPods, kNodes}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    if (resource == kPods) {
      if (!now.is_null() && !now.At({"spec", "nodeName"}).empty() && old.At({"spec", "nodeName"}).empty()) {
        keys.insert(client::KeyOf(now));
      }
      return;
    }
    if (!now.is_null()) return;
    for (const Value& pod : view.List(kPods, "")) {
      if (pod.At({"spec", "nodeName"}) == old.At({"metadata", "name"})) keys.insert(client::KeyOf(pod));
    }
  }

  Plan Reconcile(const View& view, const std::string& key, WallTime) const override {
    Plan plan;
    const Value& pod = view.Get(kPods, key);
    std::string node = pod.At({"spec", "nodeName"}).str();
    if (KP_MUTANT("pod-gc-never-collects")) return plan;
    if (pod.is_null() || node.empty() || !view.Get(kNodes, node).is_null()) return plan;
    client::DeleteOptions options;
    options.precondition_uid = pod.At({"metadata", "uid"}).str();
    options.grace_period_seconds = 0;
    plan.absent.push_back({{kNodes, "", node, ""}, ""});
    auto [ns, name] = client::SplitKey(key);
    plan.writes.push_back(Write::Delete({kPods, ns, name, ""}, options));
    return plan;
  }
};

}  // namespace

std::unique_ptr<Controller> MakeTaintEvictionController() { return std::make_unique<TaintEvictionController>(); }
std::unique_ptr<Controller> MakePodGcController() { return std::make_unique<PodGcController>(); }

}  // namespace kp::controllers
