#include "conformance/behaviour.h"
#include "conformance/behaviours/objects.h"

namespace kp::conformance {

using client::kPods;
using client::kReplicaSets;

namespace {

const Value& Web() {
  static const auto* labels = new Value(Obj({{"app", "web"}}));
  return *labels;
}

void AwaitPods(Context& t, size_t count, const std::string& selector = "app=web") {
  t.Eventually(std::to_string(count) + " active pods with " + selector,
               [&] { return ActivePods(t, selector).size() == count; });
}

Value AwaitReady(Context& t, const std::string& name, int64_t count) {
  return t.EventuallyObject(kReplicaSets, name, std::to_string(count) + " replicas are ready", [&](const Value& set) {
    return set.At({"status", "readyReplicas"}).AsInt() == count && set.At({"status", "replicas"}).AsInt() == count;
  });
}

}  // namespace

BEHAVIOUR("apps/replicaset/makes-the-asked-number-of-pods") {
  Value set = t.MustCreate(kReplicaSets, ReplicaSet("web", 3, Web()));
  AwaitPods(t, 3);
  for (const Value& pod : ActivePods(t, "app=web")) {
    t.Expect(NameOf(pod).starts_with("web-"), "the pod is named after its set: " + NameOf(pod));
    const Value& owner = ControllerOf(pod);
    t.ExpectEq(owner["uid"], UidOf(set), "the pod's controller");
    t.ExpectEq(owner["kind"], "ReplicaSet", "the controller's kind");
    t.ExpectEq(owner["apiVersion"], "apps/v1", "the controller's version");
    t.ExpectEq(owner["blockOwnerDeletion"], true, "blockOwnerDeletion");
  }
  t.Always(
      "no more than 3 pods", [&] { return ActivePods(t, "app=web").size() == 3; }, 1s);
}

BEHAVIOUR("apps/replicaset/replaces-a-deleted-pod") {
  t.MustCreate(kReplicaSets, ReplicaSet("web", 2, Web()));
  // Ready, so that nothing but the deletion happens to them.
  AwaitReady(t, "web", 2);
  Value victim = ActivePods(t, "app=web")[0];
  t.Step("delete pod " + NameOf(victim));
  t.MustDelete(kPods, NameOf(victim));
  t.Eventually("two pods again, the deleted one not among them", [&] {
    std::vector<Value> pods = ActivePods(t, "app=web");
    return pods.size() == 2 && UidOf(pods[0]) != UidOf(victim) && UidOf(pods[1]) != UidOf(victim);
  });
}

BEHAVIOUR("apps/replicaset/replaces-a-failed-pod") {
  t.MustCreate(kReplicaSets, ReplicaSet("web", 1, Web()));
  AwaitReady(t, "web", 1);
  Value pod = ActivePods(t, "app=web")[0];
  t.Step("mark pod " + NameOf(pod) + " as failed");
  t.Must(
      t.Patch(kPods, NameOf(pod), client::PatchType::kMerge, Obj({{"status", Obj({{"phase", "Failed"}})}}), "status"),
      "write the pod's status");
  t.Eventually("another pod takes its place", [&] {
    std::vector<Value> pods = ActivePods(t, "app=web");
    return pods.size() == 1 && UidOf(pods[0]) != UidOf(pod);
  });
}

BEHAVIOUR("apps/replicaset/adopts-matching-orphan") {
  Value orphan = t.MustCreate(kPods, Pod("orphan", Web()));
  Value set = t.MustCreate(kReplicaSets, ReplicaSet("web", 1, Web()));
  t.EventuallyObject(kPods, "orphan", "the ReplicaSet is its controller",
                     [&](const Value& pod) { return ControllerOf(pod)["uid"].AsString() == UidOf(set); });
  t.Always(
      "no further pod is made", [&] { return ActivePods(t, "app=web").size() == 1; }, 1s);
}

BEHAVIOUR("apps/replicaset/releases-a-pod-whose-labels-change") {
  Value set = t.MustCreate(kReplicaSets, ReplicaSet("web", 1, Web()));
  AwaitPods(t, 1);
  std::string name = NameOf(ActivePods(t, "app=web")[0]);
  t.Step("take pod " + name + " out of the selector");
  t.MustPatch(kPods, name, client::PatchType::kMerge, Obj({{"metadata", Obj({{"labels", Obj({{"app", "other"}})}})}}));
  t.EventuallyObject(kPods, name, "it has no controller", [](const Value& pod) { return ControllerOf(pod).is_null(); });
  AwaitPods(t, 1);
  t.Expect(!IsTerminating(t.MustGet(kPods, name)), "the released pod lives on");
  t.ExpectEq(ControllerOf(ActivePods(t, "app=web")[0])["uid"], UidOf(set), "the replacement's controller");
}

BEHAVIOUR("apps/replicaset/does-not-take-pods-of-another-controller") {
  t.MustCreate(kReplicaSets, ReplicaSet("first", 2, Web()));
  AwaitPods(t, 2);
  Value second = t.MustCreate(kReplicaSets, ReplicaSet("second", 1, Web()));
  AwaitPods(t, 3);
  size_t own = 0;
  for (const Value& pod : ActivePods(t, "app=web")) own += ControllerOf(pod)["uid"].AsString() == UidOf(second);
  t.ExpectEq(own, size_t{1}, "pods of the second set");
  t.Always(
      "both keep their own", [&] { return ActivePods(t, "app=web").size() == 3; }, 1s);
}

BEHAVIOUR("apps/replicaset/deletes-unready-pods-first") {
  Value set = ReplicaSet("web", 3, Web());
  t.MustCreate(kReplicaSets, set);
  AwaitReady(t, "web", 3);
  // A fourth pod that can be scheduled nowhere: of all it is the least useful.
  Value pending = Pod("pending", Web()).With({"spec", "nodeSelector"}, Obj({{"no-such-label", "x"}}));
  t.MustPatch(kReplicaSets, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 4}})}}));
  AwaitReady(t, "web", 4);
  t.MustCreate(kPods, pending);
  t.Eventually("the set is down to four, the pending pod gone", [&] {
    std::vector<Value> pods = ActivePods(t, "app=web");
    if (pods.size() != 4) return false;
    for (const Value& pod : pods) {
      if (NameOf(pod) == "pending") return false;
    }
    return true;
  });
}

