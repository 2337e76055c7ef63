#include <gtest/gtest.h>

#include "reference/client/resources.h"
#include "reference/controllers/node.h"

namespace kp::controllers {
namespace {

using api::Arr;
using api::Obj;
using api::Value;

// One ready node with its lease, seen by a controller from a clock that is never set and one that is.
class OneNode {
 public:
  OneNode() {
    nodes_["n"] = Obj({{"metadata", Obj({{"name", "n"}})},
                       {"status", Obj({{"conditions", Arr({Obj({{"type", "Ready"}, {"status", "True"}})})}})}});
    leases_["kube-node-lease/n"] = Obj({{"metadata", Obj({{"name", "n"}, {"namespace", "kube-node-lease"}})},
                                        {"spec", Obj({{"renewTime", "2025-01-01T00:00:00.000000Z"}})}});
    view_.Set(client::kNodes, &nodes_);
    view_.Set(client::kLeases, &leases_);
    view_.Set(client::kPods, &pods_);
    Plan first = Look();
    EXPECT_TRUE(first.writes.empty());
  }
  // A look at the node after `passed`, at a wall clock that was set `by` meanwhile.
  Plan Look(Duration passed = {}, Duration by = {}) {
    steady_ += passed;
    wall_ += passed + by;
    view_.set_steady(steady_);
    return controller_->Reconcile(view_, "n", wall_);
  }

 private:
  std::unique_ptr<Controller> controller_ = MakeNodeLifecycleController({});
  View::Objects nodes_, leases_, pods_;
  View view_;
  Time steady_{1h};
  WallTime wall_{std::chrono::hours(24 * 365 * 55)};
};

TEST(NodeLifecycle, GivesUpANodeThatIsSilentForTheGracePeriod) {
  OneNode node;
  EXPECT_TRUE(node.Look(39s).writes.empty());
  EXPECT_FALSE(node.Look(12s).writes.empty());
}

TEST(NodeLifecycle, GivesNoNodeUpWhenTheClockIsSet) {
  for (Duration by : {5min, -5min}) {
    OneNode node;
    EXPECT_TRUE(node.Look(1s, by).writes.empty()) << FormatDuration(by);
  }
}

}  // namespace
}  // namespace kp::controllers
