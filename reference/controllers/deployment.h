// Deployment: rolls ReplicaSets (apps/v1).
#pragma once

#include <memory>

#include "reference/controllers/controller.h"

namespace kp::controllers {

std::unique_ptr<Controller> MakeDeploymentController();

}  // namespace kp::controllers
