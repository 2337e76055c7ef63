// What the control plane does about nodes: notices that one is silent, taints it, moves its pods, gives it a
// pod subnet, and removes pods of nodes that are gone.
#pragma once

#include <memory>
#include <string>

#include "reference/controllers/controller.h"

namespace kp::controllers {

struct NodeLifecycleOptions {
  Duration monitor_period = 5s;  // --node-monitor-period
  Duration grace_period = 40s;   // --node-monitor-grace-period
};

// Ready=Unknown for silent nodes; taints not-ready, unreachable, unschedulable; their pods turn unready.
std::unique_ptr<Controller> MakeNodeLifecycleController(NodeLifecycleOptions options);
// Evicts pods that do not tolerate a NoExecute taint, after tolerationSeconds where given.
std::unique_ptr<Controller> MakeTaintEvictionController();
// spec.podCIDR of each node: a /24 of `cluster_cidr` ("10.244.0.0/16").
std::unique_ptr<Controller> MakeNodeIpamController(std::string cluster_cidr);
// Deletes pods that are bound to a node that no longer exists.
std::unique_ptr<Controller> MakePodGcController();

}  // namespace kp::controllers
