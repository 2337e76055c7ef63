// A node with what is on it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/scheduler/pod_info.h"

namespace kp::scheduler {

struct NodeInfo {
  std::string name;
  api::Value node;
  // Read off the Node once, not once per pod: filters see every node for every pod.
  api::Value taints;         // all of them
  bool repels = false;       // one of them is NoSchedule or NoExecute
  bool discourages = false;  // one of them is PreferNoSchedule
  bool unschedulable = false;
  Resources allocatable;
  int64_t allowed_pods = 0;
  Resources requested;
  int64_t scored_milli_cpu = 0;
  int64_t scored_memory = 0;
  int64_t pod_count = 0;
  // Only pods with host ports are looked at one by one.
  std::vector<std::pair<std::string, HostPort>> host_ports;

  void SetNode(const api::Value& object);
  void AddPod(const PodInfo& pod);
  void RemovePod(const PodInfo& pod);
};

// All nodes and pods that the scheduler knows, assumed bindings included. Nodes have stable indexes while
// they exist.
class Snapshot {
 public:
  void SetNode(const api::Value& node);
  void RemoveNode(const std::string& name);
  // Counts the pod on its node; replaces what was counted under its key.
  void AddPod(std::shared_ptr<const PodInfo> pod, const std::string& node);
  void RemovePod(const std::string& key);

  const std::vector<NodeInfo*>& nodes() const { return order_; }
  NodeInfo* Find(const std::string& name);
  bool Holds(const std::string& pod_key) const { return pods_.contains(pod_key); }
  void CheckInvariants() const;

 private:
  NodeInfo& At(const std::string& name);

  struct Placed {
    std::shared_ptr<const PodInfo> pod;
    std::string node;
  };
  std::map<std::string, std::unique_ptr<NodeInfo>> by_name_;
  std::vector<NodeInfo*> order_;  // those with a Node object
  std::map<std::string, Placed> pods_;
};

}  // namespace kp::scheduler
