// Runs one test of one behaviour in this process: as a GoogleTest test, so that EXPECT_... works in bodies,
// with its steps, what it saw and its verdict in one result.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conformance/behaviour.h"
#include "conformance/context.h"
#include "fixtures/cluster.h"
#include "reports/results.h"

namespace kp::conformance {

struct Job {
  Behaviour behaviour;
  std::string backend;
  uint64_t seed = 1;   // as in the recipe
  std::string recipe;  // the command line that repeats it
  // Names on a cluster that outlives the run must not come from the seed alone: a second run would meet
  // what the first one left. Mixed into the test's own draws, not the recipe's seed.
  uint64_t salt = 0;
};

// Whoever breaks things while a test runs. Everything may be empty.
struct Disturbance {
  Context::FaultGate gate;
  std::function<void()> begin;
  std::function<bool()> end;  // leaves a whole cluster, or says that it could not
  std::function<std::vector<reports::TimelineEntry>()> log;
};

// A result without verdict: id, back end, seed and recipe of the job.
reports::TestResult ResultOf(const Job& job);

// Once in a process, for GoogleTest's registry is global. `duration` is left to the caller, who has a
// wall clock.
reports::TestResult RunJob(const Job& job, fixtures::Cluster& cluster, const Disturbance& disturbance = {});

// The body alone, without GoogleTest around: its verdict, steps and timeline go into `result`.
void RunBody(const Job& job, fixtures::Cluster& cluster, const Disturbance& disturbance, reports::TestResult& result);

}  // namespace kp::conformance
