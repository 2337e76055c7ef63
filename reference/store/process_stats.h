// What the kernel counts of this process, in Prometheus' names. Linux's /proc, read through the Env's disk: a
// simulated process has none.
#pragma once

#include <optional>

#include "reference/runtime/env.h"

namespace kp::store {

struct ProcessStats {
  double cpu_seconds = 0;
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t open_files = 0;
  uint64_t most_files = 0;
};

std::optional<ProcessStats> ReadProcessStats(runtime::Disk& disk);

}  // namespace kp::store
