#include "reference/store/auto_compactor.h"

#include <gtest/gtest.h>

#include "reference/runtime/sim/world.h"

namespace kp::store {
namespace {

class Compaction : public ::testing::Test {
 protected:
  void Run(std::string_view mode, std::string_view retention) {
    const auto policy = ParseCompactionPolicy(mode, retention);
    ASSERT_TRUE(policy.ok()) << policy.status().ToString();
    compactor_ = std::make_unique<AutoCompactor>(
        env_, *policy,
        AutoCompactor::Store{.leads = [this] { return leads; },
                             .revision = [this] { return revision; },
                             .compact = [this](Revision at) { compactions.push_back(at); }});
  }

  runtime::sim::World world_{{.seed = 1}};
  runtime::Env& env_ = world_.Spawn("store", "10.0.0.1");
  std::unique_ptr<AutoCompactor> compactor_;
  bool leads = true;
  Revision revision = 100;
  std::vector<Revision> compactions;
};

TEST_F(Compaction, PeriodicKeepsWhatIsYoungerThanThePeriod) {
  Run("periodic", "10m");
  world_.RunFor(10min);
  EXPECT_EQ(compactions, std::vector<Revision>{}) << "nothing is that old";
  revision = 200;
  world_.RunFor(90s);
  EXPECT_EQ(compactions, std::vector<Revision>{100});
  world_.RunFor(10min);
  EXPECT_EQ(compactions, (std::vector<Revision>{100, 200})) << "once each";
}

TEST_F(Compaction, ByRevisionKeepsThatMany) {
  Run("revision", "30");
  world_.RunFor(6min);
  EXPECT_EQ(compactions, std::vector<Revision>{70});
}

TEST_F(Compaction, OnlyTheLeaderCompacts) {
  leads = false;
  Run("revision", "30");
  world_.RunFor(20min);
  EXPECT_TRUE(compactions.empty());
}

TEST(CompactionPolicy, IsReadAsEtcdReadsIt) {
  EXPECT_EQ(ParseCompactionPolicy("periodic", "0")->mode, CompactionPolicy::Mode::kOff);
  EXPECT_EQ(ParseCompactionPolicy("periodic", "5")->period, 5h);
  EXPECT_EQ(ParseCompactionPolicy("periodic", "90m")->period, 90min);
  EXPECT_EQ(ParseCompactionPolicy("revision", "1000")->revisions, 1000);
  EXPECT_EQ(ParseCompactionPolicy("revision", "1h").status().message(),
            "--auto-compaction-retention: want a number, got \"1h\"");
  EXPECT_EQ(ParseCompactionPolicy("hourly", "1").status().message(),
            "--auto-compaction-mode: want periodic or revision, got \"hourly\"");
}

}  // namespace
}  // namespace kp::store
