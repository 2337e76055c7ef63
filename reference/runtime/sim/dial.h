// A connection being set up: private to the fabric.
#pragma once

#include "reference/runtime/sim/fabric.h"

namespace kp::runtime::sim {

struct Fabric::DialAttempt {
  ProcessState* process = nullptr;
  Host* from = nullptr;
  std::string address;  // as dialled
  Target target;
  Link* there = nullptr;  // none: packets vanish
  Link* back = nullptr;
  bool held = false;  // by a partition
  TimerId timeout;
  Completion<Result<std::unique_ptr<Stream>>> done;
};

}  // namespace kp::runtime::sim
