#include "conformance/expected_failure.h"

namespace kp::conformance {

using reports::Outcome;

void Excuse(const Catalogue& catalogue, WallTime today, reports::TestResult& result) {
  const auto [first, last] = catalogue.expected_failures.equal_range(result.id);
  for (auto it = first; it != last; ++it) {
    const ExpectedFailure& expected = it->second;
    if (expected.backend != result.backend) continue;
    const std::string day = FormatRfc3339(expected.until).substr(0, 10);
    const std::string known = "expected to fail until " + day + " (" + expected.reason + ")";
    if (result.outcome == Outcome::kPass) result.message = known + ", but it passes";
    if (result.outcome != Outcome::kFail) continue;
    if (today < expected.until) result.outcome = Outcome::kExpectedFailure;
    result.message = (today < expected.until ? known : "no longer excused, was " + known) + ": " + result.message;
  }
}

}  // namespace kp::conformance
