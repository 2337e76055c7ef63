// Pods: what admission adds, what an update may change, how a deletion waits.
#include <algorithm>
#include <optional>

#include "reference/api/names.h"
#include "reference/apiserver/kinds/all.h"
#include "reference/apiserver/kinds/pod_binding.h"
#include "reference/apiserver/kinds/pod_spec.h"
#include "reference/apiserver/storage.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::FieldCauses;
using api::Value;

namespace {

constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

Value Defaults(const Value& object) {
  if (KP_MUTANT("pod-defaults-nothing")) return object;
  return object.With("spec", DefaultPodSpec(object["spec"]));
}

Value PrepareCreate(const HookContext&, const Value& object) { return object.With({"status", "phase"}, "Pending"); }

// DefaultTolerationSeconds: a pod leaves a node that is not ready after five minutes.
Value WithTolerations(const Value& spec) {
  Value tolerations = spec["tolerations"];
  if (KP_MUTANT("pod-tolerates-nothing")) return spec;
  for (std::string_view key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    const bool tolerated = std::any_of(spec["tolerations"].items().begin(), spec["tolerations"].items().end(),
                                       [&](const Value& toleration) {
                                         const std::string_view effect = toleration["effect"].AsString();
                                         return (toleration["key"].AsString() == key || toleration["key"].empty()) &&
                                                (effect == "NoExecute" || effect.empty());
                                       });
    if (tolerated) continue;
    tolerations = tolerations.Append(
        api::Obj({{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}}));
  }
  return tolerations.empty() ? spec : spec.With("tolerations", tolerations);
}

ApiResult<Value> WithPriority(const Value& spec) {
  const std::string_view name = spec["priorityClassName"].AsString();
  int64_t priority = 0;
  if (name == "system-cluster-critical")
    priority = 2000000000;
  else if (name == "system-node-critical")
    priority = 2000001000;
  else if (!name.empty()) {
    return ApiStatus::Forbidden("", "pods", "", "no PriorityClass with name " + std::string(name) + " was found");
  }
  Value out = spec.Has("priority") ? spec : spec.With("priority", priority);
  return out["preemptionPolicy"].empty() ? out.With("preemptionPolicy", "PreemptLowerPriority") : out;
}

// The projected volume that holds token, ca.crt and namespace.
Value TokenVolume(const std::string& name) {
  const Value token = api::Obj({{"serviceAccountToken", api::Obj({{"expirationSeconds", 3607}, {"path", "token"}})}});
  const Value ca =
      api::Obj({{"configMap", api::Obj({{"name", "kube-root-ca.crt"},
                                        {"items", api::Arr({api::Obj({{"key", "ca.crt"}, {"path", "ca.crt"}})})}})}});
  const Value ns_file = api::Obj(
      {{"path", "namespace"}, {"fieldRef", api::Obj({{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}})}});
  const Value ns = api::Obj({{"downwardAPI", api::Obj({{"items", api::Arr({ns_file})}})}});
  return api::Obj(
      {{"name", name}, {"projected", api::Obj({{"defaultMode", 420}, {"sources", api::Arr({token, ca, ns})}})}});
}

Value WithTokenMounted(const HookContext& context, const Value& spec) {
  const auto lacks = [](const Value& container) {
    const auto mounts = container["volumeMounts"].items();
    return std::none_of(mounts.begin(), mounts.end(),
                        [](const Value& mount) { return mount["mountPath"].AsString() == kTokenPath; });
  };
  const std::string name = "kube-api-access-" + context.random->NameSuffix(5);
  const Value mount = api::Obj({{"name", name}, {"readOnly", true}, {"mountPath", kTokenPath}});
  Value out = spec;
  bool used = false;
  for (std::string_view list : {"initContainers", "containers"}) {
    for (size_t i = 0; i < spec[list].size(); ++i) {
      const Value& container = spec[list][i];
      if (!lacks(container)) continue;
      used = true;
      out = out.With(list,
                     out[list].WithItem(i, container.With("volumeMounts", container["volumeMounts"].Append(mount))));
    }
  }
  return used ? out.With("volumes", out["volumes"].Append(TokenVolume(name))) : spec;
}

ApiResult<Value> WithServiceAccount(const HookContext& context, const Value& object) {
  const Value& meta = object["metadata"];
  Value spec = object["spec"];
  const bool named = !spec["serviceAccountName"].empty();
  const std::string name = named ? spec["serviceAccountName"].str() : "default";
  spec = spec.With("serviceAccountName", name).With("serviceAccount", name);
  const WatchCache::Entry* account =
      context.storage->Cache(api::BuiltinKind("", "v1", "ServiceAccount")).Find(meta["namespace"].str() + "/" + name);
  // The default account is made by a controller; a namespace that is younger than it can have pods.
  if (!account && named && name != "default") {
    return ApiStatus::Forbidden("", "pods", meta["name"].AsString(),
                                "error looking up service account " + meta["namespace"].str() + "/" + name +
                                    ": serviceaccount \"" + name + "\" not found");
  }
  const Value& pod_says = spec["automountServiceAccountToken"];
  const Value account_says = account ? account->object["automountServiceAccountToken"] : Value();
  const bool mount = pod_says.is_bool() ? pod_says.AsBool() : account_says.AsBool(true);
  if (mount && !KP_MUTANT("pod-mounts-no-token")) spec = WithTokenMounted(context, spec);
  if (account && spec["imagePullSecrets"].empty() && !account->object["imagePullSecrets"].empty()) {
    spec = spec.With("imagePullSecrets", account->object["imagePullSecrets"]);
  }
  return spec;
}

ApiResult<Value> AdmitCreate(const HookContext& context, const Value& object) {
  ApiResult<Value> spec = WithServiceAccount(context, object);
  if (spec.ok()) spec = WithPriority(*spec);
  if (!spec.ok()) return spec;
  const Value full = WithRequestsFromLimits(WithTolerations(*spec));
  return object.With("spec", full).With({"status", "qosClass"}, QosClassOf(full));
}

Value WithField(const Value& object, const Value& old, std::string_view field) {
  return old[field].is_null() ? object.Without(field) : object.With(field, old[field]);
}

// A node set by an update is a binding, with its checks.
ApiResult<Value> AdmitUpdate(const HookContext& context, const Value& object, const Value& old) {
  const Value& node = object["spec"]["nodeName"];
  if (node == old["spec"]["nodeName"] || node.empty()) return object;
  if (WithField(object["spec"], old["spec"], "nodeName") != old["spec"]) return object;
  const Value binding = api::Obj({{"target", api::Obj({{"kind", "Node"}, {"name", node}})}});
  ApiResult<Value> bound = BindPod(old, binding, context.now);
  if (!bound.ok()) return bound;
  return object.With("spec", (*bound)["spec"]).With("status", (*bound)["status"]);
}

FieldCauses Validate(const Value& object) { return CheckPodSpec(object["spec"], "spec"); }

// `list` of `object` with the images of `old`.
Value WithOldImages(const Value& object, const Value& old, std::string_view list) {
  Value out = object;
  if (object[list].size() != old[list].size()) return out;
  for (size_t i = 0; i < object[list].size(); ++i) {
    out = out.With(list, out[list].WithItem(i, out[list][i].With("image", old[list][i]["image"])));
  }
  return out;
}

bool OnlyAdds(const Value& list, const Value& old) {
  return std::all_of(old.items().begin(), old.items().end(), [&](const Value& item) {
    return std::find(list.items().begin(), list.items().end(), item) != list.items().end();
  });
}

FieldCauses ValidateUpdate(const Value& object, const Value& old) {
  const Value& before = old["spec"];
  if (KP_MUTANT("pod-spec-is-mutable")) return {};
  Value spec = WithOldImages(WithOldImages(object["spec"], before, "containers"), before, "initContainers");
  FieldCauses causes;
  const Value& deadline = spec["activeDeadlineSeconds"];
  if (deadline != before["activeDeadlineSeconds"]) {
    if (deadline.is_null() ||
        (!before["activeDeadlineSeconds"].is_null() && deadline.AsInt() > before["activeDeadlineSeconds"].AsInt())) {
      causes.push_back(
          api::InvalidCause("spec.activeDeadlineSeconds", deadline, "must be less than or equal to previous value"));
    }
    spec = WithField(spec, before, "activeDeadlineSeconds");
  }
  if (OnlyAdds(spec["tolerations"], before["tolerations"])) spec = WithField(spec, before, "tolerations");
  if (OnlyAdds(before["schedulingGates"], spec["schedulingGates"])) spec = WithField(spec, before, "schedulingGates");
  // A binding that came as an update; AdmitUpdate has checked it.
  if (before["nodeName"].empty() && !KP_MUTANT("pod-is-bound-by-no-patch")) spec = WithField(spec, before, "nodeName");
  if (spec != before) {
    causes.push_back(api::ForbiddenCause(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"));
  }
  return causes;
}

// Upstream's podStrategy.CheckGracefulDelete.
int64_t GraceSeconds(const Value& object, std::optional<int64_t> requested) {
  const std::string_view phase = object["status"]["phase"].AsString();
  const bool ended = (phase == "Failed" || phase == "Succeeded") && !KP_MUTANT("pod-waits-when-it-has-ended");
  const bool nobody = object["spec"]["nodeName"].empty() || ended;
  if (nobody && !KP_MUTANT("pod-waits-for-no-node")) return 0;
  if (KP_MUTANT("pod-grace-is-never-zero")) requested.reset();
  const int64_t seconds = requested ? *requested : object["spec"]["terminationGracePeriodSeconds"].AsInt(30);
  return seconds < 0 ? 1 : seconds;
}

}  // namespace

KindHooks PodHooks() {
  return {.defaults = Defaults,
          .prepare_create = PrepareCreate,
          .admit_create = AdmitCreate,
          .admit_update = AdmitUpdate,
          .validate = Validate,
          .validate_update = ValidateUpdate,
          .grace_seconds = GraceSeconds};
}

}  // namespace kp::apiserver
