// The Node object and its Lease as a kubelet keeps them.
#pragma once

#include <map>
#include <string>

#include "reference/api/value.h"
#include "reference/base/time.h"

namespace kp::kubelet {

struct NodeOptions {
  std::string name;
  std::string ip = "127.0.0.1";
  std::map<std::string, std::string> labels;
  // capacity and allocatable
  std::map<std::string, std::string> resources = {
      {"cpu", "8"}, {"memory", "32Gi"}, {"ephemeral-storage", "100Gi"}, {"pods", "110"}};
  bool register_unschedulable = false;
};

// As it is registered: labels, addresses, capacity, no conditions true yet.
api::Value NewNode(const NodeOptions& options);
// Status as of now; transition times stay where nothing changed.
api::Value NodeStatus(const api::Value& node, const NodeOptions& options, const std::string& runtime_version,
                      WallTime now);
// Whether the conditions say the same but for their times, and the rest is equal.
bool SameNodeStatus(const api::Value& a, const api::Value& b);
api::Value NodeLease(const NodeOptions& options, const std::string& node_uid, WallTime now);

}  // namespace kp::kubelet
