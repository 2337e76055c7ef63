#include <algorithm>
#include <map>
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/objects.h"
#include "reference/base/strings.h"

namespace kp::conformance {

using client::kDeployments;
using client::kPods;
using client::kReplicaSets;

namespace {

constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";

const Value& Web() {
  static const auto* labels = new Value(Obj({{"app", "web"}}));
  return *labels;
}

Value Rolling(int replicas, const Value& max_surge, const Value& max_unavailable) {
  return Deployment("web", replicas, Web())
      .With({"spec", "strategy"},
            Obj({{"type", "RollingUpdate"},
                 {"rollingUpdate", Obj({{"maxSurge", max_surge}, {"maxUnavailable", max_unavailable}})}}));
}

// A new template: the annotation that `kubectl rollout restart` sets.
void Restart(Context& t, std::string_view mark) {
  Value annotations = Obj({{"kubectl.kubernetes.io/restartedAt", mark}});
  t.MustPatch(kDeployments, "web", client::PatchType::kStrategic,
              Obj({{"spec", Obj({{"template", Obj({{"metadata", Obj({{"annotations", annotations}})}})}})}}));
}

// From what is there now on: the pods, and a watch of all that changes after that.
struct PodHistory {
  std::vector<Value> before;
  std::unique_ptr<Watcher> after;
};

PodHistory RecordPods(Context& t) {
  Value list = t.Must(t.List(kPods, {.label_selector = "app=web"}), "list the pods");
  std::string version = list.At({"metadata", "resourceVersion"}).str();
  return {std::vector<Value>(list["items"].items().begin(), list["items"].items().end()),
          t.Watch(kPods, {.label_selector = "app=web", .resource_version = version})};
}

std::string RevisionOf(const Value& object) { return object.At({"metadata", "annotations", kRevision}).str(); }

}  // namespace

BEHAVIOUR("apps/deployment/makes-a-replicaset-named-by-its-template") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 2, Web()));
  AwaitRollout(t, "web");
  std::vector<Value> sets = SetsOf(t, deployment);
  t.ExpectEq(sets.size(), size_t{1}, "number of ReplicaSets");
  std::string hash = sets[0].At({"metadata", "labels", "pod-template-hash"}).str();
  t.Expect(!hash.empty(), "the set has label pod-template-hash");
  t.ExpectEq(NameOf(sets[0]), "web-" + hash, "the set's name");
  t.ExpectEq(sets[0].At({"spec", "selector", "matchLabels", "pod-template-hash"}), hash, "the selector's hash");
  t.ExpectEq(ActivePods(t, "app=web,pod-template-hash=" + hash).size(), size_t{2}, "pods with the hash");
}

BEHAVIOUR("apps/deployment/rolls-out-a-new-template") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 3, Web()));
  AwaitRollout(t, "web");
  std::vector<Value> before = ActivePods(t, "app=web");
  Restart(t, "1");
  AwaitRollout(t, "web");
  t.ExpectEq(SetsOf(t, deployment).size(), size_t{2}, "number of ReplicaSets");
  for (const Value& pod : ActivePods(t, "app=web")) {
    for (const Value& old : before) t.Expect(UidOf(old) != UidOf(pod), "no old pod is left: " + NameOf(pod));
  }
}

BEHAVIOUR("apps/deployment/scaling-is-no-rollout") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 1, Web()));
  AwaitRollout(t, "web");
  t.MustPatch(kDeployments, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 3}})}}));
  Value after = AwaitRollout(t, "web");
  t.ExpectEq(SetsOf(t, deployment).size(), size_t{1}, "number of ReplicaSets");
  t.ExpectEq(RevisionOf(after), "1", "the revision");
}

