#include "conformance/known_deviations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kp::conformance {
namespace {

using reports::Outcome;
using testing::HasSubstr;

constexpr std::string_view kEntry =
    "- {id: store/kv/needs-a-key, target: '3.4.23', reason: it crashes, link: 'https://x', expires: '2025-06-30'}\n";

reports::TestResult Applied(Outcome outcome, std::string_view now, std::string id = "store/kv/needs-a-key") {
  reports::TestResult result;
  result.id = std::move(id);
  result.outcome = outcome;
  ApplyDeviations(*ParseDeviations("f", kEntry), *ParseRfc3339(now), result);
  return result;
}

TEST(KnownDeviations, ExcuseAKnownFailureUntilTheyExpire) {
  const reports::TestResult known = Applied(Outcome::kFail, "2025-06-30T12:00:00Z");
  EXPECT_EQ(known.outcome, Outcome::kExpectedFailure);
  EXPECT_THAT(known.message, HasSubstr("it crashes (https://x)"));
  EXPECT_EQ(Applied(Outcome::kFail, "2025-07-01T00:00:00Z").outcome, Outcome::kFail);
  EXPECT_EQ(Applied(Outcome::kFail, "2025-06-30T12:00:00Z", "store/kv/other").outcome, Outcome::kFail);
}

TEST(KnownDeviations, APassOfAKnownFailureIsReported) {
  EXPECT_EQ(Applied(Outcome::kPass, "2025-06-30T12:00:00Z").outcome, Outcome::kFail);
  EXPECT_EQ(Applied(Outcome::kNotApplicable, "2025-06-30T12:00:00Z").outcome, Outcome::kNotApplicable);
}

TEST(KnownDeviations, SayWhatIsWrongInTheFile) {
  const auto parsed = ParseDeviations("f", "- {id: store/no/such, target: '1', reason: r, expires: x, by: me}\n");
  EXPECT_EQ(parsed.status().message(),
            "f: line 1: link is missing\nf: line 1: unknown key 'by'\nf: line 1: no behaviour store/no/such\n"
            "f: line 1: expires must look like 2027-12-31");
}

TEST(KnownDeviations, TheBuiltinListsAreSound) { EXPECT_NO_FATAL_FAILURE(BuiltinDeviations("3.4.23")); }

}  // namespace
}  // namespace kp::conformance
