#include "reference/api/table_formatters.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "reference/api/selector.h"
#include "reference/base/check.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

constexpr std::string_view kNone = "<none>";
constexpr size_t kShownItems = 3;

std::string OrElse(const Value& text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text.str();
}

// The first few, and how many more there are.
std::string Shortened(const std::vector<std::string>& all) {
  std::vector<std::string> shown(all.begin(), all.begin() + static_cast<long>(std::min(all.size(), kShownItems)));
  std::string text = Join(shown, ",");
  if (all.size() > kShownItems) text += " + " + std::to_string(all.size() - kShownItems) + " more...";
  return text;
}

std::string FormatLabels(const Value& labels) {
  std::vector<std::string> parts;
  for (const Member& member : labels.members()) {
    parts.push_back(std::string(member.key.text()) + "=" + member.value.str());
  }
  return parts.empty() ? std::string(kNone) : Join(parts, ",");
}

Value Age(const Value& object, WallTime now) { return AgeSince(object["metadata"]["creationTimestamp"], now); }

Value DataCount(const Value& object, WallTime) { return object["data"].size() + object["binaryData"].size(); }
Value SecretsCount(const Value& object, WallTime) { return object["secrets"].size(); }

// Pods.
Value PodReady(const Value& pod, WallTime now) { return SummarizePod(pod, now).ready; }
Value PodStatus(const Value& pod, WallTime now) { return SummarizePod(pod, now).status; }
Value PodRestarts(const Value& pod, WallTime now) { return SummarizePod(pod, now).restarts; }
Value PodIp(const Value& pod, WallTime) {
  const Value& first = pod["status"]["podIPs"][0]["ip"];
  return OrElse(first.empty() ? pod["status"]["podIP"] : first, kNone);
}
Value PodNode(const Value& pod, WallTime) { return OrElse(pod["spec"]["nodeName"], kNone); }
Value PodNominatedNode(const Value& pod, WallTime) { return OrElse(pod["status"]["nominatedNodeName"], kNone); }
Value PodReadinessGates(const Value& pod, WallTime) {
  const Value& gates = pod["spec"]["readinessGates"];
  if (gates.empty()) return kNone;
  size_t met = 0;
  for (const Value& gate : gates.items()) {
    for (const Value& condition : pod["status"]["conditions"].items()) {
      if (condition["type"] == gate["conditionType"] && condition["status"].AsString() == "True") ++met;
    }
  }
  return std::to_string(met) + "/" + std::to_string(gates.size());
}

// Nodes.
Value NodeStatus(const Value& node, WallTime) {
  std::string text = "Unknown";
  for (const Value& condition : node["status"]["conditions"].items()) {
    if (condition["type"].AsString() == "Ready") {
      text = condition["status"].AsString() == "True" ? "Ready" : "NotReady";
    }
  }
  if (node["spec"]["unschedulable"].AsBool()) text += ",SchedulingDisabled";
  return text;
}
Value NodeRoles(const Value& node, WallTime) {
  std::set<std::string> roles;
  for (const Member& label : node["metadata"]["labels"].members()) {
    std::string_view key = label.key.text();
    if (key == "kubernetes.io/role") {
      if (!label.value.empty()) roles.insert(label.value.str());
    } else if (ConsumePrefix(key, "node-role.kubernetes.io/") && !key.empty()) {
      roles.emplace(key);
    }
  }
  return roles.empty() ? std::string(kNone) : Join({roles.begin(), roles.end()}, ",");
}
std::string NodeAddress(const Value& node, std::string_view type) {
  for (const Value& address : node["status"]["addresses"].items()) {
    if (address["type"].AsString() == type) return address["address"].str();
  }
  return std::string(kNone);
}
Value NodeInternalIp(const Value& node, WallTime) { return NodeAddress(node, "InternalIP"); }
Value NodeExternalIp(const Value& node, WallTime) { return NodeAddress(node, "ExternalIP"); }
Value NodeOsImage(const Value& node, WallTime) { return OrElse(node["status"]["nodeInfo"]["osImage"], "<unknown>"); }
Value NodeKernel(const Value& node, WallTime) {
  return OrElse(node["status"]["nodeInfo"]["kernelVersion"], "<unknown>");
}
Value NodeRuntime(const Value& node, WallTime) {
  return OrElse(node["status"]["nodeInfo"]["containerRuntimeVersion"], "<unknown>");
}