BEHAVIOUR("apps/deployment/keeps-within-surge-and-unavailable") {
  t.KeepContainersAlive();
  t.MustCreate(kDeployments, Rolling(4, 1, 1));
  AwaitRollout(t, "web");
  PodHistory pods = RecordPods(t);
  Restart(t, "1");
  AwaitRollout(t, "web");
  t.Step("replay the pods' history: at most 5 exist, at least 3 are ready at every moment");
  std::map<std::string, Value> live;
  for (const Value& pod : pods.before) live[UidOf(pod)] = pod;
  t.ExpectEq(live.size(), size_t{4}, "pods before the roll-out");
  for (const WatchRecord& record : pods.after->events()) {
    if (record.type == client::EventType::kBookmark) continue;
    std::string uid = UidOf(record.object);
    bool gone = record.type == client::EventType::kDeleted || IsTerminating(record.object);
    if (gone) {
      live.erase(uid);
    } else {
      live[uid] = record.object;
    }
    auto ready = std::count_if(live.begin(), live.end(), [](const auto& entry) { return IsReady(entry.second); });
    t.Expect(live.size() <= 5, "at most 5 pods, not " + std::to_string(live.size()));
    t.Expect(ready >= 3, "at least 3 ready pods, not " + std::to_string(ready));
  }
  t.Expect(!pods.after->events().empty(), "the watch saw the roll-out");
}

BEHAVIOUR("apps/deployment/recreate-ends-old-pods-first") {
  t.KeepContainersAlive();
  Value deployment = Deployment("web", 2, Web()).With({"spec", "strategy"}, Obj({{"type", "Recreate"}}));
  t.MustCreate(kDeployments, deployment);
  AwaitRollout(t, "web");
  PodHistory pods = RecordPods(t);
  std::set<std::string> old;
  for (const Value& pod : pods.before) old.insert(UidOf(pod));
  Restart(t, "1");
  AwaitRollout(t, "web");
  auto added = [&](const WatchRecord& record) {
    return record.type == client::EventType::kAdded && !old.contains(UidOf(record.object));
  };
  t.Eventually("the watch has told of both new pods",
               [&] { return std::count_if(pods.after->events().begin(), pods.after->events().end(), added) == 2; });
  std::set<std::string> left = old;
  for (const WatchRecord& record : pods.after->events()) {
    bool ended = record.type == client::EventType::kDeleted || IsTerminating(record.object);
    if (ended) left.erase(UidOf(record.object));
    if (added(record)) t.Expect(left.empty(), "a new pod came while an old one was left: " + NameOf(record.object));
  }
}

BEHAVIOUR("apps/deployment/counts-revisions") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 1, Web()));
  t.ExpectEq(RevisionOf(AwaitRollout(t, "web")), "1", "the first revision");
  Restart(t, "1");
  AwaitRollout(t, "web");
  t.EventuallyObject(kDeployments, "web", "revision 2", [](const Value& d) { return RevisionOf(d) == "2"; });
  std::vector<Value> sets = SetsOf(t, deployment);
  t.ExpectEq(sets.size(), size_t{2}, "number of ReplicaSets");
  t.ExpectEq(RevisionOf(sets[0]), "1", "the old set's revision");
  t.ExpectEq(RevisionOf(sets[1]), "2", "the new set's revision");
}

BEHAVIOUR("apps/deployment/returns-to-an-old-template-by-its-old-set") {
  Value first = t.MustCreate(kDeployments, Deployment("web", 1, Web()));
  AwaitRollout(t, "web");
  std::string old_set = NameOf(SetsOf(t, first)[0]);
  Restart(t, "1");
  AwaitRollout(t, "web");
  t.Step("put the first template back, as rollout undo does");
  Value patch = Arr({Obj({{"op", "replace"}, {"path", "/spec/template"}, {"value", first.At({"spec", "template"})}})});
  t.MustPatch(kDeployments, "web", client::PatchType::kJson, patch);
  AwaitRollout(t, "web");
  t.EventuallyObject(kReplicaSets, old_set, "the old set has revision 3 and the pods", [](const Value& set) {
    return RevisionOf(set) == "3" && set.At({"status", "readyReplicas"}).AsInt() == 1;
  });
  t.ExpectEq(SetsOf(t, first).size(), size_t{2}, "number of ReplicaSets");
  Value kept = t.MustGet(kReplicaSets, old_set);
  t.ExpectEq(kept.At({"metadata", "annotations", "deployment.kubernetes.io/revision-history"}), "1",
             "the set's former revision");
}

BEHAVIOUR("apps/deployment/keeps-the-asked-history") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 1, Web()).With({"spec", "revisionHistoryLimit"}, 1));
  AwaitRollout(t, "web");
  for (const char* mark : {"1", "2", "3"}) {
    Restart(t, mark);
    AwaitRollout(t, "web");
  }
  t.Eventually("one old set is left beside the new one", [&] { return SetsOf(t, deployment).size() == 2; });
  std::vector<Value> sets = SetsOf(t, deployment);
  t.ExpectEq(RevisionOf(sets[0]), "3", "the old set that is kept");
}

