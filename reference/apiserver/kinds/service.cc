// Services: what depends on the type. Addresses and node ports are handed out elsewhere.
#include <set>

#include "reference/apiserver/kinds/all.h"
#include "reference/apiserver/kinds/service_fields.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

bool NeedsClusterIp(const Value& service) {
  return service["spec"]["type"] != Value("ExternalName") && service["spec"]["clusterIP"] != Value("None");
}

bool NeedsNodePorts(const Value& service) {
  const Value& spec = service["spec"];
  return spec["type"] == Value("NodePort") ||
         (spec["type"] == Value("LoadBalancer") && spec["allocateLoadBalancerNodePorts"].AsBool(true));
}

namespace {

Value WithTargetPorts(Value object) {
  if (KP_MUTANT("service-target-port-stays-empty")) return object;
  const Value& ports = object["spec"]["ports"];
  for (size_t i = 0; i < ports.size(); ++i) {
    const Value& target = object["spec"]["ports"][i]["targetPort"];
    if (!target.is_null() && target != Value(0) && target != Value("")) continue;
    const Value port = object["spec"]["ports"][i];
    object = object.With({"spec", "ports"}, object["spec"]["ports"].WithItem(i, port.With("targetPort", port["port"])));
  }
  return object;
}

Value Defaults(const Value& object) {
  Value out = WithTargetPorts(object);
  const Value& spec = object["spec"];
  if (spec["type"] == Value("ExternalName")) return out;
  if (!spec["clusterIP"].empty() && spec["clusterIPs"].empty()) {
    out = out.With({"spec", "clusterIPs"}, api::Arr({spec["clusterIP"]}));
  } else if (spec["clusterIP"].empty() && !spec["clusterIPs"].empty()) {
    out = out.With({"spec", "clusterIP"}, spec["clusterIPs"][0]);
  }
  if (spec["ipFamilyPolicy"].empty()) out = out.With({"spec", "ipFamilyPolicy"}, "SingleStack");
  if (spec["ipFamilies"].empty()) out = out.With({"spec", "ipFamilies"}, api::Arr({"IPv4"}));
  return out;
}

Value WithoutAddresses(Value object) {
  for (std::string_view field : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
    object = object.Without({"spec", field});
  }
  return object;
}

// A client that leaves out what the server gave keeps it.
Value PrepareUpdate(const HookContext&, const Value& object, const Value& old) {
  Value out = object;
  if (out["spec"]["type"] == Value("ExternalName")) {
    return old["spec"]["clusterIP"] == out["spec"]["clusterIP"] ? WithoutAddresses(out) : out;
  }
  if (out["spec"]["clusterIP"].empty() && !old["spec"]["clusterIP"].empty()) {
    out = out.With({"spec", "clusterIP"}, old["spec"]["clusterIP"])
              .With({"spec", "clusterIPs"}, old["spec"]["clusterIPs"]);
  }
  const bool ports = NeedsNodePorts(out);
  for (size_t i = 0; i < out["spec"]["ports"].size(); ++i) {
    Value port = out["spec"]["ports"][i];
    if (!ports && NeedsNodePorts(old)) port = port.Without("nodePort");
    if (ports && port["nodePort"].AsInt() == 0) {
      for (const Value& before : old["spec"]["ports"].items()) {
        if (before["port"] == port["port"] && before["protocol"] == port["protocol"] && before["nodePort"].AsInt() &&
            !KP_MUTANT("service-forgets-its-node-port")) {
          port = port.With("nodePort", before["nodePort"]);
        }
      }
    }
    out = out.With({"spec", "ports"}, out["spec"]["ports"].WithItem(i, port));
  }
  return out;
}

void CheckPorts(const Value& spec, FieldCauses& causes) {
  const Value& ports = spec["ports"];
  std::set<std::string> names;
  const bool headless = spec["clusterIP"] == Value("None");
  if (ports.empty() && !headless && spec["type"] != Value("ExternalName")) {
    causes.push_back(api::RequiredCause("spec.ports"));
  }
  std::set<std::string> node_ports;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string path = api::IndexPath("spec.ports", i);
    const Value& port = ports[i];
    if (port["name"].empty() && ports.size() > 1) causes.push_back(api::RequiredCause(api::ChildPath(path, "name")));
    if (!port["name"].empty() && !names.insert(port["name"].str()).second) {
      causes.push_back(api::DuplicateCause(api::ChildPath(path, "name"), port["name"]));
    }
    const int64_t node_port = port["nodePort"].AsInt();
    if (node_port && (spec["type"] == Value("ClusterIP") || spec["type"] == Value("ExternalName"))) {
      causes.push_back(api::ForbiddenCause(api::ChildPath(path, "nodePort"),
                                           "may not be used when `type` is '" + spec["type"].str() + "'"));
    }
    if (node_port && !node_ports.insert(port["protocol"].str() + std::to_string(node_port)).second) {
      causes.push_back(api::DuplicateCause(api::ChildPath(path, "nodePort"), port["nodePort"]));
    }
  }
}

FieldCauses Validate(const Value& object) {
  FieldCauses causes;
  const Value& spec = object["spec"];
  const Value& type = spec["type"];
  if (KP_MUTANT("service-is-unchecked")) return causes;
  CheckPorts(spec, causes);
  if (type == Value("ExternalName")) {
    if (spec["externalName"].empty()) causes.push_back(api::RequiredCause("spec.externalName"));
    if (!spec["clusterIP"].empty()) {
      causes.push_back(api::ForbiddenCause("spec.clusterIPs[0]", "may not be set for ExternalName services"));
    }
  } else if (spec["clusterIP"] == Value("None") && type != Value("ClusterIP")) {
    causes.push_back(
        api::InvalidCause("spec.clusterIPs[0]", "None", "may not be set to 'None' for " + type.str() + " services"));
  }
  if (type != Value("LoadBalancer") && !spec["loadBalancerClass"].is_null()) {
    causes.push_back(api::ForbiddenCause("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));
  }
  if (spec["ipFamilyPolicy"] == Value("RequireDualStack")) {
    causes.push_back(api::InvalidCause("spec.ipFamilyPolicy", spec["ipFamilyPolicy"],
                                       "this cluster is not configured for dual-stack services"));
  }
  return causes;
}

FieldCauses ValidateUpdate(const Value& object, const Value& old) {
  FieldCauses causes;
  const Value& address = old["spec"]["clusterIP"];
  const bool stays = object["spec"]["type"] != Value("ExternalName") && old["spec"]["type"] != Value("ExternalName");
  if (KP_MUTANT("service-address-is-mutable")) return causes;
  if (stays && !address.empty() && object["spec"]["clusterIP"] != address) {
    causes.push_back(api::InvalidCause("spec.clusterIPs[0]", object["spec"]["clusterIPs"], "may not change once set"));
  }
  return causes;
}

}  // namespace

KindHooks ServiceHooks() {
  return {.defaults = Defaults,
          .prepare_update = PrepareUpdate,
          .validate = Validate,
          .validate_update = ValidateUpdate,
          .create_on_update = true};
}

}  // namespace kp::apiserver
