#include "reference/apiserver/kinds/pod_spec.h"

#include <set>
#include <string>
#include <vector>

#include "reference/api/quantity.h"
#include "reference/api/selector.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Quantity;
using api::Value;

namespace {

// `list` with each item changed.
template <typename F>
Value Mapped(const Value& list, F&& change) {
  std::vector<Value> items;
  for (const Value& item : list.items()) items.push_back(change(item));
  return Value::Array(std::move(items));
}

template <typename F>
Value WithContainers(Value spec, F&& change) {
  for (std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    if (!spec[list].empty()) spec = spec.With(list, Mapped(spec[list], change));
  }
  return spec;
}

// "latest" for no tag; a digest counts as a tag that never moves.
bool MovesWithTime(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return false;
  const size_t colon = image.rfind(':');
  if (colon == std::string_view::npos || image.find('/', colon) != std::string_view::npos) return true;
  return image.substr(colon + 1) == "latest";
}

bool HasSource(const Value& volume) { return volume.size() > 1; }

void CheckResources(const Value& container, const std::string& path, FieldCauses& causes) {
  const Value& limits = container["resources"]["limits"];
  for (const api::Member& request : container["resources"]["requests"].members()) {
    const std::string_view name = request.key.text();
    if (!limits.Has(name)) continue;
    const Quantity asked = Quantity::OrZero(request.value);
    const Quantity limit = Quantity::OrZero(limits[name]);
    const bool whole = name.starts_with("hugepages-") || name.find('/') != std::string_view::npos;
    if (asked > limit || (whole && asked != limit)) {
      const std::string what = whole ? "must be equal to " : "must be less than or equal to ";
      causes.push_back(api::InvalidCause(api::ChildPath(path, "requests"), request.value,
                                         what + std::string(name) + " limit of " + limit.ToString()));
    }
  }
}

void CheckProbe(const Value& probe, const std::string& path, bool success_is_one, FieldCauses& causes) {
  if (!probe.is_object()) return;
  const int64_t success = probe["successThreshold"].AsInt(1);
  if (success_is_one && success != 1) {
    causes.push_back(api::InvalidCause(api::ChildPath(path, "successThreshold"), success, "must be 1"));
  }
}

void CheckHostPorts(const Value& spec, std::string_view path, FieldCauses& causes) {
  std::set<std::string> taken;
  for (size_t i = 0; i < spec["containers"].size(); ++i) {
    const std::string at = api::ChildPath(api::IndexPath(api::ChildPath(path, "containers"), i), "ports");
    const Value& ports = spec["containers"][i]["ports"];
    for (size_t p = 0; p < ports.size(); ++p) {
      const Value& host = ports[p]["hostPort"];
      if (host.AsInt() == 0) continue;
      const std::string child = api::ChildPath(api::IndexPath(at, p), "hostPort");
      if (spec["hostNetwork"].AsBool() && host != ports[p]["containerPort"]) {
        causes.push_back(api::InvalidCause(child, host, "must match `containerPort` when `hostNetwork` is true"));
      }
      const std::string key =
          ports[p]["protocol"].str() + "/" + ports[p]["hostIP"].str() + "/" + std::to_string(host.AsInt());
      if (!taken.insert(key).second) causes.push_back(api::DuplicateCause(child, Value(key)));
    }
  }
}

void CheckVolumeMounts(const Value& spec, const Value& container, const std::string& path, FieldCauses& causes) {
  for (size_t i = 0; i < container["volumeMounts"].size(); ++i) {
    const Value& name = container["volumeMounts"][i]["name"];
    bool known = false;
    for (const Value& volume : spec["volumes"].items()) known = known || volume["name"] == name;
    if (!known) {
      causes.push_back(
          api::NotFoundCause(api::ChildPath(api::IndexPath(api::ChildPath(path, "volumeMounts"), i), "name"), name));
    }
  }
}

}  // namespace

Value DefaultPodSpec(const Value& spec) {
  if (!spec.is_object()) return spec;
  Value out = spec;
  if (!out.Has("enableServiceLinks")) out = out.With("enableServiceLinks", true);
  if (!out["volumes"].empty()) {
    out = out.With("volumes", Mapped(out["volumes"], [](const Value& volume) {
                     return HasSource(volume) ? volume : volume.With("emptyDir", Value::EmptyObject());
                   }));
  }
  const bool host_network = out["hostNetwork"].AsBool();
  return WithContainers(out, [host_network](const Value& container) {
    Value c = container;
    if (c["imagePullPolicy"].empty() && !c["image"].empty()) {
      c = c.With("imagePullPolicy", MovesWithTime(c["image"].AsString()) ? "Always" : "IfNotPresent");
    }
    if (!c.Has("resources")) c = c.With("resources", Value::EmptyObject());
    if (host_network && !c["ports"].empty()) {
      c = c.With("ports", Mapped(c["ports"], [](const Value& port) {
                   return port["hostPort"].AsInt() ? port : port.With("hostPort", port["containerPort"]);
                 }));
    }
    return c;
  });
}

