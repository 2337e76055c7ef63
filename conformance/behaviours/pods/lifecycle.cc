// From the first container to the last: phases, restarts, init containers, images.
#include <algorithm>
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

using client::kPods;

BEHAVIOUR("pods/status/of-a-running-pod") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, Pod("p"));
  Value pod = AwaitReadyPod(t, "p");
  t.ExpectEq(pod.At({"status", "phase"}), "Running", "phase");
  Value node = t.MustGet(client::kNodes, pod["spec"]["nodeName"].str());
  std::string internal;
  for (const Value& address : node["status"]["addresses"].items()) {
    if (address["type"].AsString() == "InternalIP") internal = address["address"].str();
  }
  t.ExpectEq(pod["status"]["hostIP"], internal, "hostIP");
  t.Expect(!pod["status"]["podIP"].empty(), "the pod has an address");
  t.ExpectEq(pod["status"]["podIPs"][0]["ip"], pod["status"]["podIP"], "the first of podIPs");
  t.Expect(!pod["status"]["startTime"].empty(), "startTime is set");
  const Value& status = StatusOf(pod, "c");
  t.ExpectEq(status["ready"], true, "the container's ready");
  t.ExpectEq(status["started"], true, "the container's started");
  t.ExpectEq(status["restartCount"], 0, "the container's restartCount");
  t.Expect(status["state"].Has("running") && !status["state"]["running"]["startedAt"].empty(), "it tells its start");
  t.Expect(!status["containerID"].empty(), "the container has an id");
}

BEHAVIOUR("pods/status/conditions") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, Pod("p"));
  Value pod = AwaitReadyPod(t, "p");
  for (std::string_view type : {"PodScheduled", "Initialized", "ContainersReady", "Ready"}) {
    t.Expect(HasCondition(pod, type, "True"), "condition " + std::string(type) + " is True");
    t.Expect(!ConditionOf(pod, type)["lastTransitionTime"].empty(), "its transition time is told");
  }
  t.MustCreate(kPods, WithPolicy(Pod("done", Value(), {"exit", "0"}), "Never"));
  pod = AwaitPhase(t, "done", "Succeeded");
  for (std::string_view type : {"ContainersReady", "Ready"}) {
    t.ExpectEq(ConditionOf(pod, type)["status"], "False", std::string(type) + " of an ended pod");
    t.ExpectEq(ConditionOf(pod, type)["reason"], "PodCompleted", "reason of " + std::string(type));
  }
}

BEHAVIOUR("pods/status/addresses-differ") {
  t.KeepContainersAlive();
  // On one node: each node has a subnet of its own.
  t.MustCreate(kPods, Pod("a"));
  Value node = AwaitReadyPod(t, "a")["spec"]["nodeName"];
  for (const char* name : {"b", "c"}) t.MustCreate(kPods, Pod(name).With({"spec", "nodeName"}, node));
  t.Eventually("three ready pods have three addresses", [&] {
    std::set<std::string> addresses;
    for (const Value& pod : t.MustList(kPods)) {
      if (IsReady(pod)) addresses.insert(pod["status"]["podIP"].str());
    }
    return addresses.size() == 3;
  });
}

BEHAVIOUR("pods/phase/succeeded-when-all-exit-with-zero") {
  t.KeepContainersAlive();
  Value pod = PodOf("p", {Container("a", {"exit", "0"}), Container("b", {"exit", "0", "--after=300ms"})});
  t.MustCreate(kPods, WithPolicy(pod, "Never"));
  pod = AwaitPhase(t, "p", "Succeeded");
  for (const char* name : {"a", "b"}) {
    const Value& ended = StatusOf(pod, name)["state"]["terminated"];
    t.ExpectEq(ended["exitCode"], 0, std::string("exit code of ") + name);
    t.ExpectEq(ended["reason"], "Completed", std::string("reason of ") + name);
    t.ExpectEq(RestartsOf(pod, name), int64_t{0}, std::string("restarts of ") + name);
  }
  KeepsPhase(t, "p", "Succeeded");
}

BEHAVIOUR("pods/phase/failed-when-one-fails") {
  t.KeepContainersAlive();
  Value pod = PodOf("p", {Container("a", {"exit", "0"}), Container("b", {"exit", "3"})});
  t.MustCreate(kPods, WithPolicy(pod, "Never"));
  pod = AwaitPhase(t, "p", "Failed");
  const Value& ended = StatusOf(pod, "b")["state"]["terminated"];
  t.ExpectEq(ended["exitCode"], 3, "exit code");
  t.ExpectEq(ended["reason"], "Error", "reason");
  t.ExpectEq(RestartsOf(pod, "b"), int64_t{0}, "restarts");
  KeepsPhase(t, "p", "Failed");
}

