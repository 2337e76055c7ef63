// Workloads that are changed while they still follow the change before.
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/objects.h"

namespace kp::conformance {

using client::kDeployments;
using client::kPods;
using client::kReplicaSets;

namespace {

constexpr const char* kMark = "kubectl.kubernetes.io/restartedAt";
constexpr int kChanges = 12;
constexpr int kReplicas = 30;

Value Web() { return Obj({{"app", "web"}}); }

}  // namespace

BEHAVIOUR("apps/deployment/ends-at-the-last-of-many-changes") {
  t.MustCreate(kDeployments, Deployment("web", 3, Web()));
  for (int change = 1; change <= kChanges; ++change) {
    // Under faults there is time for each change to meet some.
    t.Sleep(t.UnderFaults() ? 700ms : 50ms);
    Value annotations = Obj({{kMark, std::to_string(change)}});
    Value pod_template = Obj({{"metadata", Obj({{"annotations", annotations}})}});
    t.MustPatch(kDeployments, "web", client::PatchType::kStrategic,
                Obj({{"spec", Obj({{"replicas", 2 + change % 3}, {"template", pod_template}})}}));
  }
  AwaitRollout(t, "web");
  std::vector<Value> pods = ActivePods(t, "app=web");
  t.ExpectEq(pods.size(), size_t{2 + kChanges % 3}, "pods of the last size");
  for (const Value& pod : pods) {
    t.ExpectEq(pod.At({"metadata", "annotations", kMark}), std::to_string(kChanges), "the template of " + NameOf(pod));
  }
}

BEHAVIOUR("apps/replicaset/each-of-many-gets-its-pods") {
  constexpr int kSets = 12;
  auto name = [](int i) { return "web-" + std::to_string(i); };
  for (int i = 0; i < kSets; ++i) {
    if (t.UnderFaults()) t.Sleep(500ms);
    t.MustCreate(kReplicaSets, ReplicaSet(name(i), 2, Obj({{"app", name(i)}})));
  }
  for (int i = 0; i < kSets; ++i) {
    t.EventuallyObject(kReplicaSets, name(i), "its pods are ready", [](const Value& set) {
      return set.At({"status", "readyReplicas"}).AsInt() == 2;
    });
  }
}

BEHAVIOUR("apps/replicaset/makes-no-pod-too-many") {
  // A create whose answer is lost is repeated, and may then have been done twice.
  t.Once([&] {
    auto watch = t.Watch(kPods, {.label_selector = "app=web"});
    t.MustCreate(kReplicaSets, ReplicaSet("web", kReplicas, Web()));
    t.EventuallyObject(kReplicaSets, "web", "all pods are ready", [](const Value& set) {
      return set.At({"status", "readyReplicas"}).AsInt() == int64_t{kReplicas};
    });
    std::set<std::string> made;
    for (const WatchRecord& event : watch->events()) {
      if (event.type == client::EventType::kAdded) made.insert(UidOf(event.object));
    }
    t.ExpectEq(made.size(), size_t{kReplicas}, "pods that were ever made");
  });
}

}  // namespace kp::conformance
