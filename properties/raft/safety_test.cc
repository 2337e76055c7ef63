#include "properties/raft/safety.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "properties/pinned.h"
#include "reference/base/mutant.h"

namespace kp::properties {
namespace {

constexpr size_t kSteps = 500;

TEST(RaftSafety, HoldsUnderDrawnSchedules) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const auto violation = RunSchedule(DrawSchedule(seed, kSteps));
    ASSERT_FALSE(violation) << "seed " << seed << ", " << *violation;
  }
}

// The same under RapidCheck, which shrinks a schedule that breaks something.
TEST(RaftSafety, HoldsUnderArbitrarySchedules) {
  const rc::detail::TestParams params{.seed = 20250101, .maxSuccess = 40};
  CheckPinned(params, [](uint8_t drawn, bool pre_vote, bool check_quorum) {
    Schedule schedule = DrawSchedule(drawn, 0);
    schedule.options.pre_vote = pre_vote;
    schedule.options.check_quorum = check_quorum;
    schedule.choices = *rc::gen::container<std::vector<uint32_t>>(300, rc::gen::inRange<uint32_t>(0, 1U << 31));
    const auto violation = RunSchedule(schedule);
    RC_LOG() << violation.value_or("");
    RC_ASSERT(!violation);
  });
}

// A checker that nobody saw object proves nothing.
class RaftMutants : public ::testing::TestWithParam<const char*> {};

TEST_P(RaftMutants, BreakAProperty) {
  GTEST_FLAG_SET(death_test_style, "fast");
  constexpr int kCaught = 42;
  const auto hunt = [] {
    SetActiveMutant(GetParam());
    for (uint64_t seed = 1; seed <= 2000; ++seed) {
      const auto violation = RunSchedule(DrawSchedule(seed, kSteps));
      if (!violation) continue;
      fprintf(stderr, "seed %d %s\n", static_cast<int>(seed), violation->c_str());
      exit(kCaught);
    }
    exit(0);
  };
  EXPECT_EXIT(hunt(), ::testing::ExitedWithCode(kCaught), "");
}

INSTANTIATE_TEST_SUITE_P(Properties, RaftMutants,
                         ::testing::Values("raft-ack-before-quorum", "raft-vote-twice", "raft-vote-for-stale-log",
                                           "raft-stale-read", "raft-read-before-term-commit",
                                           "raft-leader-counts-undurable"));

}  // namespace
}  // namespace kp::properties
