// The few operations of a bad history that are enough to make it bad.
//
// A history is only ever relaxed: a read left out, a write made optional, an interval widened. Each
// of these adds linearizations and takes none away, so what is still bad is bad in the history
// itself: the core is no new violation. (Deleting a write would be: what read it would have no source.)
#pragma once

#include <string>
#include <vector>

#include "properties/linearizability/model.h"

namespace kp::linearizability {

struct CoreOperation {
  size_t operation = 0;          // index in the object's operations
  bool any_time_before = false;  // its call does not matter: it may be earlier
  bool any_time_after = false;   // its return does not matter: it may be later
  // What would explain the history if this operation were relaxed further: indices of operations.
  std::vector<size_t> explained_without_it;
};

struct Core {
  // By call; each of them needed. 1-minimal: relaxing any of them leaves a linearizable history.
  std::vector<CoreOperation> operations;
  // Writes that need not take place, but may at any time: the core is bad even so.
  std::vector<size_t> optional;
  std::string why;  // in words
};

// `first_bad` is the operation whose return no order explains. What comes after it does not matter.
Core FindCore(const std::vector<history::Operation>& operations, size_t first_bad, const ModelKind& kind);

}  // namespace kp::linearizability
