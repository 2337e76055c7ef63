// A Deployment's status: counts and the conditions Available, Progressing.
#pragma once

#include <vector>

#include "reference/controllers/plan.h"

namespace kp::controllers {

// {type, status, reason, message, lastUpdateTime, lastTransitionTime}.
api::Value DeploymentCondition(std::string_view type, std::string_view status, std::string_view reason,
                               std::string message, WallTime now);

// The status that follows from the sets as they are. `new_set` may be null. Lowers `plan.requeue_after` to
// the progress deadline.
api::Value DeploymentStatus(const api::Value& deployment, const std::vector<api::Value>& all, const api::Value& new_set,
                            WallTime now, Plan& plan);

// spec.replicas are updated and available and no other pod is left.
bool IsComplete(const api::Value& deployment, const api::Value& status);

}  // namespace kp::controllers
