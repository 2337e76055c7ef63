// The simulated cluster of a job, and how its seed makes it.
#pragma once

#include "bindings/cli/backend_host.h"
#include "fixtures/sim_cluster.h"

namespace kp::cli {

// The world's seed is that of the recipe mixed with the behaviour's name, so that one --seed is not the same
// schedule for every behaviour.
fixtures::SimClusterOptions SimOptions(const ClusterShape& shape, const conformance::Entry& entry,
                                       const conformance::Job& job);

// Runs the job in `cluster`, with a nemesis when `faults` is set.
reports::TestResult RunInSim(fixtures::SimCluster& cluster, const conformance::Job& job, bool faults);

}  // namespace kp::cli
