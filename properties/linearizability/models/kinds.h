// Makers of the models, one a file beside this one.
#pragma once

#include <memory>

#include "properties/linearizability/model.h"

namespace kp::linearizability {

std::unique_ptr<Model> MakeRegister();

}  // namespace kp::linearizability
