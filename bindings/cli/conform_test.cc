// The parts of `kubeproof conform` that need no cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bindings/cli/conform_options.h"
#include "bindings/cli/conform_plan.h"
#include "bindings/cli/fault_tally.h"
#include "bindings/cli/job_results.h"
#include "bindings/cli/kill_matrix.h"
#include "bindings/cli/progress.h"
#include "bindings/cli/sim_host.h"
#include "chaos/mutants.h"
#include "properties/property.h"
#include "reports/render.h"

namespace kp::cli {
namespace {

using conformance::Behaviour;
using conformance::Entry;
using fixtures::Backend;
using reports::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;

Result<ConformOptions> Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "conform");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return ParseConformOptions(static_cast<int>(argv.size()), argv.data());
}

TEST(ConformOptions, AreTheUsualRunByDefault) {
  const auto options = Parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_THAT(options->backends, ElementsAre(Backend::kSim, Backend::kProcess));
  EXPECT_EQ(options->seed, 1u);
  EXPECT_EQ(options->shape.members, 1);
}

TEST(ConformOptions, FaultsNeedAMajorityToSpare) {
  EXPECT_EQ(Parse({"--faults"})->shape.members, 3);
  EXPECT_EQ(Parse({"--faults", "--members", "5"})->shape.members, 5);
}

TEST(ConformOptions, OneWorldInTenHasTlsUnlessToldOtherwise) {
  EXPECT_EQ(Parse({})->shape.tls, TlsChoice::kDrawn);
  EXPECT_EQ(Parse({"--tls", "always"})->shape.tls, TlsChoice::kAlways);
  ClusterShape shape;
  const Entry entry{.id = "a/b/c"};
  int worlds = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    worlds += SimOptions(shape, entry, {.behaviour = {.id = "a/b/c"}, .seed = seed}).tls;
  }
  EXPECT_NEAR(worlds, 100, 30);
  shape.tls = TlsChoice::kNever;
  EXPECT_FALSE(SimOptions(shape, entry, {.behaviour = {.id = "a/b/c"}}).tls);
}

TEST(ConformOptions, AKubeconfigMeansRemote) {
  EXPECT_THAT(Parse({"--kubeconfig", "f"})->backends, ElementsAre(Backend::kRemote));
}

TEST(ConformOptions, RerunFailedTakesAFolderOrTheLatest) {
  EXPECT_EQ(Parse({"--rerun-failed"})->rerun_from, "runs/latest");
  EXPECT_EQ(Parse({"--rerun-failed=x"})->rerun_from, "x");
  EXPECT_EQ(Parse({})->rerun_from, "");
}

TEST(ConformOptions, SayInOneLineWhatIsWrong) {
  struct {
    std::vector<std::string> arguments;
    std::string error;
  } cases[] = {
      {{"--colour"}, "unknown flag --colour"},
      {{"--tls", "maybe"}, "--tls: want drawn, always or never, got \"maybe\""},
      {{"--log-level", "loud"}, "--log-level: want debug, info, warning or error, got \"loud\""},
      {{"--backend", "moon"}, "--backend: want sim, process, remote or both, got \"moon\""},
      {{"--backend", "remote"}, "--backend remote needs --kubeconfig"},
      {{"--backend", "sim", "--kubeconfig", "f"}, "--kubeconfig goes with --backend remote"},
      {{"--kubeconfig", "f", "--faults"}, "--faults on a remote cluster needs --allow-disruptive"},
      {{"--seed", "-1"}, "--seed: want a number, got \"-1\""},
      {{"--seeds", "0"}, "--seeds: want at least 1"},
      {{"--shard", "3/2"}, "--shard: shard '3/2' is not I/N with 1 <= I <= N"},
      {{"--timeout", "soon"}, "--timeout: want a time such as 90s, got \"soon\""},
      {{"--profile", "mine"}, "--profile: want roadmap or upstream, got \"mine\""},
      {{"--check-determinism"}, "--check-determinism goes with --backend sim"},
  };
  for (const auto& c : cases) EXPECT_EQ(Parse(c.arguments).status().message(), c.error);
}

class FakeHost : public BackendHost {
 public:
  Backend backend() const override { return Backend::kSim; }
  conformance::Capabilities Offers(const Entry&) const override { return {{"nodes", 3}}; }
  reports::TestResult Run(const conformance::Job&, const Entry&) override { return {}; }
  std::string ServerIdentity() const override { return "fake"; }
  std::string RecipeFlags() const override { return "--backend sim"; }
};

Plan PlanOf(const Entry& entry, const std::vector<Behaviour>& behaviours, SeedRange seeds = {}) {
  static std::vector<std::unique_ptr<BackendHost>> hosts;
  if (hosts.empty()) hosts.push_back(std::make_unique<FakeHost>());
  return MakePlan({&entry}, behaviours, hosts, seeds);
}

TEST(ConformPlan, IsEveryTestWithEverySeed) {
  const Entry entry{.id = "a/b/c", .runs_on = {"sim"}};
  const Plan plan = PlanOf(entry, {{.id = "a/b/c"}, {.id = "a/b/c", .variant = "again"}, {.id = "a/b/d"}}, {5, 2});
  std::vector<std::string> jobs;
  for (const PlannedJob& planned : plan.jobs) {
    jobs.push_back(planned.job.behaviour.name() + " " + std::to_string(planned.job.seed));
  }
  EXPECT_THAT(jobs, ElementsAre("a/b/c 5", "a/b/c#again 5", "a/b/c 6", "a/b/c#again 6"));
  EXPECT_EQ(plan.jobs[2].job.recipe, "kubeproof conform --backend sim --id a/b/c --seed 6");
}

