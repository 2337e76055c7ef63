#include "properties/raft/known_bugs.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <set>

#include "reference/base/mutant.h"

namespace kp::properties {
namespace {

class RaftKnownBugs : public ::testing::TestWithParam<KnownBug> {};

TEST_P(RaftKnownBugs, DoNotHappen) {
  const KnownBug& bug = GetParam();
  if (bug.dies != nullptr) {
    EXPECT_DEATH((void)bug.play(), bug.dies);
  } else {
    EXPECT_EQ(bug.play(), std::nullopt) << bug.number << " (" << bug.source << ")";
  }
}

constexpr int kCaught = 42;

void PlayWithMutant(const KnownBug& bug) {
  SetActiveMutant(bug.mutant);
  const auto verdict = bug.play();
  std::fprintf(stderr, "%s\n", verdict.value_or("nothing went wrong").c_str());
  std::exit(verdict ? kCaught : 0);
}

// A play that nobody saw fail proves nothing.
TEST_P(RaftKnownBugs, AreSeenInTheirMutants) {
#ifdef KP_NO_MUTANTS
  GTEST_SKIP() << "not run: this build has no mutants";
#endif
  EXPECT_EXIT(PlayWithMutant(GetParam()), ::testing::ExitedWithCode(kCaught), "") << GetParam().mutant;
}

INSTANTIATE_TEST_SUITE_P(All, RaftKnownBugs, ::testing::ValuesIn(KnownBugs()),
                         [](const ::testing::TestParamInfo<KnownBug>& info) {
                           std::string name = info.param.number + std::string("_") + info.param.name;
                           for (char& letter : name) {
                             if (letter == '-') letter = '_';
                           }
                           return name;
                         });

TEST(RaftKnownBugList, NamesEachBugOnce) {
  std::set<std::string> numbers;
  std::set<std::string> mutants;
  for (const KnownBug& bug : KnownBugs()) {
    EXPECT_TRUE(numbers.insert(bug.number).second) << bug.number;
    EXPECT_TRUE(mutants.insert(bug.mutant).second) << bug.mutant;
  }
}

}  // namespace
}  // namespace kp::properties
