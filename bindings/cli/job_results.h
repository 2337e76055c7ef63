// Test results across the pipe between a worker and its parent.
#pragma once

#include <string>

#include "bindings/cli/conform_plan.h"
#include "bindings/cli/job_pool.h"
#include "reports/results.h"

namespace kp::cli {

// In the worker: runs the job; the result as text.
std::string RunAndPrint(const PlannedJob& planned);

// In the parent. A job that gave no result failed, with its last words; `crashed` tells that from a verdict.
struct EndedJob {
  reports::TestResult result;
  bool crashed = false;
};
EndedJob ResultOfEnd(const conformance::Job& job, JobEnd end);

}  // namespace kp::cli