BEHAVIOUR("apps/deployment/pause-holds-the-rollout-back") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 1, Web()));
  AwaitRollout(t, "web");
  t.MustPatch(kDeployments, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"paused", true}})}}));
  t.EventuallyObject(kDeployments, "web", "Progressing says DeploymentPaused", [](const Value& d) {
    return ConditionOf(d, "Progressing")["reason"].AsString() == "DeploymentPaused";
  });
  Restart(t, "1");
  t.Always(
      "no second set", [&] { return SetsOf(t, deployment).size() == 1; }, 1s);
  t.Step("scaling works while paused");
  t.MustPatch(kDeployments, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 2}})}}));
  t.Eventually("two pods", [&] { return ActivePods(t, "app=web").size() == 2; });
  t.MustPatch(kDeployments, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"paused", Value()}})}}));
  AwaitRollout(t, "web");
  t.ExpectEq(SetsOf(t, deployment).size(), size_t{2}, "number of ReplicaSets after resuming");
}

BEHAVIOUR("apps/deployment/tells-when-the-deadline-passes") {
  // The new pods fit on no node, so nothing can progress.
  Value deployment = Deployment("web", 1, Web())
                         .With({"spec", "progressDeadlineSeconds"}, 2)
                         .With({"spec", "template", "spec", "nodeSelector"}, Obj({{"no-such-label", "x"}}));
  t.MustCreate(kDeployments, deployment);
  t.EventuallyObject(kDeployments, "web", "Progressing is False by ProgressDeadlineExceeded", [](const Value& d) {
    const Value& progressing = ConditionOf(d, "Progressing");
    return progressing["status"].AsString() == "False" &&
           progressing["reason"].AsString() == "ProgressDeadlineExceeded";
  });
}

BEHAVIOUR("apps/deployment/tells-that-the-rollout-is-complete") {
  t.MustCreate(kDeployments, Deployment("web", 1, Web()));
  t.EventuallyObject(kDeployments, "web", "Progressing is True by NewReplicaSetAvailable", [](const Value& d) {
    const Value& progressing = ConditionOf(d, "Progressing");
    return progressing["status"].AsString() == "True" && progressing["reason"].AsString() == "NewReplicaSetAvailable";
  });
}

BEHAVIOUR("apps/deployment/tells-of-availability") {
  Value deployment = Rolling(1, 1, 0).With({"spec", "template", "spec", "nodeSelector"}, Obj({{"no-such-label", "x"}}));
  t.MustCreate(kDeployments, deployment);
  t.EventuallyObject(kDeployments, "web", "Available is False", [](const Value& d) {
    const Value& available = ConditionOf(d, "Available");
    return available["status"].AsString() == "False" && available["reason"].AsString() == "MinimumReplicasUnavailable";
  });
  t.Step("let the pods be scheduled");
  t.MustPatch(kDeployments, "web", client::PatchType::kJson,
              Arr({Obj({{"op", "remove"}, {"path", "/spec/template/spec/nodeSelector"}})}));
  t.EventuallyObject(kDeployments, "web", "Available is True", [](const Value& d) {
    const Value& available = ConditionOf(d, "Available");
    return available["status"].AsString() == "True" && available["reason"].AsString() == "MinimumReplicasAvailable";
  });
}

BEHAVIOUR("apps/deployment/min-ready-seconds-delays-availability") {
  t.Once([&] {
    t.MustCreate(kDeployments, Deployment("web", 1, Web()).With({"spec", "minReadySeconds"}, 4));
    Value ready = t.EventuallyObject(kDeployments, "web", "the replica is ready", [](const Value& d) {
      return d.At({"status", "readyReplicas"}).AsInt() == 1;
    });
    t.ExpectEq(ready.At({"status", "availableReplicas"}).AsInt(), int64_t{0},
               "available replicas when it became ready");
  });
  AwaitRollout(t, "web");
}

