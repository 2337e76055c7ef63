// Real objects, of the standard library's containers, for drawn histories: the models' counterparts,
// written apart from them.
#pragma once

#include <memory>

#include "properties/linearizability/random_history.h"

namespace kp::linearizability {

// For a model by name; values are drawn from few, so that results often agree by chance.
// Null for a model without one.
std::unique_ptr<Subject> MakeSubject(std::string_view model);

}  // namespace kp::linearizability
