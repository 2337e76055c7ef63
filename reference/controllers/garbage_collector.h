// Garbage collection by owner references: background, foreground and orphan deletion
// (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
#pragma once

#include <memory>

#include "reference/controllers/controller.h"

namespace kp::controllers {

// Keys are uids.
std::unique_ptr<Controller> MakeGarbageCollector();

}  // namespace kp::controllers
