#include "conformance/expected_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kp::conformance {
namespace {

using reports::Outcome;
using testing::HasSubstr;

reports::TestResult Excused(Outcome outcome, std::string_view today, std::string backend = "sim") {
  Catalogue catalogue;
  catalogue.expected_failures.emplace("a/b/c",
                                      ExpectedFailure{"sim", "no rotation", *ParseRfc3339("2027-01-31T00:00:00Z")});
  reports::TestResult result;
  result.id = "a/b/c";
  result.backend = std::move(backend);
  result.outcome = outcome;
  result.message = "said why";
  Excuse(catalogue, *ParseRfc3339(today), result);
  return result;
}

TEST(ExpectedFailure, IsNoFailureUntilItsDay) {
  const auto result = Excused(Outcome::kFail, "2027-01-30T23:59:59Z");
  EXPECT_EQ(result.outcome, Outcome::kExpectedFailure);
  EXPECT_EQ(result.message, "expected to fail until 2027-01-31 (no rotation): said why");
}

TEST(ExpectedFailure, IsAFailureFromItsDayOn) {
  const auto result = Excused(Outcome::kFail, "2027-01-31T00:00:00Z");
  EXPECT_EQ(result.outcome, Outcome::kFail);
  EXPECT_THAT(result.message, HasSubstr("no longer excused"));
}

TEST(ExpectedFailure, HoldsForItsBackEndAlone) {
  EXPECT_EQ(Excused(Outcome::kFail, "2026-01-01T00:00:00Z", "process").outcome, Outcome::kFail);
}

TEST(ExpectedFailure, ThatPassesSaysSo) {
  const auto result = Excused(Outcome::kPass, "2026-01-01T00:00:00Z");
  EXPECT_EQ(result.outcome, Outcome::kPass);
  EXPECT_THAT(result.message, HasSubstr("but it passes"));
}

}  // namespace
}  // namespace kp::conformance
