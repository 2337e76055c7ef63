#include "properties/wal/lives.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "reference/base/mutant.h"

namespace kp::properties {
namespace {

TEST(WalLives, NothingReportedDurableIsEverLost) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    const auto wrong = LiveAndCrash(seed);
    ASSERT_FALSE(wrong) << "seed " << seed << ", " << *wrong;
  }
}

constexpr int kCaught = 42;

class WalMutants : public ::testing::TestWithParam<const char*> {
 protected:
  static void Hunt() {
    SetActiveMutant(GetParam());
    for (uint64_t seed = 1; seed <= 20000; ++seed) {
      const auto wrong = LiveAndCrash(seed);
      if (!wrong) continue;
      std::fprintf(stderr, "seed %d %s\n", static_cast<int>(seed), wrong->c_str());
      std::exit(kCaught);
    }
    std::exit(0);
  }
};

TEST_P(WalMutants, LoseSomething) { EXPECT_EXIT(Hunt(), ::testing::ExitedWithCode(kCaught), ""); }

INSTANTIATE_TEST_SUITE_P(Drawn, WalMutants,
                         ::testing::Values("wal-skip-checksum", "wal-lose-hard-state", "wal-ack-before-sync",
                                           "wal-forget-hard-state-at-rotation", "wal-trust-page-cache",
                                           "wal-trust-a-sync-after-a-failed-one", "wal-recycles-before-rename-lasts",
                                           "wal-takes-damage-for-a-tail", "snapshot-published-before-sync"));

}  // namespace
}  // namespace kp::properties
