// The simulated cluster of a job, and how its seed makes it.
#pragma once

#include "bindings/cli/backend_host.h"
#include "fixtures/sim_cluster.h"

namespace kp::cli {

// The world's seed is that of the recipe mixed with the behaviour's name, so that one --seed is not the same
// schedule for every behaviour.
fixtures::SimClusterOptions SimOptions(const ClusterShape& shape, const conformance::Entry& entry,
                                       const conformance::Job& job);

// Runs the job in `cluster`, with a nemesis where faults are asked for and the behaviour brings none of its own.
reports::TestResult RunInSim(fixtures::SimCluster& cluster, const ClusterShape& shape, const conformance::Entry& entry,
                             const conformance::Job& job);

}  // namespace kp::cli
