#include <gtest/gtest.h>

#include "reference/store/cluster.h"

namespace kp::store {
namespace {

// What etcd 3.4 answers for its default flags.
TEST(MemberIds, AreEtcds) {
  const auto one = ParseCluster("default=http://localhost:2380", "etcd-cluster");
  EXPECT_EQ(one->members.at(0).id, 0x8e9e05c52164694dU);
  EXPECT_EQ(one->id, 0xcdf818194e3a8c32U);
}

TEST(MemberIds, DoNotDependOnTheOrderOfTheUrls) {
  const auto one = ParseCluster("a=http://h:1,a=http://h:2", "t");
  const auto other = ParseCluster("a=http://h:2,a=http://h:1", "t");
  EXPECT_EQ(one->members.at(0).id, other->members.at(0).id);
}

TEST(MemberIds, DependOnWhenAMemberWasAdded) {
  EXPECT_NE(MemberId({"http://h:1"}, "t", 1), MemberId({"http://h:1"}, "t", 2));
  EXPECT_NE(MemberId({"http://h:1"}, "t", 1), MemberId({"http://h:1"}, "t", std::nullopt));
}

}  // namespace
}  // namespace kp::store
