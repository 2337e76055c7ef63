#include "conformance/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kp::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kSources = R"(
- {id: UP:RS-04, words: a ReplicaSet adopts, page: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/}
)";
constexpr std::string_view kAdopts = R"(
- id: apps/replicaset/adopts-matching-orphan
  level: must
  source: [UP:RS-04]
  since: "1.13"
  maps_to: ["[sig-apps] ReplicaSet should adopt matching pods"]
  given: a running Pod without controller whose labels match
  when: a ReplicaSet selecting it is created
  then: the ReplicaSet becomes its controller
  needs: [nodes>=2, fast-time]
  runs_on: [sim, process]
  profile: roadmap
)";

std::string Problems(std::string_view apps, std::string_view sources = kSources, std::string_view retired = "[]") {
  const auto catalogue = ParseCatalogue(
      {{"catalogue/apps.yaml", apps}, {"catalogue/sources.yaml", sources}, {"catalogue/retired.yaml", retired}});
  return catalogue.status().message();
}

std::string WithLine(std::string line) { return std::string(kAdopts) + "  " + line + "\n"; }

std::string WithReplaced(std::string_view from, std::string_view to) {
  std::string text(kAdopts);
  return text.replace(text.find(from), from.size(), to);
}

TEST(Catalogue, ReadsEveryFieldOfAnEntry) {
  const auto catalogue = ParseCatalogue({{"c/apps.yaml", kAdopts}, {"c/sources.yaml", kSources}});
  ASSERT_TRUE(catalogue.ok()) << catalogue.error().message();
  const Entry& entry = catalogue->entries.at("apps/replicaset/adopts-matching-orphan");
  EXPECT_EQ(entry.area(), "apps");
  EXPECT_EQ(entry.level, Level::kMust);
  EXPECT_THAT(entry.sources, ElementsAre("UP:RS-04"));
  EXPECT_EQ(entry.since, "1.13");
  EXPECT_THAT(entry.maps_to, ElementsAre("[sig-apps] ReplicaSet should adopt matching pods"));
  EXPECT_EQ(entry.when, "a ReplicaSet selecting it is created");
  EXPECT_THAT(entry.needs, ElementsAre(Need{"nodes", 2}, Need{"fast-time", 1}));
  EXPECT_THAT(entry.runs_on, ElementsAre("sim", "process"));
  EXPECT_EQ(entry.profile, "roadmap");
  EXPECT_EQ(catalogue->sources.at("UP:RS-04").words, "a ReplicaSet adopts");
}

TEST(Catalogue, NamesWhatIsWrongWithAnEntry) {
  EXPECT_THAT(Problems(WithReplaced("level: must", "level: shall")), HasSubstr("level 'shall' is not must"));
  EXPECT_THAT(Problems(WithReplaced("UP:RS-04", "UP:RS-99")), HasSubstr("sources.yaml does not explain UP:RS-99"));
  EXPECT_THAT(Problems(WithReplaced("  given:", "  givne:")), HasSubstr("unknown key 'givne'"));
  EXPECT_THAT(Problems(WithReplaced("  given:", "  givne:")), HasSubstr("given is missing"));
  EXPECT_THAT(Problems(WithReplaced("nodes>=2", "nodes>2")), HasSubstr("need 'nodes>2' is not"));
  EXPECT_THAT(Problems(WithReplaced("process]", "cloud]")), HasSubstr("runs_on 'cloud' is not"));
  EXPECT_THAT(Problems(WithReplaced("apps/", "Apps/")), HasSubstr("an id is area/topic/fact"));
  EXPECT_THAT(Problems(WithReplaced("apps/", "pods/")), HasSubstr("belongs in another file"));
  EXPECT_THAT(Problems(WithLine("when: again")), HasSubstr("'when' is there twice"));
  EXPECT_THAT(Problems(std::string(kAdopts) + std::string(kAdopts)), HasSubstr("the id is there twice"));
  EXPECT_THAT(Problems("- id: [\n"), HasSubstr("catalogue/apps.yaml: "));
}

TEST(Catalogue, RefusesARetiredId) {
  EXPECT_THAT(Problems(kAdopts, kSources, "[{id: apps/replicaset/adopts-matching-orphan, reason: split}]"),
              HasSubstr("the id is retired"));
}

TEST(Catalogue, WantsADayAndAKnownIdOfAnExpectedFailure) {
  auto problems = [](std::string_view expected) {
    const auto catalogue = ParseCatalogue({{"catalogue/apps.yaml", kAdopts},
                                           {"catalogue/sources.yaml", kSources},
                                           {"catalogue/expected_failures.yaml", expected}});
    return catalogue.status().message();
  };
  EXPECT_EQ(problems("[{id: apps/replicaset/adopts-matching-orphan, backend: sim, reason: slow, until: 2027-01-31}]"),
            "");
  EXPECT_THAT(problems("[{id: apps/replicaset/adopts-matching-orphan, backend: sim, reason: slow, until: soon}]"),
              HasSubstr("until 'soon' is not a day"));
  EXPECT_THAT(problems("[{id: apps/no/such, backend: sim, reason: slow, until: 2027-01-31}]"),
              HasSubstr("not in the catalogue"));
}

TEST(Catalogue, ListsAllProblemsAtOnce) {
  const std::string problems = Problems(WithReplaced("level: must", "level: shall"), "[]");
  EXPECT_THAT(problems, HasSubstr("is not must"));
  EXPECT_THAT(problems, HasSubstr("does not explain"));
}

TEST(Catalogue, TheBuiltinOneIsValid) { EXPECT_NO_FATAL_FAILURE(BuiltinCatalogue()); }

}  // namespace
}  // namespace kp::conformance
