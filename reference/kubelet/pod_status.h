// The status that a kubelet reports for a pod: phase, conditions, container statuses.
// Source: core/v1 PodStatus; https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
#pragma once

#include <string>

#include "reference/kubelet/pod_worker.h"

namespace kp::kubelet {

// Transition times stay as they are in the pod's status where nothing changed, so that an unchanged pod
// gives an unchanged status.
api::Value PodStatusOf(const PodWorker& worker, const std::string& host_ip, WallTime now);
// The same as a strategic merge patch that leaves alone what others have in it (their conditions).
api::Value PodStatusPatch(const api::Value& status);
// The kubelet's own status with the conditions of others as the server has them.
api::Value WithConditionsOfOthers(const api::Value& status, const api::Value& served);

}  // namespace kp::kubelet
