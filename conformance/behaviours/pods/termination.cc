#include "conformance/behaviour.h"
#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

using client::kPods;

namespace {

client::DeleteOptions Grace(int64_t seconds) {
  client::DeleteOptions options;
  options.grace_period_seconds = seconds;
  return options;
}

// Ignores SIGTERM.
void RunStubborn(Context& t, std::string_view name) {
  t.MustCreate(kPods, Pod(name, Value(), {"stubborn"}));
  AwaitReadyPod(t, name);
}

}  // namespace

BEHAVIOUR("pods/deletion/waits-for-the-grace-period") {
  t.KeepContainersAlive();
  RunStubborn(t, "p");
  Value deleted = t.Must(t.Delete(kPods, "p", Grace(3)), "delete");
  Value pod = t.MustGet(kPods, "p");
  t.ExpectEq(pod.At({"metadata", "deletionGracePeriodSeconds"}), 3, "deletionGracePeriodSeconds");
  t.Expect(!pod.At({"metadata", "deletionTimestamp"}).empty(), "deletionTimestamp is set");
  t.Always(
      "it is there while its container may go on", [&] { return t.Get(kPods, "p").ok(); }, 1500ms);
  t.EventuallyGone(kPods, "p", 15s);
}

BEHAVIOUR("pods/deletion/ends-when-the-containers-have") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, Pod("p"));
  AwaitReadyPod(t, "p");
  t.MustDelete(kPods, "p", Grace(60));
  t.EventuallyGone(kPods, "p", 20s);
}

BEHAVIOUR("pods/deletion/a-later-one-can-only-shorten") {
  t.KeepContainersAlive();
  RunStubborn(t, "p");
  t.MustDelete(kPods, "p", Grace(200));
  t.MustDelete(kPods, "p", Grace(300));
  t.ExpectEq(t.MustGet(kPods, "p").At({"metadata", "deletionGracePeriodSeconds"}), 200,
             "deletionGracePeriodSeconds after a longer wish");
  t.MustDelete(kPods, "p", Grace(1));
  t.EventuallyGone(kPods, "p", 15s);
}

BEHAVIOUR("pods/deletion/without-grace-is-at-once") {
  t.KeepContainersAlive();
  RunStubborn(t, "p");
  t.MustDelete(kPods, "p", Grace(0));
  t.ExpectError(t.Get(kPods, "p"), 404, "NotFound");
}

BEHAVIOUR("pods/deletion/of-a-pod-without-node-is-at-once") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, IdlePod("p"));
  t.MustDelete(kPods, "p");
  t.ExpectError(t.Get(kPods, "p"), 404, "NotFound");
}

BEHAVIOUR("pods/deletion/of-an-ended-pod-is-at-once") {
  t.KeepContainersAlive();
  t.MustCreate(kPods, WithPolicy(Pod("p", Value(), {"exit", "0"}), "Never"));
  AwaitPhase(t, "p", "Succeeded");
  t.MustDelete(kPods, "p");
  t.ExpectError(t.Get(kPods, "p"), 404, "NotFound");
}

BEHAVIOUR("pods/deletion/runs-the-pre-stop-hook-first") {
  t.KeepContainersAlive();
  Value pod = Pod("p");
  Value hook = Obj({{"exec", Obj({{"command", Arr({"sh", "-c", "sleep 3"})}})}});
  Value container = pod["spec"]["containers"][0].With({"lifecycle", "preStop"}, hook);
  t.MustCreate(kPods, pod.With({"spec", "containers"}, Arr({container})));
  AwaitReadyPod(t, "p");
  t.MustDelete(kPods, "p", Grace(20));
  t.Always(
      "the container runs while its hook does",
      [&] {
        auto now = t.Get(kPods, "p");
        return now.ok() && !StatusOf(*now, "c")["state"].Has("terminated");
      },
      1200ms);
  t.EventuallyGone(kPods, "p", 15s);
}

BEHAVIOUR("pods/deletion/tells-the-end-before-the-object-goes") {
  t.KeepContainersAlive();
  auto watch = t.Watch(kPods);
  RunStubborn(t, "p");
  t.MustDelete(kPods, "p", Grace(1));
  t.EventuallyGone(kPods, "p", 15s);
  Value last;
  t.Eventually("the watch has seen it go", [&] {
    for (const WatchRecord& record : watch->events()) {
      if (record.type == client::EventType::kDeleted) last = record.object;
    }
    return !last.is_null();
  });
  const Value& ended = StatusOf(last, "c")["state"]["terminated"];
  t.ExpectEq(ended["exitCode"], 137, "exit code of a container that was killed, in the last state of the object");
  t.ExpectEq(last.At({"status", "phase"}), "Failed", "the last phase");
}

}  // namespace kp::conformance
