#include "reference/api/value.h"

#include <gtest/gtest.h>

namespace kp::api {
namespace {

TEST(Value, KeepsMembersSortedAndTheLastOfEqualKeys) {
  Value v = Obj({{"b", 1}, {"a", 2}, {"b", 3}});
  ASSERT_EQ(v.size(), 2U);
  EXPECT_EQ(v.members()[0].key.text(), "a");
  EXPECT_EQ(v["b"].AsInt(), 3);
}

TEST(Value, WithSharesWhatItDoesNotTouch) {
  Value pod = Obj({{"metadata", Obj({{"name", "a-name-longer-than-inline"}})}, {"spec", Obj({{"x", 1}})}});
  Value bound = pod.With({"spec", "nodeName"}, "n1");
  EXPECT_TRUE(bound["metadata"].SameNode(pod["metadata"]));
  EXPECT_EQ(bound.At({"spec", "nodeName"}).AsString(), "n1");
  EXPECT_FALSE(pod["spec"].Has("nodeName"));
}

TEST(Value, WithoutPathLeavesTheRest) {
  Value v = Obj({{"a", Obj({{"b", 1}, {"c", 2}})}});
  EXPECT_EQ(v.Without({"a", "b"}), Obj({{"a", Obj({{"c", 2}})}}));
  EXPECT_EQ(v.Without({"x", "y"}), v);
}

TEST(Value, StringsOfEveryLengthRoundTrip) {
  for (size_t n = 0; n < 40; ++n) {
    std::string text(n, 'x');
    Value v(text);
    Value copy = v;
    EXPECT_TRUE(copy.is_string());
    EXPECT_EQ(copy.AsString(), text);
  }
}

TEST(Value, SelfAssignmentOfAPartKeepsThePart) {
  Value v = Obj({{"a", Obj({{"name", "long enough to be on the heap"}})}});
  v = v["a"];
  EXPECT_EQ(v["name"].AsString(), "long enough to be on the heap");
}

TEST(Value, ReadsOfAnotherTypeGiveTheDefault) {
  Value v("text");
  EXPECT_EQ(v.AsInt(5), 5);
  EXPECT_TRUE(v["x"].is_null());
  EXPECT_TRUE(v.items().empty());
}

}  // namespace
}  // namespace kp::api
