#include <algorithm>
#include <optional>

#include "reference/base/mutant.h"
#include "reference/client/resources.h"
#include "reference/controllers/node.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {
namespace {

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

// When the pod has to go: nothing for never.
std::optional<WallTime> EvictionTime(const Value& pod, const Value& node, WallTime now) {
  std::optional<WallTime> earliest;
  for (const Value& taint : node.At({"spec", "taints"}).items()) {
    if (taint["effect"].AsString() != "NoExecute") continue;
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
    auto added = ParseRfc3339(taint["timeAdded"].AsString());
    WallTime start = added.ok() ? *added : now;
    WallTime at = tolerated ? start + std::chrono::seconds(*seconds) : now;
    if (KP_MUTANT("taint-eviction-ignores-toleration-seconds")) at = now;
    earliest = std::min(earliest.value_or(at), at);
  }
  return earliest;
}

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
    if (pod.is_null() || IsTerminating(pod)) return plan;
    const Value& node = view.Get(kNodes, pod.At({"spec", "nodeName"}).AsString());
    std::optional<WallTime> at = EvictionTime(pod, node, now);
    if (!at) return plan;
    if (*at > now) {
      plan.requeue_after = *at - now;
      return plan;
    }
    client::DeleteOptions options;
    options.precondition_uid = pod.At({"metadata", "uid"}).str();
    auto [ns, name] = client::SplitKey(key);
    Write write = Write::Delete({kPods, ns, name, ""}, options);
    write.event = EventNote{pod, "Normal", "TaintManagerEviction", "Marking for deletion Pod " + key};
    plan.writes.push_back(std::move(write));
    return plan;
  }
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
