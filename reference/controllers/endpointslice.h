// EndpointSlice and Endpoints: which pods serve a Service, and how well (discovery.k8s.io/v1, core/v1).
#pragma once

#include <memory>

#include "reference/controllers/controller.h"

namespace kp::controllers {

std::unique_ptr<Controller> MakeEndpointSliceController();
std::unique_ptr<Controller> MakeEndpointsController();

}  // namespace kp::controllers