Value WithRequestsFromLimits(const Value& spec) {
  if (KP_MUTANT("pod-requests-ignore-limits")) return spec;
  return WithContainers(spec, [](const Value& container) {
    Value c = container;
    for (const api::Member& limit : container["resources"]["limits"].members()) {
      if (c["resources"]["requests"].Has(limit.key.text())) continue;
      c = c.With({"resources", "requests", limit.key.text()}, limit.value);
    }
    return c;
  });
}

FieldCauses CheckPodSpec(const Value& spec, std::string_view path) {
  FieldCauses causes;
  if (KP_MUTANT("pod-spec-is-unchecked")) return causes;
  std::set<std::string> names;
  for (std::string_view list : {"initContainers", "containers"}) {
    for (size_t i = 0; i < spec[list].size(); ++i) {
      const Value& container = spec[list][i];
      const std::string at = api::IndexPath(api::ChildPath(path, list), i);
      if (!names.insert(container["name"].str()).second) {
        // Duplicates within one list are the schema's; this is one name in both.
        if (list == "containers" && !spec["initContainers"].empty()) {
          causes.push_back(api::DuplicateCause(api::ChildPath(at, "name"), container["name"]));
        }
      }
      if (container["image"].empty()) causes.push_back(api::RequiredCause(api::ChildPath(at, "image")));
      CheckResources(container, api::ChildPath(at, "resources"), causes);
      CheckVolumeMounts(spec, container, at, causes);
      CheckProbe(container["livenessProbe"], api::ChildPath(at, "livenessProbe"), true, causes);
      CheckProbe(container["startupProbe"], api::ChildPath(at, "startupProbe"), true, causes);
    }
  }
  CheckHostPorts(spec, path, causes);
  return causes;
}

Value DefaultTemplate(const Value& object) {
  const Value& spec = object["spec"]["template"]["spec"];
  return spec.is_object() ? object.With({"spec", "template", "spec"}, DefaultPodSpec(spec)) : object;
}

FieldCauses CheckWorkload(const Value& object, std::string_view kind) {
  FieldCauses causes;
  const Value& spec = object["spec"];
  const Value& labels = spec["template"]["metadata"]["labels"];
  if (spec["selector"].is_object() && !KP_MUTANT("workload-selects-other-pods")) {
    const Result<api::Selector> selector = api::Selector::FromLabelSelector(spec["selector"]);
    for (api::FieldCause& cause : api::ValidateLabelSelector(spec["selector"], "spec.selector")) {
      causes.push_back(std::move(cause));
    }
    if (selector.ok() && selector->selects_everything()) {
      causes.push_back(
          api::InvalidCause("spec.selector", spec["selector"], "empty selector is invalid for " + std::string(kind)));
    } else if (selector.ok() && !selector->Matches(labels)) {
      causes.push_back(
          api::InvalidCause("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"));
    }
  }
  const Value& restart = spec["template"]["spec"]["restartPolicy"];
  if (!restart.empty() && restart != Value("Always")) {
    causes.push_back(api::NotSupportedCause("spec.template.spec.restartPolicy", restart, {"Always"}));
  }
  for (api::FieldCause& cause : CheckPodSpec(spec["template"]["spec"], "spec.template.spec")) {
    causes.push_back(std::move(cause));
  }
  return causes;
}

FieldCauses CheckEphemeralContainers(const Value& pod, const Value& old) {
  constexpr std::string_view kPath = "spec.ephemeralContainers";
  FieldCauses causes;
  const Value& containers = pod["spec"]["ephemeralContainers"];
  for (const Value& before : old["spec"]["ephemeralContainers"].items()) {
    bool kept = false;
    for (const Value& container : containers.items()) kept = kept || container == before;
    if (!kept) {
      causes.push_back(api::ForbiddenCause(
          std::string(kPath), "existing ephemeral containers \"" + before["name"].str() + "\" may not be changed\n"));
    }
  }
  for (size_t i = 0; i < containers.size(); ++i) {
    for (std::string_view field : {"ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}) {
      if (containers[i][field].empty()) continue;
      causes.push_back(api::ForbiddenCause(api::ChildPath(api::IndexPath(kPath, i), field),
                                           "cannot be set for an Ephemeral Container"));
    }
  }
  return causes;
}

// https://kubernetes.io/docs/tasks/configure-pod-container/quality-service-pod/: cpu and memory alone count.
std::string_view QosClassOf(const Value& spec) {
  bool any = false;
  bool all_equal = true;
  for (std::string_view list : {"initContainers", "containers"}) {
    for (const Value& container : spec[list].items()) {
      for (std::string_view resource : {"cpu", "memory"}) {
        const Quantity request = Quantity::OrZero(container["resources"]["requests"][resource]);
        const Quantity limit = Quantity::OrZero(container["resources"]["limits"][resource]);
        any = any || !request.IsZero() || !limit.IsZero();
        all_equal = all_equal && !limit.IsZero() && request == limit && !KP_MUTANT("pod-qos-ignores-limits");
      }
    }
  }
  if (!any) return "BestEffort";
  return all_equal ? "Guaranteed" : "Burstable";
}

}  // namespace kp::apiserver
