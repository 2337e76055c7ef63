// A pod as the scheduler reads it: parsed once, used for every node.
#pragma once

#include <string>
#include <vector>

#include "reference/api/value.h"
#include "reference/scheduler/resources.h"

namespace kp::scheduler {

struct HostPort {
  std::string ip;  // "" and "0.0.0.0" are every address
  std::string protocol;
  int64_t port = 0;
};

struct PodInfo {
  explicit PodInfo(api::Value pod);

  api::Value pod;
  std::string key;  // "namespace/name"
  std::string uid;
  std::string node;  // spec.nodeName
  int64_t priority = 0;
  Resources requests;
  // With the defaults that scoring assumes for containers without requests: 100m and 200 MB.
  int64_t scored_milli_cpu = 0;
  int64_t scored_memory = 0;
  std::vector<HostPort> host_ports;
};

// Takes resources on its node: bound or assumed, and not ended.
bool OccupiesNode(const api::Value& pod);

}  // namespace kp::scheduler
