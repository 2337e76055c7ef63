#include "properties/raft/safety.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "properties/raft/scenarios.h"
#include "reference/base/mutant.h"

namespace kp::properties {
namespace {

constexpr size_t kSteps = 500;

TEST(RaftSafety, HoldsUnderDrawnSchedulesAndProgressFollows) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const auto violation = RunScheduleAndHeal(DrawSchedule(seed, kSteps));
    ASSERT_FALSE(violation) << "seed " << seed << ", " << *violation;
  }
}

TEST(RaftSwarm, IsSafeWhateverIsSetAndACoreMakesProgress) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const auto violation = RunScheduleAndHealACore(DrawSwarm(seed, kSteps));
    ASSERT_FALSE(violation) << "seed " << seed << ", " << *violation;
  }
}

// The same under RapidCheck, which shrinks a schedule that breaks something.
TEST(RaftSafety, HoldsUnderArbitrarySchedules) {
  const rc::detail::TestParams params{.seed = 20250101, .maxSuccess = 40};
  const auto property = [](uint8_t drawn, bool pre_vote, bool check_quorum) {
    Schedule schedule = DrawSchedule(drawn, 0);
    schedule.options.pre_vote = pre_vote;
    schedule.options.check_quorum = check_quorum;
    schedule.choices = *rc::gen::container<std::vector<uint32_t>>(300, rc::gen::inRange<uint32_t>(0, 1U << 31));
    const auto violation = RunSchedule(schedule);
    RC_LOG() << violation.value_or("");
    RC_ASSERT(!violation);
  };
  const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << text.str();
}

TEST(RaftSafety, HoldsInKnownScenarios) {
  EXPECT_EQ(FigureEight(), std::nullopt);
  EXPECT_EQ(UndurableLeader(), std::nullopt);
  EXPECT_EQ(DelayedShorterAppend(), std::nullopt);
  EXPECT_EQ(PreVoteUnseatsNobody(), std::nullopt);
}

// A checker that nobody saw object proves nothing.
constexpr int kCaught = 42;

struct Hunt {
  const char* mutant;
  uint64_t first_seed;  // one that is known to find it, so that the test is quick
  void Run() const {
    SetActiveMutant(mutant);
    for (uint64_t seed = first_seed; seed < first_seed + 2000; ++seed) {
      const auto violation = RunSchedule(DrawSchedule(seed, kSteps));
      if (!violation) continue;
      std::fprintf(stderr, "seed %d %s\n", static_cast<int>(seed), violation->c_str());
      std::exit(kCaught);
    }
  }
};

class RaftMutants : public ::testing::TestWithParam<Hunt> {};

TEST_P(RaftMutants, BreakAProperty) {
  EXPECT_EXIT((GetParam().Run(), std::exit(0)), ::testing::ExitedWithCode(kCaught), "");
}

INSTANTIATE_TEST_SUITE_P(Drawn, RaftMutants,
                         ::testing::Values(Hunt{"raft-ack-before-quorum", 39}, Hunt{"raft-vote-twice", 256},
                                           Hunt{"raft-vote-for-stale-log", 342}, Hunt{"raft-stale-read", 553},
                                           Hunt{"raft-read-before-term-commit", 39},
                                           Hunt{"raft-ack-earlier-write", 4757},
                                           Hunt{"raft-heartbeat-commits-unverified", 39}));

void PlayWithMutant(const char* mutant, std::optional<std::string> (*scenario)()) {
  SetActiveMutant(mutant);
  const auto violation = scenario();
  std::fprintf(stderr, "%s\n", violation.value_or("no violation").c_str());
  std::exit(violation ? kCaught : 0);
}

TEST(RaftScenarios, CatchTheirMutants) {
  EXPECT_EXIT(PlayWithMutant("raft-commit-old-term", FigureEight), ::testing::ExitedWithCode(kCaught),
              "another entry committed|lacks committed entry");
  EXPECT_EXIT(PlayWithMutant("raft-leader-counts-undurable", UndurableLeader), ::testing::ExitedWithCode(kCaught),
              "lacks committed entry");
  EXPECT_EXIT(PlayWithMutant("raft-truncate-on-every-append", DelayedShorterAppend), ::testing::ExitedWithCode(kCaught),
              "lacks committed entry");
  EXPECT_EXIT(PlayWithMutant("raft-prevote-raises-term", PreVoteUnseatsNobody), ::testing::ExitedWithCode(kCaught),
              "unseated the leader");
}

}  // namespace
}  // namespace kp::properties
