// Failures that are known: they stay visible, with a reason, and only until a day.
#pragma once

#include "conformance/catalogue.h"
#include "reports/results.h"

namespace kp::conformance {

// Turns a failure that the catalogue expects on `today` into an expected one. What has expired, or passes by
// now, says so in its message.
void Excuse(const Catalogue& catalogue, WallTime today, reports::TestResult& result);

}  // namespace kp::conformance
