#include "reference/scheduler/pod_info.h"

#include <algorithm>

#include "reference/client/object_key.h"

namespace kp::scheduler {
namespace {

using api::Value;

constexpr int64_t kDefaultMilliCpu = 100;
constexpr int64_t kDefaultMemory = 200 * 1024 * 1024;

// Requests of a container; a limit without a request is the request.
Resources RequestsOf(const Value& container) {
  Value list = container.At({"resources", "requests"});
  if (list.is_null()) list = Value::EmptyObject();
  for (const api::Member& limit : container.At({"resources", "limits"}).members()) {
    if (!list.Has(limit.key.text())) list = list.With(limit.key.text(), limit.value);
  }
  return ResourcesOf(list);
}

}  // namespace

// The larger of what the containers need together and what any init container needs with the sidecars
// started before it (core/v1 PodSpec.initContainers), plus overhead.
PodInfo::PodInfo(Value object) : pod(std::move(object)) {
  const Value& spec = pod["spec"];
  key = client::KeyOf(pod);
  uid = pod.At({"metadata", "uid"}).str();
  node = spec["nodeName"].str();
  priority = spec["priority"].AsInt();
  for (const Value& container : spec["containers"].items()) {
    Resources own = RequestsOf(container);
    scored_milli_cpu += own.milli_cpu > 0 ? own.milli_cpu : kDefaultMilliCpu;
    scored_memory += own.memory > 0 ? own.memory : kDefaultMemory;
    requests.Add(own);
    for (const Value& port : container["ports"].items()) {
      if (port["hostPort"].AsInt() == 0) continue;
      host_ports.push_back(
          {port["hostIP"].str(), std::string(port["protocol"].AsString("TCP")), port["hostPort"].AsInt()});
    }
  }
  Resources sidecars;
  Resources most;
  for (const Value& container : spec["initContainers"].items()) {
    Resources own = RequestsOf(container);
    if (container["restartPolicy"].AsString() == "Always") {
      requests.Add(own);
      sidecars.Add(own);
      most.Max(sidecars);
    } else {
      Resources with = own;
      with.Add(sidecars);
      most.Max(with);
    }
  }
  requests.Max(most);
  Resources overhead = ResourcesOf(spec["overhead"]);
  requests.Add(overhead);
  scored_milli_cpu = std::max(scored_milli_cpu, most.milli_cpu) + overhead.milli_cpu;
  scored_memory = std::max(scored_memory, most.memory) + overhead.memory;
}

bool OccupiesNode(const Value& pod) {
  std::string_view phase = pod.At({"status", "phase"}).AsString();
  return !pod.At({"spec", "nodeName"}).empty() && phase != "Succeeded" && phase != "Failed";
}

}  // namespace kp::scheduler