BEHAVIOUR("pods/phase/running-while-one-runs") {
  t.KeepContainersAlive();
  Value pod = PodOf("p", {Container("a", {"exit", "3"}), Container("b")});
  t.MustCreate(kPods, WithPolicy(pod, "Never"));
  t.EventuallyObject(kPods, "p", "one has ended, one runs", [](const Value& p) {
    return StatusOf(p, "a")["state"].Has("terminated") && StatusOf(p, "b")["state"].Has("running");
  });
  KeepsPhase(t, "p", "Running");
  t.Expect(!IsReady(t.MustGet(kPods, "p")), "the pod is not ready");
}

BEHAVIOUR("pods/restart/always-restarts-what-ended") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, Pod("p", Value(), {"exit", "0", "--after=200ms"}));
  Value pod =
      t.EventuallyObject(kPods, "p", "it was restarted", [](const Value& p) { return RestartsOf(p, "c") == 1; });
  t.ExpectEq(pod.At({"status", "phase"}), "Running", "phase");
}

BEHAVIOUR("pods/restart/on-failure-restarts-failures-alone") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, WithPolicy(Pod("good", Value(), {"exit", "0"}), "OnFailure"));
  t.MustCreate(kPods, WithPolicy(Pod("bad", Value(), {"exit", "3", "--after=200ms"}), "OnFailure"));
  Value pod =
      t.EventuallyObject(kPods, "bad", "it was restarted", [](const Value& p) { return RestartsOf(p, "c") == 1; });
  t.ExpectEq(pod.At({"status", "phase"}), "Running", "phase of the failing pod");
  t.ExpectEq(RestartsOf(AwaitPhase(t, "good", "Succeeded"), "c"), int64_t{0}, "restarts of the good one");
}

BEHAVIOUR("pods/restart/keeps-the-last-state") {
  t.KeepContainersAlive();
  Value pod = PodOf("p", {Container("a", {"exit", "3", "--after=200ms"}), Container("b")});
  t.MustCreate(kPods, pod);
  pod = t.EventuallyObject(kPods, "p", "it runs again", [](const Value& p) {
    return RestartsOf(p, "a") == 1 && StatusOf(p, "a")["lastState"].Has("terminated");
  });
  t.ExpectEq(StatusOf(pod, "a")["lastState"]["terminated"]["exitCode"], 3, "exit code of the last run");
  t.ExpectEq(RestartsOf(pod, "b"), int64_t{0}, "restarts of the sibling");
  t.Expect(StatusOf(pod, "b")["lastState"].empty(), "the sibling has no former run");
}

BEHAVIOUR("pods/restart/waits-longer-each-time") {
  t.Once([&] {
    t.MustCreate(kPods, Pod("p", Value(), {"exit", "1", "--after=2s"}));
    t.EventuallyObject(kPods, "p", "it waits in CrashLoopBackOff", [](const Value& p) {
      return StatusOf(p, "c")["state"]["waiting"]["reason"].AsString() == "CrashLoopBackOff";
    });
    Value waiting = t.MustGet(kPods, "p");
    t.ExpectEq(waiting.At({"status", "phase"}), "Running", "phase while it waits");
    t.Expect(!IsReady(waiting), "it is not ready while it waits");
    // Times are told in whole seconds; a kubelet may be late.
    for (auto [restarts, least, most] : {std::tuple(2, 9, 20), std::tuple(3, 19, 35), std::tuple(4, 39, 65)}) {
      Value pod = t.EventuallyObject(
          kPods, "p", "restart " + std::to_string(restarts) + " runs",
          [&, restarts = restarts](const Value& p) {
            return RestartsOf(p, "c") == restarts && StatusOf(p, "c")["state"].Has("running");
          },
          120s);
      int64_t waited = SecondsBetween(StatusOf(pod, "c")["lastState"]["terminated"]["finishedAt"],
                                      StatusOf(pod, "c")["state"]["running"]["startedAt"]);
      t.Expect(waited >= least && waited <= most, "restart " + std::to_string(restarts) + " after " +
                                                      std::to_string(least) + " to " + std::to_string(most) +
                                                      " s, not " + std::to_string(waited));
    }
  });
}

BEHAVIOUR("pods/init/run-one-by-one-before-the-others") {
  t.KeepContainersAlive();
  Value init = Arr({Container("first", {"exit", "0", "--after=300ms"}), Container("second", {"exit", "0"})});
  auto watch = t.Watch(kPods);
  t.MustCreate(kPods, PodOf("p", {Container("app")}).With({"spec", "initContainers"}, init));
  AwaitReadyPod(t, "p");
  t.Eventually("the watch has seen the pod ready", [&] {
    return std::any_of(watch->events().begin(), watch->events().end(),
                       [](const WatchRecord& record) { return IsReady(record.object); });
  });
  auto started = [](const Value& pod, std::string_view name) {
    const Value& state = StatusOf(pod, name)["state"];
    return state.Has("running") || state.Has("terminated");
  };
  auto ended = [](const Value& pod, std::string_view name) {
    return StatusOf(pod, name)["state"]["terminated"]["reason"].AsString() == "Completed";
  };
  bool seen_waiting = false;
  for (const WatchRecord& record : watch->events()) {
    const Value& pod = record.object;
    if (!ended(pod, "first")) t.Expect(!started(pod, "second"), "the second waits for the first");
    if (!ended(pod, "second")) t.Expect(!started(pod, "app"), "the containers wait for the last");
    bool waits = StatusOf(pod, "app")["state"]["waiting"]["reason"].AsString() == "PodInitializing";
    seen_waiting |= waits && HasCondition(pod, "Initialized", "False") && HasPhase(pod, "Pending");
  }
  t.Expect(seen_waiting, "the pod was told as Pending, not Initialized, its container PodInitializing");
  t.Expect(HasCondition(t.MustGet(kPods, "p"), "Initialized", "True"), "Initialized is True at the end");
}

