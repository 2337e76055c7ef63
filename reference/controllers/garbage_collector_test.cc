#include "reference/controllers/garbage_collector.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kp::controllers
