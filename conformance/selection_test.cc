#include "conformance/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kp::conformance {
namespace {

using testing::ElementsAre;

Catalogue Sample() {
  Catalogue catalogue;
  for (std::string id : {"apps/deployment/rolls", "apps/replicaset/adopts", "pods/phase/runs", "store/txn/atomic"}) {
    Entry entry;
    entry.id = id;
    entry.runs_on = {"sim", "process"};
    if (id == "store/txn/atomic") entry.profile = "roadmap";
    catalogue.entries[id] = entry;
  }
  catalogue.retired["apps/gone/fact"] = "merged";
  return catalogue;
}

std::vector<std::string> Ids(const Selection& selection) {
  static const Catalogue catalogue = Sample();
  const auto chosen = Select(catalogue, selection);
  if (!chosen.ok()) return {chosen.error().message()};
  std::vector<std::string> ids;
  for (const Entry* entry : *chosen) ids.push_back(entry->id);
  return ids;
}

TEST(Selection, EachChoiceNarrows) {
  EXPECT_EQ(Ids({}).size(), 4u);
  EXPECT_THAT(Ids({.focus = {"replica", "phase"}}), ElementsAre("apps/replicaset/adopts", "pods/phase/runs"));
  EXPECT_THAT(Ids({.skip = {"apps/"}}), ElementsAre("pods/phase/runs", "store/txn/atomic"));
  EXPECT_THAT(Ids({.skip = {"rolls"}, .areas = {"apps"}}), ElementsAre("apps/replicaset/adopts"));
  EXPECT_THAT(Ids({.ids = {"store/txn/atomic", "pods/phase/runs"}}),
              ElementsAre("pods/phase/runs", "store/txn/atomic"));
  EXPECT_THAT(Ids({.rerun = std::set<std::string>{"apps/deployment/rolls"}}), ElementsAre("apps/deployment/rolls"));
}

TEST(Selection, AProfileLeavesOutEntriesOfTheOther) {
  EXPECT_EQ(Ids({.profile = "roadmap"}).size(), 4u);
  EXPECT_THAT(Ids({.skip = {"apps/"}, .profile = "upstream"}), ElementsAre("pods/phase/runs"));
}

TEST(Selection, ShardsAreDisjointAndTogetherTheWhole) {
  std::vector<std::string> all;
  for (int64_t index = 1; index <= 3; ++index) {
    for (const std::string& id : Ids({.shard = {index, 3}})) all.push_back(id);
  }
  std::ranges::sort(all);
  EXPECT_EQ(all, Ids({}));
}

TEST(Selection, RefusesWhatWouldRunNothing) {
  EXPECT_THAT(Ids({.areas = {"aps"}}), ElementsAre("area 'aps' does not exist"));
  EXPECT_THAT(Ids({.ids = {"apps/a/b"}}), ElementsAre("behaviour 'apps/a/b' does not exist"));
  EXPECT_THAT(Ids({.ids = {"apps/gone/fact"}}), ElementsAre("behaviour 'apps/gone/fact' is retired"));
  EXPECT_THAT(Ids({.focus = {"nothing-like-it"}}), ElementsAre("no behaviour is selected"));
}

TEST(Selection, ParsesShards) {
  EXPECT_EQ(ParseShard("2/3")->index, 2);
  for (const char* text : {"", "2", "0/3", "4/3", "1/0", "1/2/3", "a/b", "-1/2"}) {
    EXPECT_FALSE(ParseShard(text).ok()) << text;
  }
}

TEST(Selection, PatternsMatchAnywhereWithStars) {
  struct {
    const char* pattern;
    const char* text;
    bool matches;
  } cases[] = {
      {"replica", "apps/replicaset/adopts", true},
      {"apps*adopts", "apps/replicaset/adopts", true},
      {"adopts*apps", "apps/replicaset/adopts", false},
      {"*", "x", true},
      {"aa", "a", false},
      {"a*a", "a", false},
  };
  for (const auto& c : cases) EXPECT_EQ(MatchesAnywhere(c.pattern, c.text), c.matches) << c.pattern;
}

TEST(NotApplicable, SaysWhichNeedOrBackEndIsMissing) {
  Entry entry;
  entry.runs_on = {"sim", "process"};
  entry.needs = {{"nodes", 2}, {"fast-time", 1}};
  EXPECT_EQ(NotApplicable(entry, "remote", {}), "does not run on remote");
  EXPECT_EQ(NotApplicable(entry, "sim", {{"nodes", 1}, {"fast-time", 1}}), "needs nodes>=2");
  EXPECT_EQ(NotApplicable(entry, "sim", {{"nodes", 2}}), "needs fast-time");
  EXPECT_EQ(NotApplicable(entry, "sim", {{"nodes", 3}, {"fast-time", 1}}), std::nullopt);
}

}  // namespace
}  // namespace kp::conformance
