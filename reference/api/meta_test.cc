#include "reference/api/meta.h"

#include <gtest/gtest.h>

namespace kp::api {
namespace {

TEST(Meta, ReadsWhatIsThere) {
  MetaView meta(Obj({{"metadata", Obj({{"name", "web"},
                                       {"namespace", "default"},
                                       {"generation", 3},
                                       {"labels", Obj({{"app", "web"}})},
                                       {"finalizers", Arr({"a/b"})},
                                       {"deletionTimestamp", "2025-01-01T00:00:00Z"}})}}));
  EXPECT_EQ(meta.NamespacedName(), "default/web");
  EXPECT_EQ(meta.Generation(), 3);
  EXPECT_EQ(meta.Label("app"), "web");
  EXPECT_TRUE(meta.HasFinalizer("a/b"));
  EXPECT_EQ(FormatRfc3339(*meta.DeletionTimestamp()), "2025-01-01T00:00:00Z");
}

TEST(Meta, AbsentIsEmpty) {
  MetaView meta(Value::EmptyObject());
  EXPECT_EQ(meta.Name(), "");
  EXPECT_FALSE(meta.DeletionTimestamp());
  EXPECT_FALSE(meta.IsBeingDeleted());
  EXPECT_FALSE(meta.ControllerOf());
}

TEST(Meta, OnlyTheControllingOwnerControls) {
  Value owner =
      Obj({{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"metadata", Obj({{"name", "r"}, {"uid", "u1"}})}});
  OwnerReference controller = OwnerReference::ToController(owner);
  OwnerReference other{.api_version = "v1", .kind = "Node", .name = "n", .uid = "u2"};
  MetaView meta(Obj({{"metadata", Obj({{"ownerReferences", Arr({other.ToValue(), controller.ToValue()})}})}}));
  EXPECT_EQ(meta.ControllerOf(), controller);
  EXPECT_TRUE(meta.IsControlledBy("u1"));
  EXPECT_FALSE(meta.IsControlledBy("u2"));
  EXPECT_EQ(meta.OwnerReferences().size(), 2U);
}

}  // namespace
}  // namespace kp::api
