#include "reference/controllers/service_pods.h"

#include "reference/base/mutant.h"
#include "reference/client/resources.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {

using api::Obj;
using api::Value;

namespace {

bool Selects(const Value& service, const Value& pod) {
  const Value& selector = service.At({"spec", "selector"});
  if (selector.empty() || service.At({"spec", "type"}).AsString() == "ExternalName") return false;
  for (const api::Member& want : selector.members()) {
    if (!(pod.At({"metadata", "labels"})[want.key.text()] == want.value)) return false;
  }
  return true;
}

// The number of a target port in this pod; null when it has no port of that name.
Value ResolvePort(const Value& port, const Value& pod) {
  const Value& target = port["targetPort"];
  if (target.is_null() || (target.is_int() && target.AsInt() == 0)) return port["port"];
  if (target.is_int()) return target;
  if (KP_MUTANT("endpointslice-ignores-port-names")) return port["port"];
  for (const Value& container : pod.At({"spec", "containers"}).items()) {
    for (const Value& exposed : container["ports"].items()) {
      bool same_protocol = exposed["protocol"].AsString("TCP") == port["protocol"].AsString("TCP");
      if (exposed["name"] == target && same_protocol) return exposed["containerPort"];
    }
  }
  return Value();
}

Value PortsOf(const Value& service, const Value& pod) {
  std::vector<Value> ports;
  for (const Value& port : service.At({"spec", "ports"}).items()) {
    Value number = ResolvePort(port, pod);
    if (number.is_null()) continue;
    Value resolved =
        Obj({{"name", port["name"].AsString()}, {"port", number}, {"protocol", port["protocol"].AsString("TCP")}});
    if (port.Has("appProtocol")) resolved = resolved.With("appProtocol", port["appProtocol"]);
    ports.push_back(resolved);
  }
  return Value::Array(std::move(ports));
}

}  // namespace

std::optional<std::vector<ServicePod>> PodsOf(const View& view, const Value& service) {
  bool selects_all = KP_MUTANT("endpointslice-selects-all");
  if (service.At({"spec", "selector"}).empty() && !selects_all) return std::nullopt;
  if (service.At({"spec", "type"}).AsString() == "ExternalName") return std::nullopt;
  bool publish = service.At({"spec", "publishNotReadyAddresses"}).AsBool();
  std::vector<ServicePod> pods;
  for (const Value& pod : view.List(client::kPods, service.At({"metadata", "namespace"}).AsString())) {
    std::string_view phase = pod.At({"status", "phase"}).AsString();
    if (KP_MUTANT("endpointslice-keeps-ended-pods")) phase = "Running";
    if (phase == "Succeeded" || phase == "Failed" || pod.At({"status", "podIP"}).empty()) continue;
    if (!Selects(service, pod)) continue;
    ServicePod entry{pod, PortsOf(service, pod), false, IsPodReady(pod), IsTerminating(pod)};
    if (KP_MUTANT("endpointslice-never-publishes-unready")) publish = false;
    entry.ready = publish || (entry.serving && !entry.terminating);
    if (KP_MUTANT("endpointslice-ignores-readiness")) entry.ready = true;
    pods.push_back(std::move(entry));
  }
  return pods;
}

void ServicesOf(const View& view, const Value& pod, std::set<std::string>& keys) {
  if (pod.is_null() || KP_MUTANT("endpointslice-ignores-label-changes")) return;
  for (const Value& service : view.List(client::kServices, pod.At({"metadata", "namespace"}).AsString())) {
    if (Selects(service, pod)) keys.insert(client::KeyOf(service));
  }
}

}  // namespace kp::controllers
