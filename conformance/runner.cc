#include "conformance/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>

namespace kp::conformance {
namespace {

using reports::Outcome;
using reports::TestResult;

void Fail(TestResult& result, const std::string& message) {
  result.outcome = Outcome::kFail;
  result.message += (result.message.empty() ? "" : "\n") + message;
}

void Conclude(TestResult& result, const TestEnd& end) {
  // What an EXPECT said before stands, whatever ended the test.
  if (end.kind == TestEnd::Kind::kFailed || result.outcome == Outcome::kFail) return Fail(result, end.message);
  result.message = end.message;
  result.outcome = end.kind == TestEnd::Kind::kInapplicable ? Outcome::kNotApplicable : Outcome::kInconclusive;
}

void Narrate(const Context& context, TestResult& result) {
  for (const StepRecord& step : context.steps()) result.steps.push_back({step.at, step.text, "", true});
  // What failed failed after the last step was begun.
  if (result.outcome == Outcome::kFail && !result.steps.empty()) result.steps.back().ok = false;
  for (const Sighting& s : context.sightings()) result.timeline.push_back({s.at, s.object, s.event, s.detail});
}

class BehaviourTest : public testing::Test {
 public:
  explicit BehaviourTest(const std::function<void()>& body) : body_(body) {}
  void TestBody() override { body_(); }

 private:
  const std::function<void()>& body_;
};

// Failures of EXPECT_... and ASSERT_..., which do not come as exceptions.
class FailureCollector : public testing::EmptyTestEventListener {
 public:
  explicit FailureCollector(TestResult& result) : result_(result) {}
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (!part.failed()) return;
    const std::string where = part.file_name() == nullptr ? "" : std::string(part.file_name()) + ": ";
    Fail(result_, where + part.message());
  }

 private:
  TestResult& result_;
};

}  // namespace

TestResult ResultOf(const Job& job) {
  TestResult result;
  result.id = job.behaviour.id;
  result.test = job.behaviour.variant;
  result.backend = job.backend;
  result.seed = job.seed;
  result.recipe = job.recipe;
  return result;
}

void RunBody(const Job& job, fixtures::Cluster& cluster, const Disturbance& disturbance, TestResult& result) {
  const Time started = cluster.env().Now();
  Context context(cluster, job.behaviour.name(), job.seed ^ job.salt);
  context.SetFaultGate(disturbance.gate);
  result.outcome = Outcome::kPass;
  try {
    if (disturbance.begin) disturbance.begin();
    job.behaviour.body(context);
  } catch (const TestEnd& end) {
    Conclude(result, end);
  } catch (const std::exception& error) {
    Fail(result, std::string("the test ended by an exception: ") + error.what());
  }
  if (disturbance.end && !disturbance.end()) Fail(result, "the cluster did not recover after the faults had ended");
  Narrate(context, result);
  if (!disturbance.log) return;
  for (reports::TimelineEntry& entry : disturbance.log()) {
    entry.at -= started.time_since_epoch();
    result.timeline.push_back(std::move(entry));
  }
  std::ranges::stable_sort(result.timeline, {}, &reports::TimelineEntry::at);
}

TestResult RunJob(const Job& job, fixtures::Cluster& cluster, const Disturbance& disturbance) {
  static bool used = false;
  CHECK(!used) << "one job a process";
  used = true;
  TestResult result = ResultOf(job);

  char program[] = "kubeproof";
  char* arguments[] = {program, nullptr};
  int count = 1;
  testing::InitGoogleTest(&count, arguments);
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new FailureCollector(result));

  const std::function<void()> body = [&] { RunBody(job, cluster, disturbance, result); };
  const std::string name = job.behaviour.name();
  testing::RegisterTest("Behaviour", name.c_str(), nullptr, nullptr, std::string(job.behaviour.file).c_str(),
                        job.behaviour.line, [&body]() -> BehaviourTest* { return new BehaviourTest(body); });
  const int exit_code = RUN_ALL_TESTS();
  static_cast<void>(exit_code);  // the verdict is in `result`
  return result;
}

}  // namespace kp::conformance
