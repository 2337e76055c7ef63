// What binding does to a pod.
#pragma once

#include "reference/api/api_status.h"
#include "reference/api/value.h"
#include "reference/base/time.h"

namespace kp::apiserver {

// `pod` on the node that `binding.target` names, with condition PodScheduled. 409 when it has a node, is
// being deleted, is another pod than the binding's uid says, or still has a scheduling gate.
api::ApiResult<api::Value> BindPod(const api::Value& pod, const api::Value& binding, WallTime now);

// `pod` with condition `type`; the transition time changes with the status only.
api::Value WithPodCondition(const api::Value& pod, const api::Value& condition, WallTime now);

}  // namespace kp::apiserver
