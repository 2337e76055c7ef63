#include "reference/controllers/replicaset.h"

#include <algorithm>
#include <tuple>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/client/resources.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;
using client::kPods;
using client::kReplicaSets;

// No more pods are made or removed in one go (upstream's BurstReplicas).
constexpr int64_t kBurst = 500;

bool IsActive(const Value& pod) {
  std::string_view phase = pod.At({"status", "phase"}).AsString();
  if (phase == "Failed" && KP_MUTANT("replicaset-counts-failed-pods")) return true;
  return phase != "Succeeded" && phase != "Failed" && !IsTerminating(pod);
}

int64_t RestartsOf(const Value& pod) {
  int64_t most = 0;
  for (const Value& status : pod.At({"status", "containerStatuses"}).items()) {
    most = std::max(most, status["restartCount"].AsInt());
  }
  return most;
}

// What is deleted first: not assigned, not running, not ready, of lower deletion cost, more of them on
// one node, ready for a shorter time, more restarts, younger (kubernetes pkg/controller ActivePodsWithRanks).
auto DeletionRank(const Value& pod, int64_t peers_on_node) {
  std::string_view phase = pod.At({"status", "phase"}).AsString();
  int phase_rank = phase == "Pending" ? 0 : phase == "Unknown" ? 1 : 2;
  int64_t cost = ParseInt(pod.At({"metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"}).AsString())
                     .value_or(0);
  if (KP_MUTANT("replicaset-ignores-deletion-cost")) cost = 0;
  bool ready = IsPodReady(pod);
  auto time = [](std::string_view text) {
    auto parsed = ParseRfc3339(text);
    return parsed.ok() ? -parsed->time_since_epoch().count() : INT64_MIN;
  };
  return std::tuple(!pod.At({"spec", "nodeName"}).empty(), phase_rank, ready, cost, -peers_on_node,
                    ready ? time(ConditionOf(pod, "Ready")["lastTransitionTime"].AsString()) : 0, -RestartsOf(pod),
                    time(pod.At({"metadata", "creationTimestamp"}).AsString()), pod.At({"metadata", "name"}).str());
}

