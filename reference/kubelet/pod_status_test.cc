#include "reference/kubelet/pod_status.h"

#include <gtest/gtest.h>

#include "reference/kubelet/test_pod.h"

namespace kp::kubelet {
namespace {

using api::Arr;
using api::Obj;
using api::Value;

Value ConditionOf(const Value& status, std::string_view type) {
  for (const Value& condition : status["conditions"].items()) {
    if (condition["type"].AsString() == type) return condition;
  }
  return Value();
}

// The phase once two containers that never restart have ended with these codes; -1 runs on.
std::string PhaseAfter(std::string_view policy, int a, int b) {
  TestWorker pod(TestPod({TestContainer("a"), TestContainer("b")}, policy));
  pod.RunAll();
  if (a >= 0) pod.Exit("a", a);
  if (b >= 0) pod.Exit("b", b);
  return pod.Status()["phase"].str();
}

TEST(PodStatus, PhaseFollowsExitCodesAndPolicy) {
  EXPECT_EQ(PhaseAfter("Never", -1, -1), "Running");
  EXPECT_EQ(PhaseAfter("Never", 0, -1), "Running");
  EXPECT_EQ(PhaseAfter("Never", 1, -1), "Running");
  EXPECT_EQ(PhaseAfter("Never", 0, 0), "Succeeded");
  EXPECT_EQ(PhaseAfter("Never", 0, 1), "Failed");
  EXPECT_EQ(PhaseAfter("OnFailure", 0, 0), "Succeeded");
  EXPECT_EQ(PhaseAfter("OnFailure", 0, 1), "Running");
  EXPECT_EQ(PhaseAfter("Always", 0, 0), "Running");
}

TEST(PodStatus, PendingUntilAllContainersHaveStarted) {
  TestWorker pod(TestPod({TestContainer("a"), TestContainer("b")}));
  EXPECT_EQ(pod.Status()["phase"].str(), "Pending");
  pod.Step();
  pod.worker.OnSandbox(true, "s", "10.0.0.9", pod.clock());
  pod.Step();
  pod.Run("a");
  EXPECT_EQ(pod.Status()["phase"].str(), "Pending");
  pod.Run("b");
  EXPECT_EQ(pod.Status()["phase"].str(), "Running");
}

TEST(PodStatus, AnEndedPhaseNeverChanges) {
  TestWorker pod(TestPod({TestContainer("c")}, "Never"));
  pod.RunAll();
  pod.Exit("c", 1);
  EXPECT_EQ(pod.Report()["phase"].str(), "Failed");
  TestWorker restarted(pod.worker.pod());
  EXPECT_EQ(restarted.Status()["phase"].str(), "Failed");
}

TEST(PodStatus, TellsRunsAndWaits) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.RunAll();
  Value status = pod.Status()["containerStatuses"][0];
  EXPECT_EQ(status["ready"], Value(true));
  EXPECT_TRUE(status["state"].Has("running"));
  pod.Exit("c", 3);
  EXPECT_EQ(pod.Status()["containerStatuses"][0]["state"]["terminated"]["exitCode"], Value(3));
  pod.Step();
  pod.Run("c");
  pod.Exit("c", 4);
  status = pod.Status()["containerStatuses"][0];
  EXPECT_EQ(status["state"]["waiting"]["reason"], Value("CrashLoopBackOff"));
  EXPECT_EQ(status["state"]["waiting"]["message"], Value("back-off 10s restarting failed container=c pod=p_d(u)"));
  EXPECT_EQ(status["lastState"]["terminated"]["exitCode"], Value(4));
  EXPECT_EQ(status["restartCount"], Value(1));
}

TEST(PodStatus, TransitionTimesMoveWithTheConditionAlone) {
  TestWorker pod(TestPod({TestContainer("c")}));
  pod.RunAll();
  Value before = ConditionOf(pod.Report(), "Ready");
  pod.now += 60s;
  EXPECT_EQ(ConditionOf(pod.Report(), "Ready"), before);
  pod.Exit("c", 1);
  Value after = ConditionOf(pod.Report(), "Ready");
  EXPECT_EQ(after["status"], Value("False"));
  EXPECT_EQ(after["reason"], Value("ContainersNotReady"));
  EXPECT_EQ(after["message"], Value("containers with unready status: [c]"));
  EXPECT_EQ(after["lastTransitionTime"], Value("2025-01-01T00:01:00Z"));
}

TEST(PodStatus, AReadinessGateWaitsForItsCondition) {
  Value gates = Arr({Obj({{"conditionType", "example.com/gate"}})});
  TestWorker pod(TestPod({TestContainer("c")}).With({"spec", "readinessGates"}, gates));
  pod.RunAll();
  Value status = pod.Report();
  EXPECT_EQ(ConditionOf(status, "ContainersReady")["status"], Value("True"));
  EXPECT_EQ(ConditionOf(status, "Ready")["reason"], Value("ReadinessGatesNotReady"));
  Value gate = Obj({{"type", "example.com/gate"}, {"status", "True"}});
  Value served = WithConditionsOfOthers(status, Obj({{"conditions", Arr({gate})}}));
  pod.worker.SetPod(pod.worker.pod().With("status", served));
  EXPECT_EQ(ConditionOf(pod.Status(), "Ready")["status"], Value("True"));
  EXPECT_EQ(ConditionOf(pod.Status(), "example.com/gate"), gate);
}

TEST(PodStatus, APatchLeavesConditionsOfOthersAlone) {
  Value status = Obj({{"conditions", Arr({Obj({{"type", "Ready"}, {"status", "True"}}),
                                          Obj({{"type", "DisruptionTarget"}, {"status", "True"}})})},
                      {"podIPs", Arr({Obj({{"ip", "10.0.0.9"}})})}});
  Value patch = PodStatusPatch(status);
  ASSERT_EQ(patch["conditions"].size(), 1u);
  EXPECT_EQ(patch["conditions"][0]["type"], Value("Ready"));
  // A reason of before must not outlive the state it was of.
  EXPECT_TRUE(patch["conditions"][0].Has("reason") && patch["conditions"][0]["reason"].is_null());
  EXPECT_EQ(patch["podIPs"], Arr({Obj({{"$patch", "replace"}}), Obj({{"ip", "10.0.0.9"}})}));
}

}  // namespace
}  // namespace kp::kubelet