BEHAVIOUR("pods/init/failure-fails-a-pod-that-never-restarts") {
  t.KeepContainersAlive();
  Value init = Arr({Container("first", {"exit", "3"}), Container("second", {"exit", "0"})});
  Value pod = WithPolicy(PodOf("p", {Container("app")}), "Never").With({"spec", "initContainers"}, init);
  t.MustCreate(kPods, pod);
  pod = AwaitPhase(t, "p", "Failed");
  t.ExpectEq(StatusOf(pod, "first")["state"]["terminated"]["exitCode"], 3, "exit code of the failed one");
  t.Expect(!HasCondition(pod, "Initialized", "True"), "Initialized is not True");
  KeepsPhase(t, "p", "Failed");
  pod = t.MustGet(kPods, "p");
  for (const char* name : {"second", "app"}) {
    t.Expect(StatusOf(pod, name)["containerID"].empty(), std::string(name) + " never ran");
  }
}

BEHAVIOUR("pods/init/failure-is-retried-else") {
  t.KeepContainersAlive();
  Value init = Arr({Container("first", {"exit", "3", "--after=200ms"})});
  t.MustCreate(kPods, PodOf("p", {Container("app")}).With({"spec", "initContainers"}, init));
  Value pod = t.EventuallyObject(kPods, "p", "the init container is restarted",
                                 [](const Value& p) { return RestartsOf(p, "first") == 1; });
  t.ExpectEq(pod.At({"status", "phase"}), "Pending", "phase");
  t.Expect(StatusOf(pod, "app")["containerID"].empty(), "the container has not run");
}

BEHAVIOUR("pods/image/that-cannot-be-pulled") {
  t.KeepContainersAlive();
  Value container = Container("c").With("image", "kubeproof/missing:v1");
  t.MustCreate(kPods, PodOf("p", {container}));
  Value pod = t.EventuallyObject(kPods, "p", "it waits to try again", [](const Value& p) {
    return StatusOf(p, "c")["state"]["waiting"]["reason"].AsString() == "ImagePullBackOff";
  });
  t.ExpectEq(pod.At({"status", "phase"}), "Pending", "phase");
  t.Expect(StatusOf(pod, "c")["containerID"].empty(), "the container has not run");
  t.Eventually("an event tells of the failure", [&] { return !EventsAbout(t, pod, "Failed").empty(); });
}

BEHAVIOUR("pods/image/a-good-one-mends-it") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, PodOf("p", {Container("c").With("image", "kubeproof/missing:v1")}));
  t.EventuallyObject(kPods, "p", "it waits for its image", [](const Value& p) {
    return StatusOf(p, "c")["state"]["waiting"]["reason"].AsString() == "ImagePullBackOff";
  });
  Value image = Arr({Obj({{"name", "c"}, {"image", "kubeproof/testpod:v1"}})});
  t.MustPatch(kPods, "p", client::PatchType::kStrategic, Obj({{"spec", Obj({{"containers", image}})}}));
  Value pod = t.EventuallyObject(kPods, "p", "the pod is ready", IsReady, 60s);
  t.ExpectEq(StatusOf(pod, "c")["image"], "kubeproof/testpod:v1", "the image that runs");
}

BEHAVIOUR("pods/image/never-pulled") {
  t.KeepContainersAlive();
  Value container = Container("c").With("image", "kubeproof/absent:v1").With("imagePullPolicy", "Never");
  t.MustCreate(kPods, PodOf("p", {container}));
  Value pod = t.EventuallyObject(kPods, "p", "it waits for an image that nobody pulls", [](const Value& p) {
    return StatusOf(p, "c")["state"]["waiting"]["reason"].AsString() == "ErrImageNeverPull";
  });
  t.ExpectEq(pod.At({"status", "phase"}), "Pending", "phase");
}

BEHAVIOUR("pods/deadline/ends-the-pod") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, Pod("p").With({"spec", "activeDeadlineSeconds"}, 1));
  Value pod = AwaitPhase(t, "p", "Failed");
  t.ExpectEq(pod.At({"status", "reason"}), "DeadlineExceeded", "reason");
  t.EventuallyObject(kPods, "p", "its container has ended",
                     [](const Value& p) { return StatusOf(p, "c")["state"].Has("terminated"); });
  KeepsPhase(t, "p", "Failed");
  t.ExpectEq(RestartsOf(t.MustGet(kPods, "p"), "c"), int64_t{0}, "restarts");
}

}  // namespace kp::conformance