BEHAVIOUR("apps/replicaset/deletes-pods-of-lower-deletion-cost-first") {
  t.MustCreate(kReplicaSets,
               ReplicaSet("web", 3, Web()).With({"spec", "template", "metadata", "labels", "tier"}, "front"));
  AwaitReady(t, "web", 3);
  std::string cheap = NameOf(ActivePods(t, "app=web")[1]);
  Value annotations = Obj({{"controller.kubernetes.io/pod-deletion-cost", "-10"}});
  Value labels = Obj({{"tier", "back"}});
  t.MustPatch(kPods, cheap, client::PatchType::kMerge,
              Obj({{"metadata", Obj({{"annotations", annotations}, {"labels", labels}})}}));
  // The cost counts from when it is known, and the label shows that it is.
  t.EventuallyObject(kReplicaSets, "web", "the change of the pod is known", [](const Value& s) {
    return s.At({"status", "fullyLabeledReplicas"}).AsInt() == 2;
  });
  t.MustPatch(kReplicaSets, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 2}})}}));
  t.EventuallyGone(kPods, cheap);
  AwaitPods(t, 2);
}

BEHAVIOUR("apps/replicaset/reports-status") {
  t.MustCreate(kReplicaSets, ReplicaSet("web", 2, Web()));
  Value set = AwaitReady(t, "web", 2);
  set = t.EventuallyObject(kReplicaSets, "web", "all counts are told", [](const Value& s) {
    return s.At({"status", "availableReplicas"}).AsInt() == 2 && s.At({"status", "fullyLabeledReplicas"}).AsInt() == 2;
  });
  t.ExpectEq(set.At({"status", "observedGeneration"}), set.At({"metadata", "generation"}), "observedGeneration");
}

