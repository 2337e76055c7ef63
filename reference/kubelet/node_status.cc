#include "reference/kubelet/node_status.h"

#include <vector>

#include "reference/base/mutant.h"

namespace kp::kubelet {

using api::Obj;
using api::Value;

namespace {

Value ResourceList(const NodeOptions& options) {
  std::vector<api::Member> list;
  for (const auto& [name, amount] : options.resources) list.push_back({api::Key(name), Value(amount)});
  return Value::Object(std::move(list));
}

Value Condition(const Value& before, std::string_view type, bool holds, std::string_view reason,
                std::string_view message, WallTime now) {
  std::string status = holds ? "True" : "False";
  Value since = FormatRfc3339(now);
  for (const Value& old : before.items()) {
    if (old["type"].AsString() == type && old["status"].AsString() == status) since = old["lastTransitionTime"];
  }
  return Obj({{"type", type},
              {"status", status},
              {"reason", reason},
              {"message", message},
              {"lastHeartbeatTime", FormatRfc3339(now)},
              {"lastTransitionTime", since}});
}

}  // namespace

Value NewNode(const NodeOptions& options) {
  Value labels = Obj({{"kubernetes.io/hostname", options.name},
                      {"kubernetes.io/os", "linux"},
                      {"kubernetes.io/arch", "amd64"},
                      {"beta.kubernetes.io/os", "linux"},
                      {"beta.kubernetes.io/arch", "amd64"}});
  for (const auto& [key, value] : options.labels) labels = labels.With(key, value);
  Value node =
      Obj({{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", Obj({{"name", options.name}, {"labels", labels}})}});
  if (options.register_unschedulable) node = node.With({"spec", "unschedulable"}, true);
  return node;
}

Value NodeStatus(const Value& node, const NodeOptions& options, const std::string& runtime_version, WallTime now) {
  const Value& before = node["status"]["conditions"];
  std::vector<Value> conditions = {
      Condition(before, "MemoryPressure", false, "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available", now),
      Condition(before, "DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now),
      Condition(before, "PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available", now),
      Condition(before, "Ready", true, "KubeletReady", "kubelet is posting ready status", now)};
  Value resources = ResourceList(options);
  std::string_view kind = KP_MUTANT("kubelet-has-no-address") ? "Hostname" : "InternalIP";
  return Obj({{"addresses", api::Arr({Obj({{"type", kind}, {"address", options.ip}}),
                                      Obj({{"type", "Hostname"}, {"address", options.name}})})},
              {"capacity", resources},
              {"allocatable", resources},
              {"conditions", Value::Array(std::move(conditions))},
              {"daemonEndpoints", Obj({{"kubeletEndpoint", Obj({{"Port", 10250}})}})},
              {"nodeInfo", Obj({{"architecture", "amd64"},
                                {"operatingSystem", "linux"},
                                {"osImage", "Debian GNU/Linux 12 (bookworm)"},
                                {"kernelVersion", "6.1.0"},
                                {"kubeletVersion", "v1.32.0"},
                                {"kubeProxyVersion", "v1.32.0"},
                                {"containerRuntimeVersion", runtime_version},
                                {"machineID", options.name},
                                {"systemUUID", options.name},
                                {"bootID", options.name}})}});
}

bool SameNodeStatus(const Value& a, const Value& b) {
  const auto timeless = [](const Value& status) {
    std::vector<Value> conditions;
    for (const Value& condition : status["conditions"].items()) {
      conditions.push_back(condition.Without("lastHeartbeatTime").Without("lastTransitionTime"));
    }
    return status.With("conditions", Value::Array(std::move(conditions)));
  };
  return timeless(a) == timeless(b);
}

Value NodeLease(const NodeOptions& options, const std::string& node_uid, WallTime now) {
  Value owner = Obj({{"apiVersion", "v1"}, {"kind", "Node"}, {"name", options.name}, {"uid", node_uid}});
  return Obj({{"apiVersion", "coordination.k8s.io/v1"},
              {"kind", "Lease"},
              {"metadata",
               Obj({{"name", options.name}, {"namespace", "kube-node-lease"}, {"ownerReferences", api::Arr({owner})}})},
              {"spec", Obj({{"holderIdentity", options.name},
                            {"leaseDurationSeconds", 40},
                            {"renewTime", FormatRfc3339Micro(now)}})}});
}

}  // namespace kp::kubelet