// Services.
Value ServiceClusterIp(const Value& service, WallTime) {
  const Value& first = service["spec"]["clusterIPs"][0];
  return OrElse(first.empty() ? service["spec"]["clusterIP"] : first, kNone);
}
Value ServiceExternalIp(const Value& service, WallTime) {
  const Value& spec = service["spec"];
  if (spec["type"].AsString() == "ExternalName") return spec["externalName"].str();
  std::vector<std::string> addresses;
  bool balanced = spec["type"].AsString() == "LoadBalancer";
  if (balanced) {
    for (const Value& ingress : service["status"]["loadBalancer"]["ingress"].items()) {
      addresses.push_back(OrElse(ingress["ip"], ingress["hostname"].AsString()));
    }
  }
  for (const Value& address : spec["externalIPs"].items()) addresses.push_back(address.str());
  if (addresses.empty()) return balanced ? "<pending>" : kNone;
  return Join(addresses, ",");
}
Value ServicePorts(const Value& service, WallTime) {
  std::vector<std::string> ports;
  for (const Value& port : service["spec"]["ports"].items()) {
    std::string text = std::to_string(port["port"].AsInt());
    if (port["nodePort"].AsInt() > 0) text += ":" + std::to_string(port["nodePort"].AsInt());
    ports.push_back(text + "/" + port["protocol"].str());
  }
  return ports.empty() ? std::string(kNone) : Join(ports, ",");
}
Value ServiceSelector(const Value& service, WallTime) { return FormatLabels(service["spec"]["selector"]); }

