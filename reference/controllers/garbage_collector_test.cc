#include "reference/controllers/garbage_collector.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reference/client/resources.h"

namespace kp::controllers {
namespace {

using api::Arr;
using api::Obj;
using api::Value;

Value ReplicaSetOwnedBy(const std::string& uid) {
  return Obj({{"metadata", Obj({{"name", "web-1"},
                                {"namespace", "default"},
                                {"uid", "dependent"},
                                {"ownerReferences", Arr({Obj({{"kind", "Deployment"}, {"uid", uid}})})}})}});
}

// An owner that is deleted with the orphan finalizer has nothing left to do then but to end.
TEST(GarbageCollector, WakesTheOwnerThatADependentLetGoOf) {
  Value before = ReplicaSetOwnedBy("owner");
  Value after = before.Without({"metadata", "ownerReferences"});
  View view;
  std::set<std::string> keys;
  MakeGarbageCollector()->Wake(client::kReplicaSets, before, after, view, keys);
  EXPECT_EQ(keys, std::set<std::string>{"owner"});
}

TEST(GarbageCollector, LeavesTheOwnerAloneWhileADependentKeepsIt) {
  Value before = ReplicaSetOwnedBy("owner");
  View view;
  std::set<std::string> keys;
  MakeGarbageCollector()->Wake(client::kReplicaSets, before, before.With({"status", "replicas"}, 1), view, keys);
  EXPECT_FALSE(keys.contains("owner"));
}

// A copy may lack a dependent that was made a moment ago.
TEST(GarbageCollector, LetsNoOwnerGoBeforeTheServerSaysThatNothingNeedsIt) {
  for (std::string_view finalizer : {"foregroundDeletion", "orphan"}) {
    View::Objects sets, pods;
    sets["default/web"] = Obj({{"metadata", Obj({{"name", "web"},
                                                 {"namespace", "default"},
                                                 {"uid", "owner"},
                                                 {"deletionTimestamp", "2025-01-01T00:00:00Z"},
                                                 {"finalizers", Arr({finalizer})}})}});
    View view;
    view.Set(client::kReplicaSets, &sets);
    view.Set(client::kPods, &pods);
    view.OnChange(client::kReplicaSets, Value(), sets["default/web"]);
    const Plan plan = MakeGarbageCollector()->Reconcile(view, "owner", {});
    ASSERT_EQ(plan.writes.size(), 1u) << finalizer;
    const bool asks = std::ranges::any_of(plan.absent, [](const Absent& guard) {
      return guard.ref.resource == client::kPods && guard.ref.ns == "default" && guard.owner == "owner";
    });
    EXPECT_TRUE(asks) << finalizer;
  }
}

}  // namespace
}  // namespace kp::controllers
