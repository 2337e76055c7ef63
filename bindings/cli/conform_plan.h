// From what was asked for to a list of jobs. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/cli/backend_host.h"
#include "conformance/catalogue.h"
#include "conformance/runner.h"
#include "reports/results.h"

namespace kp::cli {

struct PlannedJob {
  conformance::Job job;
  const conformance::Entry* entry = nullptr;
  BackendHost* host = nullptr;
};

struct Plan {
  std::vector<PlannedJob> jobs;
  // Not applicable, or without a test: results that need no run.
  std::vector<reports::TestResult> settled;
};

struct SeedRange {
  uint64_t first = 1;
  int count = 1;
};

// Seeds vary simulated worlds; on real ones each behaviour runs once a seed all the same, as asked.
Plan MakePlan(const std::vector<const conformance::Entry*>& entries,
              const std::vector<conformance::Behaviour>& behaviours,
              const std::vector<std::unique_ptr<BackendHost>>& hosts, SeedRange seeds);

// What the report says about a behaviour.
reports::BehaviourNote NoteOf(const conformance::Entry& entry, const conformance::Catalogue& catalogue);

}  // namespace kp::cli
