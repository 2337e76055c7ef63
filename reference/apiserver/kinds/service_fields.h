// Which Services have addresses and node ports handed out.
#pragma once

#include "reference/api/value.h"

namespace kp::apiserver {

bool NeedsClusterIp(const api::Value& service);
bool NeedsNodePorts(const api::Value& service);

}  // namespace kp::apiserver
