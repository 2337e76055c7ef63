#include "reference/base/random.h"

#include <gtest/gtest.h>

namespace kp {
namespace {

TEST(Random, EqualSeedsGiveEqualDraws) {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.Next(), b.Next());
}

TEST(Random, ForkDependsOnSeedAndPurposeOnly) {
  Random a(7);
  Random b(7);
  b.Next();
  EXPECT_EQ(a.Fork("x").Next(), b.Fork("x").Next());
  EXPECT_NE(a.Fork("x").Next(), a.Fork("y").Next());
}

TEST(Random, BetweenReachesBothBounds) {
  Random random(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 200; ++i) {
    int64_t draw = random.Between(-1, 1);
    ASSERT_GE(draw, -1);
    ASSERT_LE(draw, 1);
    low |= draw == -1;
    high |= draw == 1;
  }
  EXPECT_TRUE(low && high);
}

}  // namespace
}  // namespace kp