BEHAVIOUR("apps/deployment/adopts-a-matching-replicaset") {
  Value labels = Obj({{"app", "web"}});
  t.MustCreate(kReplicaSets, ReplicaSet("by-hand", 1, labels));
  // Who watches two kinds sees no order between them: the set must be known before the Deployment is there.
  t.EventuallyObject(kReplicaSets, "by-hand", "its controller has seen it", [](const Value& set) {
    return set.At({"status", "observedGeneration"}).AsInt() >= 1;
  });
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 1, labels));
  t.EventuallyObject(kReplicaSets, "by-hand", "the Deployment is its controller",
                     [&](const Value& set) { return ControllerOf(set)["uid"].AsString() == UidOf(deployment); });
  AwaitRollout(t, "web");
  t.ExpectEq(SetsOf(t, deployment).size(), size_t{1}, "number of ReplicaSets");
}

BEHAVIOUR("apps/deployment/a-newer-template-overtakes-a-rollout") {
  Value deployment = t.MustCreate(kDeployments, Rolling(2, 1, 0));
  AwaitRollout(t, "web");
  t.Step("a template whose pods fit nowhere");
  t.MustPatch(kDeployments, "web", client::PatchType::kStrategic,
              Obj({{"spec", Obj({{"template", Obj({{"spec", Obj({{"nodeSelector", Obj({{"no-such", "x"}})}})}})}})}}));
  t.Eventually("its set exists", [&] { return SetsOf(t, deployment).size() == 2; });
  t.Step("mended before it is finished");
  t.MustPatch(kDeployments, "web", client::PatchType::kJson,
              Arr({Obj({{"op", "remove"}, {"path", "/spec/template/spec/nodeSelector"}})}));
  Restart(t, "2");
  AwaitRollout(t, "web");
  for (const Value& set : SetsOf(t, deployment)) {
    bool newest = RevisionOf(set) == RevisionOf(t.MustGet(kDeployments, "web"));
    t.ExpectEq(set.At({"spec", "replicas"}), newest ? 2 : 0, "replicas of " + NameOf(set));
  }
}

BEHAVIOUR("apps/deployment/tells-of-each-scaling") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 2, Web()));
  AwaitRollout(t, "web");
  std::string set = NameOf(SetsOf(t, deployment)[0]);
  auto await_event = [&](const std::string& message) {
    t.Eventually("an event says: " + message, [&] {
      for (const Value& event : EventsAbout(t, deployment, "ScalingReplicaSet")) {
        if (event["message"].AsString() == message) return true;
      }
      return false;
    });
  };
  await_event("Scaled up replica set " + set + " from 0 to 2");
  t.MustPatch(kDeployments, "web", client::PatchType::kMerge, Obj({{"spec", Obj({{"replicas", 1}})}}));
  await_event("Scaled down replica set " + set + " from 2 to 1");
}

BEHAVIOUR("apps/deployment/zero-surge-and-zero-unavailable-is-invalid") {
  api::ApiStatus status = t.MustFail(t.Create(kDeployments, Rolling(2, 0, 0)), 422, "Invalid", "maxUnavailable");
  bool named = false;
  for (const api::FieldCause& cause : status.causes()) {
    named |= cause.field == "spec.strategy.rollingUpdate.maxUnavailable";
  }
  t.Expect(named, "the cause names maxUnavailable: " + status.ToString());
}

BEHAVIOUR("apps/deployment/selector-is-immutable") {
  Value deployment = t.MustCreate(kDeployments, Deployment("web", 1, Web()));
  Value changed = Obj({{"app", "web"}, {"more", "x"}});
  Value patch = Obj({{"spec", Obj({{"selector", Obj({{"matchLabels", changed}})},
                                   {"template", Obj({{"metadata", Obj({{"labels", changed}})}})}})}});
  t.ExpectError(t.Patch(kDeployments, "web", client::PatchType::kMerge, patch), 422, "Invalid", "field is immutable");
}

BEHAVIOUR("apps/deployment/defaults") {
  Value made = t.MustCreate(kDeployments, Deployment("web", 1, Web()).Without({"spec", "replicas"}));
  const Value& spec = made["spec"];
  t.ExpectEq(spec["replicas"], 1, "replicas");
  t.ExpectEq(spec["revisionHistoryLimit"], 10, "revisionHistoryLimit");
  t.ExpectEq(spec["progressDeadlineSeconds"], 600, "progressDeadlineSeconds");
  t.ExpectEq(spec["strategy"],
             Obj({{"type", "RollingUpdate"}, {"rollingUpdate", Obj({{"maxSurge", "25%"}, {"maxUnavailable", "25%"}})}}),
             "strategy");
}

}  // namespace kp::conformance
