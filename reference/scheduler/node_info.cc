#include "reference/scheduler/node_info.h"

#include <algorithm>

#include "reference/api/quantity.h"
#include "reference/base/check.h"

namespace kp::scheduler {

void NodeInfo::SetNode(const api::Value& object) {
  node = object;
  taints = object.At({"spec", "taints"});
  repels = discourages = false;
  for (const api::Value& taint : taints.items()) {
    std::string_view effect = taint["effect"].AsString();
    repels |= effect == "NoSchedule" || effect == "NoExecute";
    discourages |= effect == "PreferNoSchedule";
  }
  unschedulable = object.At({"spec", "unschedulable"}).AsBool();
  const api::Value& list = object.At({"status", "allocatable"});
  allocatable = ResourcesOf(list);
  auto pods = api::Quantity::Of(list["pods"]);
  allowed_pods = pods.ok() ? pods->Value() : 0;
}

void NodeInfo::AddPod(const PodInfo& pod) {
  requested.Add(pod.requests);
  scored_milli_cpu += pod.scored_milli_cpu;
  scored_memory += pod.scored_memory;
  ++pod_count;
  for (const HostPort& port : pod.host_ports) host_ports.emplace_back(pod.key, port);
}

void NodeInfo::RemovePod(const PodInfo& pod) {
  requested.Subtract(pod.requests);
  scored_milli_cpu -= pod.scored_milli_cpu;
  scored_memory -= pod.scored_memory;
  --pod_count;
  std::erase_if(host_ports, [&](const auto& entry) { return entry.first == pod.key; });
}

// A pod may be seen before its node: the entry then has no Node object and is not in `order_`.
NodeInfo& Snapshot::At(const std::string& name) {
  auto& slot = by_name_[name];
  if (slot == nullptr) {
    slot = std::make_unique<NodeInfo>();
    slot->name = name;
  }
  return *slot;
}

NodeInfo* Snapshot::Find(const std::string& name) {
  auto found = by_name_.find(name);
  return found == by_name_.end() || found->second->node.is_null() ? nullptr : found->second.get();
}

void Snapshot::SetNode(const api::Value& node) {
  NodeInfo& info = At(node.At({"metadata", "name"}).str());
  bool fresh = info.node.is_null();
  info.SetNode(node);
  if (fresh) order_.push_back(&info);
}

void Snapshot::RemoveNode(const std::string& name) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  std::erase(order_, found->second.get());
  found->second->node = api::Value();
  if (found->second->pod_count == 0) by_name_.erase(found);
}

void Snapshot::AddPod(std::shared_ptr<const PodInfo> pod, const std::string& node) {
  RemovePod(pod->key);
  At(node).AddPod(*pod);
  std::string key = pod->key;
  pods_[key] = {std::move(pod), node};
}

void Snapshot::RemovePod(const std::string& key) {
  auto found = pods_.find(key);
  if (found == pods_.end()) return;
  NodeInfo& info = At(found->second.node);
  info.RemovePod(*found->second.pod);
  if (info.pod_count == 0 && info.node.is_null()) by_name_.erase(info.name);
  pods_.erase(found);
}

void Snapshot::CheckInvariants() const {
  std::map<std::string, std::pair<int64_t, int64_t>> sums;
  for (const auto& [key, placed] : pods_) {
    auto& [count, cpu] = sums[placed.node];
    ++count;
    cpu += placed.pod->requests.milli_cpu;
  }
  for (const auto& [name, info] : by_name_) {
    CHECK_EQ(info->pod_count, sums[name].first) << "pods counted on " << name;
    CHECK_EQ(info->requested.milli_cpu, sums[name].second) << "cpu counted on " << name;
  }
}

}  // namespace kp::scheduler
