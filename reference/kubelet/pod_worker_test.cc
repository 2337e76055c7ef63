#include "reference/kubelet/pod_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/kubelet/test_pod.h"

namespace kp::kubelet {
namespace {

using api::Arr;
using api::Obj;
using api::Value;
using testing::ElementsAre;
using testing::IsEmpty;

Value WithProbe(std::string_view kind, int failures) {
  return TestContainer("c").With(kind, Obj({{"periodSeconds", 5}, {"failureThreshold", failures}}));
}

TEST(PodWorker, RunsSandboxThenContainers) {
  TestWorker pod(TestPod({TestContainer("a"), TestContainer("b")}));
  EXPECT_THAT(pod.Step(), ElementsAre("sandbox"));
  EXPECT_THAT(pod.Step(), IsEmpty());
  pod.worker.OnSandbox(true, "s", "10.0.0.9", pod.clock());
  EXPECT_THAT(pod.Step(), ElementsAre("pull a", "pull b"));
}

TEST(PodWorker, TriesAFailedSandboxAgain) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.Step();
  pod.worker.OnSandbox(false, "", "", pod.clock());
  EXPECT_THAT(pod.Step(), IsEmpty());
  ASSERT_TRUE(pod.wake.has_value());
  pod.now = *pod.wake;
  EXPECT_THAT(pod.Step(), ElementsAre("sandbox"));
}

TEST(PodWorker, RestartsAtOnceThenBacksOff) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.RunAll();
  pod.Exit("c", 1);
  EXPECT_THAT(pod.Step(), ElementsAre("pull c"));
  for (Duration wait : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    pod.Run("c");
    pod.Exit("c", 1);
    EXPECT_THAT(pod.Step(), IsEmpty());
    EXPECT_EQ(pod.wake, pod.now + wait);
    pod.now += wait;
    EXPECT_THAT(pod.Step(), ElementsAre("pull c"));
  }
}

TEST(PodWorker, ALongRunForgivesFormerFailures) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.RunAll();
  pod.Exit("c", 1);
  pod.Step();
  pod.Run("c");
  pod.now += 601s;
  pod.Exit("c", 1);
  EXPECT_THAT(pod.Step(), ElementsAre("pull c"));
}

TEST(PodWorker, RestartPolicyDecides) {
  for (auto [policy, code, restarts] : {std::tuple("Always", 0, true), std::tuple("OnFailure", 0, false),
                                        std::tuple("OnFailure", 1, true), std::tuple("Never", 1, false)}) {
    TestWorker pod(TestPod({TestContainer("c"), TestContainer("other")}, policy));
    pod.RunAll();
    pod.Exit("c", code);
    EXPECT_EQ(!pod.Step().empty(), restarts) << policy << " " << code;
  }
}

TEST(PodWorker, AnEndedPodLetsGoOfItsSandbox) {
  TestWorker pod(TestPod({TestContainer("c")}, "Never"));
  pod.RunAll();
  pod.Exit("c", 0);
  EXPECT_TRUE(pod.worker.IsTerminal());
  EXPECT_THAT(pod.Step(), ElementsAre("remove sandbox"));
  pod.worker.OnSandboxRemoved();
  // The object stays until somebody deletes it.
  EXPECT_THAT(pod.Step(), IsEmpty());
  pod.Delete(0);
  EXPECT_THAT(pod.Step(), ElementsAre("finish"));
}

TEST(PodWorker, DeletionStopsRemovesAndFinishes) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.RunAll();
  pod.Delete(30);
  EXPECT_THAT(pod.Step(), ElementsAre("event Killing", "stop c 30s"));
  EXPECT_THAT(pod.Step(), IsEmpty());
  pod.Exit("c", 0);
  EXPECT_THAT(pod.Step(), ElementsAre("remove sandbox"));
  pod.worker.OnSandboxRemoved();
  EXPECT_THAT(pod.Step(), ElementsAre("finish"));
  EXPECT_THAT(pod.Step(), IsEmpty());
}

TEST(PodWorker, ASecondDeletionCanOnlyShorten) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.RunAll();
  pod.Delete(30);
  pod.Step();
  pod.now += 5s;
  pod.Delete(60);
  EXPECT_THAT(pod.Step(), IsEmpty());
  pod.Delete(2);
  EXPECT_THAT(pod.Step(), ElementsAre("stop c 2s"));
}

TEST(PodWorker, ThePreStopHookRunsWithinTheGracePeriod) {
  Value hook = Obj({{"preStop", Obj({{"exec", Value::EmptyObject()}})}});
  TestWorker pod(TestPod({TestContainer("c").With("lifecycle", hook)}));
  pod.RunAll();
  pod.Delete(30);
  EXPECT_THAT(pod.Step(), ElementsAre("event Killing", "hook c"));
  pod.now += 10s;
  pod.worker.OnHook("c", false, true);
  EXPECT_THAT(pod.Step(), ElementsAre("stop c 20s"));
}

TEST(PodWorker, AHookThatTakesAllTheTimeLeavesTwoSeconds) {
  Value hook = Obj({{"preStop", Obj({{"exec", Value::EmptyObject()}})}});
  TestWorker pod(TestPod({TestContainer("c").With("lifecycle", hook)}));
  pod.RunAll();
  pod.Delete(30);
  pod.Step();
  ASSERT_EQ(pod.wake, pod.now + 30s);
  pod.now += 30s;
  EXPECT_THAT(pod.Step(), ElementsAre("stop c 2s"));
}

