// What `kubeproof conform` was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/cli/backend_host.h"
#include "conformance/selection.h"
#include "fixtures/cluster.h"

namespace kp::cli {

struct ConformOptions {
  std::vector<fixtures::Backend> backends;
  ClusterShape shape;
  conformance::Selection selection;
  std::string rerun_from;  // run folder; "" for no rerun
  uint64_t seed = 1;
  int seeds = 1;
  int jobs = 0;        // 0: as many as there are cores
  Duration timeout{};  // of the run; 0: none
  Duration job_timeout = 120s;
  std::string out;                // run folder; "": runs/<time>
  std::string expected_failures;  // file; "": the ones we know of the server's version
  bool list = false;
  bool dry_run = false;
  bool check_determinism = false;
  bool transcripts = false;
  bool help = false;
  std::string command;  // as typed, for the report
};

// kInvalidArgument: one line that says what is wrong.
Result<ConformOptions> ParseConformOptions(int argc, char** argv);
std::string ConformHelp();

}  // namespace kp::cli
