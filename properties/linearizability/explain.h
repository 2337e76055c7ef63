// Says in words what is wrong with a history.
#pragma once

#include <string>

#include "properties/linearizability/check.h"

namespace kp::linearizability {

// "read 1 by process 3", as the model words it.
std::string Describe(const history::Operation& operation, Model& model);

// The pattern that the core is an instance of ("stale read: ..."), or a general sentence.
std::string Why(const std::vector<history::Operation>& operations, const Core& core, const ModelKind& kind);

// The verdict on an object for a terminal: the core as a drawn timeline, why each part is needed.
std::string Explain(const ObjectVerdict& object, const ModelKind& kind);

}  // namespace kp::linearizability
