// The self-test of the simulator: the same job twice, in two processes, must leave the same transcript.
#pragma once

#include "bindings/cli/conform_options.h"
#include "bindings/cli/conform_plan.h"

namespace kp::cli {

// Returns the exit code; names the first entry of the transcripts that differs.
int CheckDeterminism(const Plan& plan, const ConformOptions& options);

// Prints the transcript's hash of each world, for comparison with another process's.
int PrintTranscripts(const Plan& plan, const ConformOptions& options);

}  // namespace kp::cli
