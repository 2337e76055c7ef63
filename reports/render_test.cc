#include "reports/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kp::reports {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TestResult Make(std::string id, std::string backend, uint64_t seed, Outcome outcome, std::string message = "") {
  TestResult result;
  result.id = std::move(id);
  result.backend = std::move(backend);
  result.seed = seed;
  result.outcome = outcome;
  result.duration = 1250ms;
  result.message = std::move(message);
  return result;
}

RunRecord Sample() {
  RunRecord run;
  run.tool = "kubeproof 0.1.0";
  run.started = *ParseRfc3339("2025-01-01T10:00:00Z");
  run.duration = 75s;
  run.backends = {"process", "sim"};
  run.seed = 18446744073709551615u;
  run.server = "kubeproof 0.1.0";
  run.command = "kubeproof conform";
  run.behaviours = {{.id = "apps/replicaset/adopts",
                     .level = "must",
                     .sources = {{"UP:RS-04", "adopts", "https://kubernetes.io/"}},
                     .since = "1.13",
                     .maps_to = {"[sig-apps] x"},
                     .given = "a Pod",
                     .when = "a ReplicaSet is created",
                     .then = "it owns it"}};
  run.results = {Make("api/watch/ordered", "sim", 1, Outcome::kPass),
                 Make("apps/replicaset/adopts", "process", 1, Outcome::kNotApplicable, "needs nodes>=2"),
                 Make("apps/replicaset/adopts", "sim", 6, Outcome::kInconclusive, "cut short"),
                 Make("apps/replicaset/adopts", "sim", 7, Outcome::kFail, "no owner | <none>\nafter 2 s")};
  TestResult& failed = run.results.back();
  failed.test = "late";
  failed.steps = {{.at = 1500us, .text = "create", .detail = "Pod a", .ok = true},
                  {.at = 2s, .text = "owner is set", .detail = "", .ok = false}};
  failed.timeline = {{.at = 2ms, .object = "Pod default/a", .event = "ADDED", .detail = "Pending"}};
  failed.recipe = "kubeproof conform --id apps/replicaset/adopts --seed 7";
  return run;
}

TEST(Json, ComesBackAsItWas) {
  const auto back = ParseJson(RenderJson(Sample()));
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(*back, Sample());
}

TEST(Json, RefusesWhatIsNoRecordOfThisSchema) {
  const std::string good = RenderJson(Sample());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return ParseJson(text).status().message();
  };
  EXPECT_THAT(with("\"schema_version\": 1", "\"schema_version\": 2"), HasSubstr("schema_version 2 is not 1"));
  EXPECT_THAT(with("\"inconclusive\"", "\"perhaps\""), HasSubstr("unknown outcome 'perhaps'"));
  EXPECT_THAT(with("\"seed\": \"7\"", "\"seed\": \"7x\""), HasSubstr("seed '7x'"));
  EXPECT_THAT(with("2025-01-01T", "2025-01-41T"), StartsWith("not a results.json: "));
  EXPECT_THAT(with("\"server\"", "\"sever\""), HasSubstr("server"));
  EXPECT_FALSE(ParseJson("").ok());
  EXPECT_FALSE(ParseJson("[]").ok());
}

TEST(Json, ReplacesBytesThatAreNoText) {
  RunRecord run = Sample();
  run.results[0].message = "got \xff\x01";
  EXPECT_EQ(ParseJson(RenderJson(run))->results[0].message, "got \xef\xbf\xbd\x01");
}

TEST(Junit, HasASuiteABackEndWithItsTotals) {
  const std::string xml = RenderJunit(Sample());
  EXPECT_THAT(xml, HasSubstr("<testsuites name=\"kubeproof\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\" "
                             "time=\"5.000\">"));
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"sim\" tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"0\" "
                             "time=\"3.750\" timestamp=\"2025-01-01T10:00:00Z\">"));
  EXPECT_THAT(xml, HasSubstr("<testcase classname=\"api.watch\" name=\"ordered seed=1\" time=\"1.250\"/>"));
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"not-applicable: needs nodes&gt;=2\"/>"));
  EXPECT_THAT(xml, HasSubstr("name=\"adopts#late seed=7\""));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"no owner | &lt;none&gt;&#10;after 2 s\">"));
  EXPECT_THAT(xml, HasSubstr("2.000 s  FAILED: owner is set"));
}

