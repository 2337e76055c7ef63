#include "properties/store/campaign.h"

#include <gtest/gtest.h>

#include "reference/base/mutant.h"

namespace kp::properties {
namespace {

TEST(StoreCampaign, FaultsNeverShowToAClient) {
  int acknowledged = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const CampaignResult result = RunCampaign({.seed = seed, .virtual_seconds = 12});
    EXPECT_EQ(result.violation, "") << "seed " << seed;
    EXPECT_GT(result.watch_events, 0) << "seed " << seed;
    acknowledged += result.acknowledged;
  }
  EXPECT_GT(acknowledged, 200) << "the campaign hardly does anything";
}

TEST(StoreCampaign, SameSeedSameHistory) {
  const CampaignResult first = RunCampaign({.seed = 5, .virtual_seconds = 5});
  const CampaignResult second = RunCampaign({.seed = 5, .virtual_seconds = 5});
  EXPECT_EQ(first.draws, second.draws);
  EXPECT_EQ(first.acknowledged, second.acknowledged);
}

class KilledMutant : public ::testing::TestWithParam<const char*> {
 protected:
  ~KilledMutant() override { SetActiveMutant(""); }
};

// The laws can be broken: each of these bugs is seen within a few seeds.
TEST_P(KilledMutant, BreaksALaw) {
#ifdef KP_NO_MUTANTS
  GTEST_SKIP() << "not run: this build has no mutants";
#endif
  SetActiveMutant(GetParam());
  std::string violation;
  for (uint64_t seed = 1; seed <= 12 && violation.empty(); ++seed)
    violation = RunCampaign({.seed = seed, .virtual_seconds = 10}).violation;
  EXPECT_NE(violation, "");
}

INSTANTIATE_TEST_SUITE_P(Store, KilledMutant,
                         ::testing::Values("store-ack-before-commit", "store-serves-stale-linearizable-read",
                                           "store-applies-proposal-twice", "watch-skips-prev-kv"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace kp::properties
