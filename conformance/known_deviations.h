// Deviations of somebody else's server that are known, so that a run tells the unknown ones.
//
//   - id: store/compaction/keeps-the-deletion-at-its-revision
//     target: "3.4.23"                   # the version that the server gives
//     reason: the tombstone at the compaction revision is dropped
//     link: https://github.com/etcd-io/etcd/issues/18089
//     expires: "2027-12-31"              # after that day it is a failure again
//
// Kept in conformance/expected/*.yaml, embedded in the binary; `--expected-failures FILE` takes the user's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/base/time.h"
#include "reports/results.h"

namespace kp::conformance {

struct KnownDeviation {
  std::string id;
  std::string target;
  std::string reason;
  std::string link;
  std::string expires;  // "2027-12-31", the last day
};

// The error lists all that is wrong: a key that is missing, unknown or no text, an id that is not in the catalogue.
Result<std::vector<KnownDeviation>> ParseDeviations(std::string_view file, std::string_view yaml);

// Those in the binary for this version.
std::vector<KnownDeviation> BuiltinDeviations(std::string_view version);

// Turns a failure that is known into an expected one, and a pass of a known failure into a failure.
void ApplyDeviations(const std::vector<KnownDeviation>& expected, WallTime now, reports::TestResult& result);

}  // namespace kp::conformance
