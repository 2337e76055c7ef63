#include "reference/base/time.h"

#include <gtest/gtest.h>

namespace kp {
namespace {

TEST(Time, Rfc3339RoundTrips) {
  for (const char* text : {"2025-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2024-02-29T12:34:56Z"}) {
    auto parsed = ParseRfc3339(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(FormatRfc3339(*parsed), text);
  }
  EXPECT_EQ(FormatRfc3339Micro(*ParseRfc3339("2025-01-01T01:00:00.25+01:00")), "2025-01-01T00:00:00.250000Z");
}

TEST(Time, Rfc3339RefusesWhatIsNoDate) {
  for (const char* text : {"", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "2025-01-01T00:00:00", "yesterday"}) {
    EXPECT_FALSE(ParseRfc3339(text).ok()) << text;
  }
}

TEST(Time, DurationsFollowGo) {
  EXPECT_EQ(FormatDuration(90s), "1m30s");
  EXPECT_EQ(FormatDuration(1500ms), "1.5s");
  EXPECT_EQ(FormatDuration(2h), "2h0m0s");
  EXPECT_EQ(FormatDuration(Duration(0)), "0s");
  EXPECT_EQ(*ParseDuration("1h15m30.918s"), 1h + 15min + 30918ms);
  EXPECT_FALSE(ParseDuration("5").ok());
  EXPECT_FALSE(ParseDuration("5 s").ok());
}

TEST(Time, HumanDurationKeepsTwoUnits) {
  EXPECT_EQ(HumanDuration(119s), "119s");
  EXPECT_EQ(HumanDuration(185s), "3m5s");
  EXPECT_EQ(HumanDuration(5h + 2min), "5h2m");
  EXPECT_EQ(HumanDuration(25h), "25h");
  EXPECT_EQ(HumanDuration(99h), "4d3h");
}

}  // namespace
}  // namespace kp
