#include "properties/raft/explore.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "reference/base/mutant.h"

namespace kp::properties {
namespace {

TEST(RaftExplore, ASmallScopeIsSafeToItsEnd) {
  const Exploration result = Explore({.terms = 2, .commands = 1, .messages = 2});
  EXPECT_EQ(result.violation, std::nullopt);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.states, 1000u);
  EXPECT_GT(result.transitions, result.states);
  std::printf("%llu states, %llu transitions, depth %llu, %zu member states, %zu member steps, %zu messages\n",
              static_cast<unsigned long long>(result.states), static_cast<unsigned long long>(result.transitions),
              static_cast<unsigned long long>(result.depth), result.member_states, result.member_steps,
              result.messages);
}

TEST(RaftExplore, ASmallScopeWithCrashesAndAsynchronousDisksIsSafeToItsEnd) {
  const Exploration result =
      Explore({.terms = 1, .commands = 0, .messages = 2, .crashes = 1, .disk = LocalStates::Disk::kAsynchronous});
  EXPECT_EQ(result.violation, std::nullopt);
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.states, 1000u);
}

TEST(RaftExplore, TheSameScopeGivesTheSameStates) {
  const Scope scope{.terms = 1, .commands = 1, .messages = 2};
  EXPECT_EQ(Explore(scope).states, Explore(scope).states);
}

TEST(RaftExplore, StepsOfAnExplorationAddUp) {
  const Scope scope{.terms = 1, .commands = 1, .messages = 2};
  Explorer explorer(scope);
  while (explorer.Advance(7)) {
  }
  EXPECT_EQ(explorer.result().states, Explore(scope).states);
}

constexpr int kCaught = 42;

void Hunt(const char* mutant, const Scope& scope) {
  SetActiveMutant(mutant);
  const Exploration result = Explore(scope);
  if (!result.violation) std::exit(0);
  std::fprintf(stderr, "%s in %zu steps\n", result.violation->c_str(), result.trace.size());
  for (const std::string& step : result.trace) std::fprintf(stderr, "%s\n", step.c_str());
  std::exit(kCaught);
}

TEST(RaftExplore, FindsTheShortestWayToABug) {
#ifdef KP_NO_MUTANTS
  GTEST_SKIP() << "not run: this build has no mutants";
#endif
  // Two campaigns, two requests to the third member, and its two answers.
  EXPECT_EXIT(Hunt("raft-vote-twice", {.terms = 1, .messages = 3}), ::testing::ExitedWithCode(kCaught),
              "election safety broken .* in 6 steps");
  EXPECT_EXIT(Hunt("raft-ack-before-quorum", {.terms = 2, .messages = 3}), ::testing::ExitedWithCode(kCaught),
              "in [0-9]+ steps");
  EXPECT_EXIT(Hunt("raft-vote-in-second-write",
                   {.terms = 1, .messages = 3, .crashes = 1, .disk = LocalStates::Disk::kAsynchronous}),
              ::testing::ExitedWithCode(kCaught), "election safety");
}

}  // namespace
}  // namespace kp::properties
