// ReplicaSet: as many pods as asked for (apps/v1).
#pragma once

#include <memory>

#include "reference/controllers/controller.h"

namespace kp::controllers {

std::unique_ptr<Controller> MakeReplicaSetController();

}  // namespace kp::controllers