TEST(ConformPlan, SettlesWhatNeedsNoRun) {
  const Entry elsewhere{.id = "a/b/c", .runs_on = {"process"}};
  EXPECT_EQ(PlanOf(elsewhere, {{.id = "a/b/c"}}).settled.at(0).outcome, Outcome::kNotApplicable);
  const Entry demanding{.id = "a/b/c", .needs = {{"nodes", 4}}, .runs_on = {"sim"}};
  EXPECT_EQ(PlanOf(demanding, {{.id = "a/b/c"}}).settled.at(0).message, "needs nodes>=4");
  const Entry untested{.id = "a/b/c", .runs_on = {"sim"}, .untested = "no time"};
  EXPECT_EQ(PlanOf(untested, {}).settled.at(0).outcome, Outcome::kSkipped);
}

const conformance::Job kJob{.behaviour = {.id = "a/b/c"}, .backend = "sim", .seed = 4, .recipe = "again"};

TEST(JobResults, AResultCrossesThePipe) {
  reports::RunRecord envelope;
  envelope.results.push_back(conformance::ResultOf(kJob));
  envelope.results[0].outcome = Outcome::kPass;
  const EndedJob ended =
      ResultOfEnd(kJob, {.kind = JobEnd::Kind::kDone, .output = reports::RenderJson(envelope), .duration = 3ms});
  EXPECT_FALSE(ended.crashed);
  EXPECT_EQ(ended.result.outcome, Outcome::kPass);
  EXPECT_EQ(ended.result.duration, 3ms);
}

TEST(JobResults, AJobWithoutResultFailedWithItsLastWords) {
  const EndedJob ended =
      ResultOfEnd(kJob, {.kind = JobEnd::Kind::kCrashed, .reason = "SIGSEGV", .stderr_tail = "ouch"});
  EXPECT_TRUE(ended.crashed);
  EXPECT_EQ(ended.result.outcome, Outcome::kFail);
  EXPECT_EQ(ended.result.message, "crashed: SIGSEGV\nouch");
  EXPECT_EQ(ended.result.seed, 4u);
  EXPECT_THAT(ResultOfEnd(kJob, {.kind = JobEnd::Kind::kDone, .output = "{"}).result.message, HasSubstr("cut off"));
}

TEST(Progress, ReckonsEachGroupByItself) {
  const Time start{};
  Progress progress(false, start);
  progress.Expect("sim", 4, 2);
  progress.Expect("process", 2, 5);
  EXPECT_EQ(progress.Line(start + 1s), "[0/6] 1s, time to go not known yet");
  testing::internal::CaptureStderr();
  progress.Ended("sim", 1s, false, start + 1s);
  progress.Ended("process", 10s, true, start + 2s);
  testing::internal::GetCapturedStderr();
  // Three of 1 s, two at a time, and one of 10 s, of which five could run.
  EXPECT_EQ(progress.Line(start + 2s), "[2/6] 1 failed, 2s, about 4s to go");
}

TEST(FaultTally, CountsTestsThatAFaultBit) {
  FaultTally tally;
  EXPECT_EQ(tally.Table(), "");
  reports::TestResult result;
  result.timeline = {{{}, std::string(kFaultsInjected), "kill", "2"},
                     {{}, std::string(kFaultEffects), "crashes", "1"},
                     {{}, std::string(kFaultsBit), "kill", "1"}};
  tally.Count(result);
  result.timeline.pop_back();
  tally.Count(result);
  EXPECT_THAT(tally.Table(), HasSubstr("kill                          4 in 100%        1 in  50%"));
  EXPECT_THAT(tally.Table(), HasSubstr("crashes                       2 in 100%"));
}

TEST(Mutants, NameTestsThatExist) {
  for (const chaos::Mutant& mutant : chaos::BuiltinMutants()) {
    for (const std::string& id : mutant.by) {
      EXPECT_TRUE(conformance::BuiltinCatalogue().entries.contains(id)) << mutant.name << ": " << id;
    }
    for (const std::string& id : mutant.properties) {
      EXPECT_NE(properties::FindProperty(id), nullptr) << mutant.name << ": " << id;
    }
    EXPECT_FALSE(mutant.by.empty() && mutant.properties.empty()) << mutant.name << " names nothing that notices it";
  }
}

TEST(KillMatrix, SurvivesItsFile) {
  KillMatrix matrix;
  matrix.rows.push_back({"m", "raft", "breaks it", true, true, {"a/b/c"}, {"d/e/f"}, {"g/h/i"}, {"j/k/l"}, 7});
  const auto read = ParseKillMatrix(PrintKillMatrixJson(matrix));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(PrintKillMatrixJson(*read), PrintKillMatrixJson(matrix));
  EXPECT_THAT(Killers(*read), ElementsAre("a/b/c"));
  EXPECT_FALSE(ParseKillMatrix("[]").ok());
}

TEST(KillMatrix, NamesWhatNoMutantFails) {
  KillMatrix matrix;
  const std::vector<std::string> all = Unproven(matrix);
  ASSERT_FALSE(all.empty());
  matrix.rows.push_back({.name = "m", .killed = true, .by = {all[0]}});
  EXPECT_EQ(Unproven(matrix), std::vector<std::string>(all.begin() + 1, all.end()));
}

TEST(KillMatrix, AMutantIsAsExpectedWhenAllThatIsNamedNoticesAndFaultsAreNeeded) {
  const MutantRow good{.killed = true, .by = {"a"}};
  EXPECT_TRUE(good.AsExpected());
  EXPECT_FALSE(MutantRow{}.AsExpected());
  MutantRow idle = good;
  idle.idle = {"b"};
  EXPECT_FALSE(idle.AsExpected());
  MutantRow plain = good;
  plain.without_faults = {"a"};
  EXPECT_FALSE(plain.AsExpected());
}

}  // namespace
}  // namespace kp::cli