TEST(PodWorker, InitContainersRunOneByOne) {
  Value init = Arr({TestContainer("one"), TestContainer("two")});
  TestWorker pod(TestPod({TestContainer("c")}).With({"spec", "initContainers"}, init));
  pod.Step();
  pod.worker.OnSandbox(true, "s", "10.0.0.9", pod.clock());
  for (const char* name : {"one", "two"}) {
    EXPECT_THAT(pod.Step(), ElementsAre(std::string("pull ") + name));
    pod.Run(name);
    EXPECT_THAT(pod.Step(), IsEmpty());
    pod.Exit(name, 0);
  }
  EXPECT_THAT(pod.Step(), ElementsAre("pull c"));
}

TEST(PodWorker, ASidecarOnlyHasToStartAndEndsLast) {
  Value sidecar = TestContainer("side").With("restartPolicy", "Always");
  TestWorker pod(TestPod({TestContainer("c")}).With({"spec", "initContainers"}, Arr({sidecar})));
  pod.RunAll();
  EXPECT_EQ(pod.worker.state().containers.at("side").phase, ContainerState::Phase::kRunning);
  EXPECT_EQ(pod.worker.state().containers.at("c").phase, ContainerState::Phase::kPulling);
  pod.Run("c");
  pod.Delete(30);
  EXPECT_THAT(pod.Step(), ElementsAre("event Killing", "stop c 30s"));
  pod.Exit("c", 0);
  EXPECT_THAT(pod.Step(), ElementsAre("event Killing", "stop side 30s"));
}

TEST(PodWorker, StartupHoldsTheOtherProbesBack) {
  Value container = WithProbe("startupProbe", 3).With("livenessProbe", Obj({{"periodSeconds", 5}}));
  TestWorker pod(TestPod({container}));
  pod.Step();
  pod.worker.OnSandbox(true, "s", "10.0.0.9", pod.clock());
  pod.Step();
  pod.Run("c");
  EXPECT_THAT(pod.Step(), ElementsAre("startupProbe c"));
  pod.worker.OnProbe("c", "startupProbe", true, pod.clock());
  EXPECT_THAT(pod.Step(), ElementsAre("livenessProbe c"));
}

TEST(PodWorker, LivenessFailuresInARowStopTheContainer) {
  TestWorker pod(TestPod({WithProbe("livenessProbe", 2)}));
  pod.RunAll();
  pod.worker.OnProbe("c", "livenessProbe", false, pod.clock());
  pod.Step();
  pod.worker.OnProbe("c", "livenessProbe", true, pod.clock());
  pod.worker.OnProbe("c", "livenessProbe", false, pod.clock());
  EXPECT_THAT(pod.Step(), IsEmpty());
  pod.worker.OnProbe("c", "livenessProbe", false, pod.clock());
  EXPECT_THAT(pod.Step(), ElementsAre("event Killing", "event Killing", "stop c 30s"));
}

TEST(PodWorker, ReadinessIsProbedWhileItTerminates) {
  TestWorker pod(TestPod({WithProbe("readinessProbe", 1)}));
  pod.RunAll();
  pod.worker.OnProbe("c", "readinessProbe", true, pod.clock());
  EXPECT_TRUE(pod.worker.state().containers.at("c").ready);
  pod.Delete(30);
  pod.Step();
  EXPECT_TRUE(pod.worker.state().containers.at("c").ready);
  pod.now += 5s;
  EXPECT_THAT(pod.Step(), ElementsAre("readinessProbe c"));
  pod.worker.OnProbe("c", "readinessProbe", false, pod.clock());
  EXPECT_FALSE(pod.worker.state().containers.at("c").ready);
}

TEST(PodWorker, AFailedPullIsTriedAgain) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.Step();
  pod.worker.OnSandbox(true, "s", "10.0.0.9", pod.clock());
  pod.Step();
  pod.worker.OnPulled("c", false, "not found", pod.clock());
  EXPECT_THAT(pod.Step(), ElementsAre("event BackOff"));
  EXPECT_EQ(pod.wake, pod.now + 10s);
  pod.now += 10s;
  EXPECT_THAT(pod.Step(), ElementsAre("pull c"));
}

TEST(PodWorker, TheDeadlineEndsAllContainers) {
  TestWorker pod(TestPod({TestContainer("c")}).With({"spec", "activeDeadlineSeconds"}, 7));
  pod.RunAll();
  EXPECT_EQ(pod.wake, Time{} + 7s);
  pod.now += 7s;
  EXPECT_THAT(pod.Step(), ElementsAre("event DeadlineExceeded", "event Killing", "stop c 30s"));
  pod.Exit("c", 0);
  EXPECT_TRUE(pod.worker.IsTerminal());
}

TEST(PodWorker, ARestartedKubeletFindsNothingRunning) {
  TestWorker before(TestPod({TestContainer("c")}));
  before.RunAll();
  before.Report();
  TestWorker after(before.worker.pod());
  after.Step();
  after.worker.OnSandbox(true, "s2", "10.0.0.10", after.clock());
  EXPECT_THAT(after.Step(), ElementsAre("pull c"));
  EXPECT_EQ(after.worker.state().containers.at("c").restarts, 1);
}

}  // namespace
}  // namespace kp::kubelet