BEHAVIOUR("apps/replicaset/counts-as-available-after-min-ready-seconds") {
  t.Once([&] {
    t.MustCreate(kReplicaSets, ReplicaSet("web", 1, Web()).With({"spec", "minReadySeconds"}, 4));
    Value ready = AwaitReady(t, "web", 1);
    t.ExpectEq(ready.At({"status", "availableReplicas"}).AsInt(), int64_t{0},
               "available replicas when it became ready");
  });
  t.EventuallyObject(kReplicaSets, "web", "the replica counts as available", [](const Value& s) {
    return s.At({"status", "availableReplicas"}).AsInt() == 1;
  });
}

BEHAVIOUR("apps/replicaset/tells-of-created-and-deleted-pods") {
  Value set = t.MustCreate(kReplicaSets, ReplicaSet("web", 1, Web()));
  AwaitPods(t, 1);
  std::string pod = NameOf(ActivePods(t, "app=web")[0]);
  t.Eventually("an event names the created pod", [&] {
    for (const Value& event : EventsAbout(t, set, "SuccessfulCreate")) {
      if (event["message"].AsString() == "Created pod: " + pod) return true;
    }
    return false;
  });
  t.MustPatch(kReplicaSets, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 0}})}}));
  t.Eventually("an event names the deleted pod", [&] {
    for (const Value& event : EventsAbout(t, set, "SuccessfulDelete")) {
      if (event["message"].AsString() == "Deleted pod: " + pod) return true;
    }
    return false;
  });
}

BEHAVIOUR("apps/replicaset/template-change-leaves-running-pods") {
  t.MustCreate(kReplicaSets, ReplicaSet("web", 1, Web()));
  AwaitReady(t, "web", 1);
  Value before = ActivePods(t, "app=web")[0];
  Value labels = Obj({{"spec", Obj({{"template", Obj({{"metadata", Obj({{"labels", Obj({{"tier", "new"}})}})}})}})}});
  t.MustPatch(kReplicaSets, "web", client::PatchType::kStrategic, labels);
  t.Always(
      "the old pod stays as it is",
      [&] {
        std::vector<Value> pods = ActivePods(t, "app=web");
        return pods.size() == 1 && UidOf(pods[0]) == UidOf(before);
      },
      1s);
  t.MustPatch(kReplicaSets, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 2}})}}));
  t.Eventually("the next pod has the new label", [&] { return ActivePods(t, "app=web,tier=new").size() == 1; });
}

BEHAVIOUR("apps/replicaset/scales-to-zero-and-stays") {
  t.MustCreate(kReplicaSets, ReplicaSet("web", 2, Web()));
  AwaitPods(t, 2);
  t.MustPatch(kReplicaSets, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 0}})}}));
  AwaitPods(t, 0);
  t.EventuallyObject(kReplicaSets, "web", "status.replicas is 0", [](const Value& s) {
    return s.At({"status", "replicas"}).AsInt() == 0;
  });
}

BEHAVIOUR("apps/replicaset/selector-must-match-template") {
  Value set = ReplicaSet("web", 1, Web()).With({"spec", "template", "metadata", "labels"}, Obj({{"app", "other"}}));
  api::ApiStatus status = t.MustFail(t.Create(kReplicaSets, set), 422, "Invalid", "selector");
  bool named = false;
  for (const api::FieldCause& cause : status.causes()) named |= cause.field == "spec.template.metadata.labels";
  t.Expect(named, "the cause names spec.template.metadata.labels: " + status.ToString());
  t.ExpectError(t.Get(kReplicaSets, "web"), 404, "NotFound");
}

}  // namespace kp::conformance