std::string HostPort(std::string_view host, int64_t port) {
  bool is_v6 = host.find(':') != std::string_view::npos;
  return (is_v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}
Value Endpoints(const Value& endpoints, WallTime) {
  std::vector<std::string> all;
  if (endpoints["subsets"].empty()) return kNone;
  for (const Value& subset : endpoints["subsets"].items()) {
    const Value& addresses = subset["addresses"];
    if (subset["ports"].empty()) {
      for (const Value& address : addresses.items()) all.push_back(address["ip"].str());
    }
    for (const Value& port : subset["ports"].items()) {
      for (const Value& address : addresses.items()) {
        all.push_back(HostPort(address["ip"].AsString(), port["port"].AsInt()));
      }
    }
  }
  return Shortened(all);
}
Value SlicePorts(const Value& slice, WallTime) {
  std::vector<std::string> all;
  for (const Value& port : slice["ports"].items()) {
    all.push_back(port["port"].is_int() ? std::to_string(port["port"].AsInt()) : "*");
  }
  return all.empty() ? "<unset>" : Shortened(all);
}
Value SliceEndpoints(const Value& slice, WallTime) {
  std::vector<std::string> all;
  for (const Value& endpoint : slice["endpoints"].items()) {
    for (const Value& address : endpoint["addresses"].items()) all.push_back(address.str());
  }
  return all.empty() ? "<unset>" : Shortened(all);
}

// Workloads.
Value DeploymentReady(const Value& object, WallTime) {
  return std::to_string(object["status"]["readyReplicas"].AsInt()) + "/" +
         std::to_string(object["spec"]["replicas"].AsInt());
}
template <const char* kPart, const char* kField>
Value Count(const Value& object, WallTime) {
  return object[kPart][kField].AsInt();
}
constexpr char kSpec[] = "spec";
constexpr char kStatus[] = "status";
constexpr char kReplicas[] = "replicas";
constexpr char kReady[] = "readyReplicas";
constexpr char kUpdated[] = "updatedReplicas";
constexpr char kAvailable[] = "availableReplicas";

std::string OfContainers(const Value& object, std::string_view field) {
  std::vector<std::string> texts;
  for (const Value& container : object["spec"]["template"]["spec"]["containers"].items()) {
    texts.push_back(container[field].str());
  }
  return Join(texts, ",");
}
Value TemplateContainers(const Value& object, WallTime) { return OfContainers(object, "name"); }
Value TemplateImages(const Value& object, WallTime) { return OfContainers(object, "image"); }
Value WorkloadSelector(const Value& object, WallTime) { return FormatLabelSelector(object["spec"]["selector"]); }

// Events, in both their forms.
const Value& Either(const Value& event, const char* core, const char* events) {
  return event.Has(core) ? event[core] : event[events];
}
Value EventFirstSeen(const Value& event, WallTime now) {
  const Value& first = Either(event, "firstTimestamp", "deprecatedFirstTimestamp");
  return AgeSince(first.empty() ? event["eventTime"] : first, now);
}
Value EventLastSeen(const Value& event, WallTime now) {
  if (event.Has("series")) return AgeSince(event["series"]["lastObservedTime"], now);
  const Value& last = Either(event, "lastTimestamp", "deprecatedLastTimestamp");
  return last.empty() ? EventFirstSeen(event, now) : AgeSince(last, now);
}
Value EventCount(const Value& event, WallTime) {
  if (event.Has("series")) return event["series"]["count"].AsInt();
  return std::max<int64_t>(1, Either(event, "count", "deprecatedCount").AsInt());
}
Value EventObject(const Value& event, WallTime) {
  const Value& object = Either(event, "involvedObject", "regarding");
  std::string kind = Lower(object["kind"].AsString());
  return object["name"].empty() ? kind : kind + "/" + object["name"].str();
}
Value EventSource(const Value& event, WallTime) {
  const Value& source = Either(event, "source", "deprecatedSource");
  std::string component =
      OrElse(source["component"], Either(event, "reportingComponent", "reportingController").AsString());
  std::string instance = OrElse(source["host"], event["reportingInstance"].AsString());
  return instance.empty() ? component : component + ", " + instance;
}
Value EventMessage(const Value& event, WallTime) { return Trim(Either(event, "message", "note").AsString()); }

// Access.
Value BindingRole(const Value& binding, WallTime) {
  return binding["roleRef"]["kind"].str() + "/" + binding["roleRef"]["name"].str();
}
std::string Subjects(const Value& binding, std::string_view kind) {
  std::vector<std::string> names;
  for (const Value& subject : binding["subjects"].items()) {
    if (subject["kind"].AsString() != kind) continue;
    bool account = kind == "ServiceAccount";
    names.push_back(account ? subject["namespace"].str() + "/" + subject["name"].str() : subject["name"].str());
  }
  return Join(names, ", ");
}
Value BindingUsers(const Value& binding, WallTime) { return Subjects(binding, "User"); }
Value BindingGroups(const Value& binding, WallTime) { return Subjects(binding, "Group"); }
Value BindingAccounts(const Value& binding, WallTime) { return Subjects(binding, "ServiceAccount"); }

using Formatter = Value (*)(const Value&, WallTime);

const std::map<std::string_view, Formatter>& Formatters() {
  static const auto* formatters = new std::map<std::string_view, Formatter>{
      {"age", Age},
      {"available-replicas", Count<kStatus, kAvailable>},
      {"binding-accounts", BindingAccounts},
      {"binding-groups", BindingGroups},
      {"binding-role", BindingRole},
      {"binding-users", BindingUsers},
      {"data-count", DataCount},
      {"deployment-ready", DeploymentReady},
      {"endpoints", Endpoints},
      {"event-count", EventCount},
      {"event-first-seen", EventFirstSeen},
      {"event-last-seen", EventLastSeen},
      {"event-message", EventMessage},
      {"event-object", EventObject},
      {"event-source", EventSource},
      {"node-external-ip", NodeExternalIp},
      {"node-internal-ip", NodeInternalIp},
      {"node-kernel", NodeKernel},
      {"node-os-image", NodeOsImage},
      {"node-roles", NodeRoles},
      {"node-runtime", NodeRuntime},
      {"node-status", NodeStatus},
      {"pod-ip", PodIp},
      {"pod-node", PodNode},
      {"pod-nominated-node", PodNominatedNode},
      {"pod-readiness-gates", PodReadinessGates},
      {"pod-ready", PodReady},
      {"pod-restarts", PodRestarts},
      {"pod-status", PodStatus},
      {"ready-replicas", Count<kStatus, kReady>},
      {"secrets-count", SecretsCount},
      {"service-cluster-ip", ServiceClusterIp},
      {"service-external-ip", ServiceExternalIp},
      {"service-ports", ServicePorts},
      {"service-selector", ServiceSelector},
      {"slice-endpoints", SliceEndpoints},
      {"slice-ports", SlicePorts},
      {"spec-replicas", Count<kSpec, kReplicas>},
      {"status-replicas", Count<kStatus, kReplicas>},
      {"template-containers", TemplateContainers},
      {"template-images", TemplateImages},
      {"updated-replicas", Count<kStatus, kUpdated>},
      {"workload-selector", WorkloadSelector},
  };
  return *formatters;
}

}  // namespace

Value FormatCell(std::string_view formatter, const Value& object, WallTime now) {
  auto found = Formatters().find(formatter);
  CHECK(found != Formatters().end()) << "unknown formatter " << formatter;
  return found->second(object, now);
}

bool IsKnownFormatter(std::string_view formatter) { return Formatters().contains(formatter); }

std::string AgeSince(const Value& time, WallTime now) {
  Result<WallTime> since = ParseRfc3339(time.AsString());
  return since.ok() ? HumanDuration(now - *since) : "<unknown>";
}

std::string FormatLabelSelector(const Value& selector) {
  Result<Selector> parsed = Selector::FromLabelSelector(selector);
  if (!parsed.ok()) return "<error>";
  std::string text = parsed->ToString();
  return text.empty() ? std::string(kNone) : text;
}

}  // namespace kp::api