TEST(Junit, WritesNothingThatXmlForbids) {
  RunRecord run = Sample();
  run.results[3].message = std::string("a\0b\x1b[31m \xc3\xa4 \xc3 \"&]]>", 19);
  EXPECT_THAT(RenderJunit(run), HasSubstr("message=\"a\xef\xbf\xbd"
                                          "b\xef\xbf\xbd[31m \xc3\xa4 \xef\xbf\xbd &quot;&amp;]]&gt;\""));
}

TEST(Summary, SaysTheVerdictTheCountsAndTheFailures) {
  EXPECT_EQ(RenderSummary(Sample()), R"(# kubeproof: FAIL

1 fail, 1 inconclusive, 1 pass, 1 not-applicable

- tool: kubeproof 0.1.0
- server: kubeproof 0.1.0
- back ends: process, sim
- seed: 18446744073709551615
- started: 2025-01-01T10:00:00Z, took 75s
- command: `kubeproof conform`

| area | fail | inconclusive | expected failure | pass | not applicable | skipped |
|---|---:|---:|---:|---:|---:|---:|
| api |  |  |  | 1 |  |  |
| apps | 1 | 1 |  |  | 1 |  |

## Failed

- **apps/replicaset/adopts** on sim (fail, seed 7 and 1 more): no owner \| &lt;none> after 2 s
  replay: `kubeproof conform --id apps/replicaset/adopts --seed 7`
)");
}

TEST(Summary, ARunWithAMutantOrAnAbortedOneIsNoPass) {
  RunRecord run = Sample();
  run.results.resize(1);
  EXPECT_THAT(RenderSummary(run), StartsWith("# kubeproof: PASS\n"));
  run.aborted = "timed out";
  EXPECT_THAT(RenderSummary(run), StartsWith("# kubeproof: ABORTED: timed out\n"));
  EXPECT_FALSE(Passed(run));
  run.mutant = "bind-twice";
  EXPECT_THAT(RenderSummary(run), StartsWith("# kubeproof: MUTANT `bind-twice` was on"));
  EXPECT_FALSE(Passed(run));
}

TEST(Passed, NeedsAPassAndNoFailure) {
  EXPECT_FALSE(Passed(RunRecord{}));
  EXPECT_FALSE(Passed(Sample()));
  RunRecord run;
  run.results = {Make("a/b/c", "sim", 1, Outcome::kNotApplicable)};
  EXPECT_FALSE(Passed(run));
}

TEST(FailedIds, AreThoseWithoutAGoodVerdict) {
  EXPECT_THAT(FailedIds(Sample()), ElementsAre("apps/replicaset/adopts"));
}

TEST(Html, HoldsTheRecordAndCannotBeBrokenByIt) {
  RunRecord run = Sample();
  run.results[3].message = "</script><b>/*DATA*/ /*SCRIPT*/";
  const std::string page = RenderHtml(run);
  const size_t start = page.find("id=\"run\">") + 9;
  const auto back = ParseJson(page.substr(start, page.find("</script>", start) - start));
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(back->results[3].message, run.results[3].message);
}

TEST(Html, NeedsNoOtherFile) {
  const std::string page = RenderHtml(Sample());
  for (const char* fetch : {" src=", "@import", "url(", "fetch(", "<link rel=\"stylesheet"}) {
    EXPECT_THAT(page, Not(HasSubstr(fetch)));
  }
}

TEST(Html, KeepsDetailOfFailuresAndOfTheFirstPassOnly) {
  RunRecord run;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    run.results.push_back(Make("a/b/c", "sim", seed, seed == 3 ? Outcome::kFail : Outcome::kPass));
    run.results.back().steps = {{.text = "step of seed " + std::to_string(seed)}};
  }
  const std::string page = RenderHtml(run);
  EXPECT_THAT(page, HasSubstr("step of seed 1"));
  EXPECT_THAT(page, Not(HasSubstr("step of seed 2")));
  EXPECT_THAT(page, HasSubstr("step of seed 3"));
}

}  // namespace
}  // namespace kp::reports
