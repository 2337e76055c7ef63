#include "reference/store/lessor.h"

#include <gtest/gtest.h>

namespace kp::store {
namespace {

using Ids = std::vector<LeaseId>;
const Time kStart{1h};

TEST(Lessor, ExpiresAtTheGrantedTimeAndNotBefore) {
  Lessor lessor;
  lessor.Promote(kStart, 0s);
  lessor.OnGranted(7, 10, kStart);
  EXPECT_EQ(lessor.NextExpiry(), kStart + 10s);
  EXPECT_EQ(lessor.TakeExpired(kStart + 10s - 1ns, 10), Ids());
  EXPECT_EQ(lessor.TakeExpired(kStart + 10s, 10), Ids{7});
}

TEST(Lessor, RenewGivesTheWholeTimeAgain) {
  Lessor lessor;
  lessor.Promote(kStart, 0s);
  lessor.OnGranted(7, 10, kStart);
  EXPECT_EQ(lessor.Renew(7, kStart + 9s), 10);
  EXPECT_EQ(lessor.TakeExpired(kStart + 18s, 10), Ids());
  EXPECT_EQ(lessor.Remaining(7, kStart + 18s), 1s);
  EXPECT_EQ(lessor.Renew(8, kStart), std::nullopt);
}

TEST(Lessor, ExpiredLeaseCannotBeRenewedAndIsReportedUntilRevoked) {
  Lessor lessor;
  lessor.Promote(kStart, 0s);
  lessor.OnGranted(7, 10, kStart);
  EXPECT_EQ(lessor.Renew(7, kStart + 10s), std::nullopt);
  EXPECT_EQ(lessor.TakeExpired(kStart + 10s, 10), Ids{7});
  EXPECT_EQ(lessor.Renew(7, kStart + 11s), std::nullopt);
  EXPECT_EQ(lessor.TakeExpired(kStart + 11s, 10), Ids());
  EXPECT_EQ(lessor.TakeExpired(kStart + 20s, 10), Ids{7});
  lessor.OnRevoked(7);
  EXPECT_EQ(lessor.NextExpiry(), std::nullopt);
}

TEST(Lessor, FollowerKeepsNoTimeAndANewLeaderExtends) {
  Lessor lessor;
  lessor.Reset({{7, {.ttl = 10}}}, kStart);
  EXPECT_EQ(lessor.NextExpiry(), std::nullopt);
  EXPECT_EQ(lessor.Renew(7, kStart), std::nullopt);
  lessor.Promote(kStart + 1min, 1s);
  EXPECT_EQ(lessor.NextExpiry(), kStart + 1min + 11s);
  lessor.Demote();
  EXPECT_EQ(lessor.TakeExpired(kStart + 1h, 10), Ids());
}

TEST(Lessor, LimitBoundsOneRound) {
  Lessor lessor;
  lessor.Promote(kStart, 0s);
  for (LeaseId id = 1; id <= 5; ++id) lessor.OnGranted(id, 1, kStart);
  EXPECT_EQ(lessor.TakeExpired(kStart + 2s, 3).size(), 3U);
  EXPECT_EQ(lessor.TakeExpired(kStart + 2s, 3).size(), 2U);
}

}  // namespace
}  // namespace kp::store