Value PodFromTemplate(const Value& set) {
  const Value& tmpl = set.At({"spec", "template"});
  Value meta = Obj({{"generateName", set.At({"metadata", "name"}).str() + "-"},
                    {"namespace", set.At({"metadata", "namespace"})},
                    {"ownerReferences", api::Arr({OwnerReferenceTo(set)})}});
  for (std::string_view part : {"labels", "annotations", "finalizers"}) {
    const Value& value = tmpl["metadata"][part];
    if (!value.empty()) meta = meta.With(part, value);
  }
  return Obj({{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", meta}, {"spec", tmpl["spec"]}});
}

void PlanCreates(const Value& set, int64_t count, Plan& plan) {
  std::string ns = set.At({"metadata", "namespace"}).str();
  Value pod = PodFromTemplate(set);
  for (int64_t i = 0; i < std::min(count, kBurst); ++i) {
    Write write = Write::Create({kPods, ns, "", ""}, pod);
    write.event = EventNote{set, "Normal", "SuccessfulCreate", "Created pod: {name}"};
    plan.writes.push_back(std::move(write));
  }
}

void PlanDeletes(const Value& set, std::vector<Value> active, int64_t count, Plan& plan) {
  std::map<std::string, int64_t> on_node;
  for (const Value& pod : active) ++on_node[pod.At({"spec", "nodeName"}).str()];
  using Ranked = std::pair<decltype(DeletionRank(Value(), 0)), Value>;
  std::vector<Ranked> ranked;
  for (const Value& pod : active) {
    ranked.emplace_back(DeletionRank(pod, on_node[pod.At({"spec", "nodeName"}).str()]), pod);
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return KP_MUTANT("replicaset-deletes-ready-first") ? a.first > b.first : a.first < b.first;
  });
  for (int64_t i = 0; i < std::min(count, kBurst); ++i) {
    const Value& pod = ranked[static_cast<size_t>(i)].second;
    std::string name = pod.At({"metadata", "name"}).str();
    client::DeleteOptions options;
    options.precondition_uid = pod.At({"metadata", "uid"}).str();
    Write write = Write::Delete({kPods, pod.At({"metadata", "namespace"}).str(), name, ""}, options);
    if (!KP_MUTANT("replicaset-deletes-in-silence")) {
      write.event = EventNote{set, "Normal", "SuccessfulDelete", "Deleted pod: " + name};
    }
    plan.writes.push_back(std::move(write));
  }
}

// Labels of the template are a part of the pod's.
bool IsFullyLabeled(const Value& set, const Value& pod) {
  for (const api::Member& label : set.At({"spec", "template", "metadata", "labels"}).members()) {
    if (!(pod.At({"metadata", "labels"})[label.key.text()] == label.value)) return false;
  }
  return true;
}

Value StatusOf(const Value& set, const std::vector<Value>& pods, WallTime now, Plan& plan) {
  int64_t fully_labeled = 0;
  int64_t ready = 0;
  int64_t available = 0;
  for (const Value& pod : pods) {
    fully_labeled += IsFullyLabeled(set, pod);
    ready += IsPodReady(pod);
    available += IsPodAvailable(pod, set.At({"spec", "minReadySeconds"}).AsInt(), now, plan.requeue_after);
  }
  Value status = Obj({{"replicas", pods.size()}, {"observedGeneration", set.At({"metadata", "generation"})}});
  if (fully_labeled > 0) status = status.With("fullyLabeledReplicas", fully_labeled);
  if (KP_MUTANT("replicaset-counts-no-ready-pods")) ready = 0;
  if (ready > 0) status = status.With("readyReplicas", ready);
  if (available > 0) status = status.With("availableReplicas", available);
  if (set["status"].Has("conditions")) status = status.With("conditions", set["status"]["conditions"]);
  return status;
}

class ReplicaSetController : public Controller {
 public:
  std::string_view name() const override { return "replicaset"; }
  std::vector<client::Resource> resources() const override { return {kReplicaSets, kPods}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    if (resource == kReplicaSets) {
      keys.insert(client::KeyOf(now.is_null() ? old : now));
      return;
    }
    if ((now.is_null() || IsTerminating(now)) && KP_MUTANT("replicaset-ignores-deletions")) return;
    for (const Value* pod : {&old, &now}) {
      if (pod->is_null()) continue;
      const Value& owner = ControllerOf(*pod);
      if (!owner.is_null()) {
        if (owner["kind"].AsString() != "ReplicaSet") continue;
        keys.insert(client::MakeKey(pod->At({"metadata", "namespace"}).AsString(), owner["name"].AsString()));
        continue;
      }
      // An orphan concerns every set that might adopt it.
      for (const Value& set : view.List(kReplicaSets, pod->At({"metadata", "namespace"}).AsString())) {
        auto selector = api::Selector::FromLabelSelector(set.At({"spec", "selector"}));
        if (selector.ok() && selector->Matches(pod->At({"metadata", "labels"}))) keys.insert(client::KeyOf(set));
      }
    }
  }

  Plan Reconcile(const View& view, const std::string& key, WallTime now) const override {
    Plan plan;
    const Value& set = view.Get(kReplicaSets, key);
    if (set.is_null()) return plan;
    auto selector = api::Selector::FromLabelSelector(set.At({"spec", "selector"}));
    if (!selector.ok()) return plan;
    std::vector<Value> pods = Claim(view, kPods, set, *selector, plan);
    std::erase_if(pods, [](const Value& pod) { return !IsActive(pod); });
    if (!IsTerminating(set)) {
      if (KP_MUTANT("replicaset-replaces-pods-of-an-old-template")) {
        std::erase_if(pods, [&](const Value& pod) {
          if (IsFullyLabeled(set, pod)) return false;
          PlanDeletes(set, {pod}, 1, plan);
          return true;
        });
      }
      int64_t wanted = set.At({"spec", "replicas"}).AsInt(1);
      if (KP_MUTANT("replicaset-makes-one-pod")) wanted = std::min<int64_t>(wanted, 1);
      if (KP_MUTANT("replicaset-keeps-the-last-pod")) wanted = std::max<int64_t>(wanted, 1);
      int64_t have = static_cast<int64_t>(pods.size());
      if (have < wanted && KP_MUTANT("replicaset-makes-one-too-many")) ++wanted;
      if (have < wanted) PlanCreates(set, wanted - have, plan);
      if (have > wanted) PlanDeletes(set, pods, have - wanted, plan);
    }
    Value status = StatusOf(set, pods, now, plan);
    if (!(status == set["status"])) {
      const Value& meta = set["metadata"];
      plan.writes.push_back(Write::Update({kReplicaSets, meta["namespace"].str(), meta["name"].str(), "status"},
                                          set.With("status", status)));
    }
    return plan;
  }
};

}  // namespace

std::unique_ptr<Controller> MakeReplicaSetController() { return std::make_unique<ReplicaSetController>(); }

}  // namespace kp::controllers
