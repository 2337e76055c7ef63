#include "conformance/behaviour.h"
#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

using client::kPods;

BEHAVIOUR("pods/probes/readiness-failure-keeps-it-unready") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, WithProbe(Pod("p"), "readinessProbe", "false", 1));
  t.EventuallyObject(kPods, "p", "the container runs",
                     [](const Value& p) { return StatusOf(p, "c")["state"].Has("running"); });
  t.Always(
      "the pod runs unready",
      [&] {
        Value pod = t.MustGet(kPods, "p");
        return HasPhase(pod, "Running") && HasCondition(pod, "Ready", "False") && RestartsOf(pod, "c") == 0;
      },
      3s);
  Value pod = t.MustGet(kPods, "p");
  t.ExpectEq(ConditionOf(pod, "Ready")["reason"], "ContainersNotReady", "reason of Ready");
  t.ExpectEq(StatusOf(pod, "c")["ready"], false, "the container's ready");
}

BEHAVIOUR("pods/probes/readiness-success-makes-it-ready") {
  t.KeepContainersAlive();
  Value pod = WithProbe(Pod("p"), "readinessProbe", "true", 1);
  Value delayed = pod["spec"]["containers"][0].With({"readinessProbe", "initialDelaySeconds"}, 2);
  t.MustCreate(kPods, pod.With({"spec", "containers"}, Arr({delayed})));
  pod = AwaitReadyPod(t, "p");
  int64_t waited = SecondsBetween(StatusOf(pod, "c")["state"]["running"]["startedAt"],
                                  ConditionOf(pod, "Ready")["lastTransitionTime"]);
  t.Expect(waited >= 1, "ready not before initialDelaySeconds have passed, but after " + std::to_string(waited) + " s");
}

BEHAVIOUR("pods/probes/readiness-gates-need-their-condition") {
  t.KeepContainersAlive();
  Value gates = Arr({Obj({{"conditionType", "kubeproof.test/gate"}})});
  t.MustCreate(kPods, Pod("p").With({"spec", "readinessGates"}, gates));
  Value pod = t.EventuallyObject(kPods, "p", "its containers are ready",
                                 [](const Value& p) { return HasCondition(p, "ContainersReady", "True"); });
  t.ExpectEq(ConditionOf(pod, "Ready")["status"], "False", "Ready before the gate opens");
  t.ExpectEq(ConditionOf(pod, "Ready")["reason"], "ReadinessGatesNotReady", "its reason");
  Value gate = Obj({{"type", "kubeproof.test/gate"}, {"status", "True"}});
  t.Must(t.Patch(kPods, "p", client::PatchType::kStrategic, Obj({{"status", Obj({{"conditions", Arr({gate})}})}}),
                 "status"),
         "open the gate");
  pod = AwaitReadyPod(t, "p");
  t.Expect(HasCondition(pod, "kubeproof.test/gate", "True"), "the gate's condition is still there");
  t.Expect(ConditionOf(pod, "Ready")["reason"].empty(), "Ready has no reason any more");
}

BEHAVIOUR("pods/probes/liveness-failure-restarts") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, WithProbe(Pod("p"), "livenessProbe", "false", 2));
  Value pod = t.EventuallyObject(kPods, "p", "the container was restarted",
                                 [](const Value& p) { return RestartsOf(p, "c") >= 1; });
  t.Eventually("events tell why",
               [&] { return !EventsAbout(t, pod, "Unhealthy").empty() && !EventsAbout(t, pod, "Killing").empty(); });
  t.MustCreate(kPods, WithProbe(Pod("well"), "livenessProbe", "true", 1));
  AwaitReadyPod(t, "well");
  t.Sleep(2s);
  t.ExpectEq(RestartsOf(t.MustGet(kPods, "well"), "c"), int64_t{0}, "restarts of a container that is alive");
}

BEHAVIOUR("pods/probes/liveness-failure-ends-a-pod-that-never-restarts") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, WithPolicy(WithProbe(Pod("p", Value(), {"stubborn"}), "livenessProbe", "false", 1), "Never")
                          .With({"spec", "terminationGracePeriodSeconds"}, 1));
  Value pod = AwaitPhase(t, "p", "Failed");
  t.ExpectEq(StatusOf(pod, "c")["state"]["terminated"]["exitCode"], 137, "exit code of a container that was killed");
}

BEHAVIOUR("pods/probes/startup-holds-the-others-back") {
  t.KeepContainersAlive();
  Value pod = WithProbe(WithProbe(Pod("p"), "startupProbe", "false", 1000), "livenessProbe", "false", 1);
  t.MustCreate(kPods, pod);
  t.EventuallyObject(kPods, "p", "the container runs",
                     [](const Value& p) { return StatusOf(p, "c")["state"].Has("running"); });
  t.Always(
      "not started, not ready, not restarted",
      [&] {
        Value now = t.MustGet(kPods, "p");
        return RestartsOf(now, "c") == 0 && !StatusOf(now, "c")["started"].AsBool() && !IsReady(now);
      },
      3s);
}

BEHAVIOUR("pods/probes/startup-failure-restarts") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, WithProbe(Pod("p"), "startupProbe", "false", 2));
  t.EventuallyObject(kPods, "p", "the container was restarted", [](const Value& p) { return RestartsOf(p, "c") >= 1; });
}

BEHAVIOUR("pods/probes/success-threshold-of-liveness-is-one") {
  t.KeepContainersAlive();
  for (const char* kind : {"livenessProbe", "startupProbe"}) {
    Value pod = WithProbe(IdlePod("p"), kind, "true", 1);
    Value container = pod["spec"]["containers"][0].With({kind, "successThreshold"}, 2);
    api::ApiStatus status =
        t.MustFail(t.Create(kPods, pod.With({"spec", "containers"}, Arr({container}))), 422, "Invalid", "must be 1");
    t.Expect(NamesField(status, "spec.containers[0]." + std::string(kind) + ".successThreshold"),
             "the cause names the field: " + status.ToString());
  }
}

}  // namespace kp::conformance
