#include "reference/apiserver/bootstrap_roles.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "reference/apiserver/rbac_policy.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::Value;

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

// One rule as "verbs @ groups @ resources"; a group of "core" is "". Paths: "get @ /healthz,/livez".
PolicyRule Rule(std::string_view text) {
  const auto list = [](std::string_view part) {
    std::vector<std::string> out;
    for (std::string_view item : Split(Trim(part), ',')) out.emplace_back(item == "core" ? "" : item);
    return out;
  };
  const std::vector<std::string_view> parts = Split(text, '@');
  if (parts.size() == 2) return {.verbs = list(parts[0]), .paths = list(parts[1])};
  return {.verbs = list(parts[0]), .groups = list(parts[1]), .resources = list(parts[2])};
}

struct Role {
  std::string_view name;
  std::vector<std::string_view> rules;
};

// What `view` shows; edit and admin have it too.
const std::vector<std::string_view> kViewRules = {
    "get,list,watch @ core @ configmaps,endpoints,persistentvolumeclaims,pods,replicationcontrollers,"
    "replicationcontrollers/scale,serviceaccounts,services,persistentvolumeclaims/status,pods/log,pods/status,"
    "replicationcontrollers/status,services/status,bindings,events,limitranges,namespaces,namespaces/status,"
    "resourcequotas,resourcequotas/status",
    "get,list,watch @ discovery.k8s.io @ endpointslices",
    "get,list,watch @ apps @ controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,"
    "deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,"
    "statefulsets/status",
    "get,list,watch @ autoscaling @ horizontalpodautoscalers,horizontalpodautoscalers/status",
    "get,list,watch @ batch @ cronjobs,cronjobs/status,jobs,jobs/status",
    "get,list,watch @ policy @ poddisruptionbudgets,poddisruptionbudgets/status",
    "get,list,watch @ networking.k8s.io @ ingresses,ingresses/status,networkpolicies",
};

const std::vector<std::string_view> kEditRules = {
    "get,list,watch @ core @ pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy",
    "impersonate @ core @ serviceaccounts",
    "create,delete,deletecollection,patch,update @ core @ pods,pods/attach,pods/exec,pods/portforward,pods/proxy",
    "create @ core @ pods/eviction",
    "create,delete,deletecollection,patch,update @ core @ configmaps,events,persistentvolumeclaims,"
    "replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy",
    "create @ core @ serviceaccounts/token",
    "create,delete,deletecollection,patch,update @ apps @ daemonsets,deployments,deployments/rollback,"
    "deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale",
    "create,delete,deletecollection,patch,update @ autoscaling @ horizontalpodautoscalers",
    "create,delete,deletecollection,patch,update @ batch @ cronjobs,jobs",
    "create,delete,deletecollection,patch,update @ policy @ poddisruptionbudgets",
    "create,delete,deletecollection,patch,update @ networking.k8s.io @ ingresses,networkpolicies",
    "create,delete,deletecollection,get,list,patch,update,watch @ coordination.k8s.io @ leases",
};

const std::vector<std::string_view> kAdminRules = {
    "create @ authorization.k8s.io @ localsubjectaccessreviews",
    "create,delete,deletecollection,get,list,patch,update,watch @ rbac.authorization.k8s.io @ rolebindings,roles",
};

std::vector<std::string_view> Together(std::initializer_list<const std::vector<std::string_view>*> parts) {
  std::vector<std::string_view> out;
  for (const auto* part : parts) out.insert(out.end(), part->begin(), part->end());
  return out;
}

std::vector<Role> UserRoles() {
  return {
      {"cluster-admin", {"* @ * @ *", "* @ *"}},
      {"admin", Together({&kAdminRules, &kEditRules, &kViewRules})},
      {"edit", Together({&kEditRules, &kViewRules})},
      {"view", kViewRules},
      {"system:discovery",
       {"get @ /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/"}},
      {"system:public-info-viewer", {"get @ /healthz,/livez,/readyz,/version,/version/"}},
      {"system:monitoring", {"get @ /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*"}},
      {"system:basic-user",
       {"create @ authorization.k8s.io @ selfsubjectaccessreviews,selfsubjectrulesreviews",
        "create @ authentication.k8s.io @ selfsubjectreviews"}},
      {"system:auth-delegator",
       {"create @ authentication.k8s.io @ tokenreviews", "create @ authorization.k8s.io @ subjectaccessreviews"}},
      {"system:service-account-issuer-discovery", {"get @ /.well-known/openid-configuration,/openid/v1/jwks"}},
  };
}

std::vector<Role> ComponentRoles() {
  return {
      {"system:kube-scheduler",
       {"create,patch,update @ core,events.k8s.io @ events",
        "create,get,list,patch,update,watch @ coordination.k8s.io @ leases",
        "get,list,watch @ core @ nodes,namespaces,replicationcontrollers,services,persistentvolumeclaims,"
        "persistentvolumes",
        "delete,get,list,watch @ core @ pods", "create @ core @ bindings,pods/binding",
        "patch,update @ core @ pods/status", "get,list,watch @ apps @ replicasets,statefulsets",
        "get,list,watch @ policy @ poddisruptionbudgets", "get,list,watch @ storage.k8s.io @ *",
        "get,list,watch @ scheduling.k8s.io @ priorityclasses", "create @ authentication.k8s.io @ tokenreviews",
        "create @ authorization.k8s.io @ subjectaccessreviews"}},
      // Upstream splits it into one role a controller; ours runs all controllers under one identity, and the
      // garbage and namespace collectors among them may touch every kind.
      {"system:kube-controller-manager",
       {"create,delete,deletecollection,get,list,patch,update,watch @ * @ *", "get @ *"}},
      {"system:node",
       {"create @ authentication.k8s.io @ tokenreviews",
        "create @ authorization.k8s.io @ localsubjectaccessreviews,subjectaccessreviews",
        "get,list,watch @ core @ services", "create,get,list,watch,patch,update @ core @ nodes",
        "patch,update @ core @ nodes/status", "create,delete,get,list,watch,patch,update @ core @ pods",
        "patch,update @ core @ pods/status", "create @ core @ pods/eviction", "create,patch,update @ core @ events",
        "get,list,watch @ core @ configmaps,secrets,serviceaccounts", "create @ core @ serviceaccounts/token",
        "get @ core @ persistentvolumeclaims,persistentvolumes",
        "create,delete,get,patch,update @ coordination.k8s.io @ leases",
        "get,list,watch @ discovery.k8s.io @ endpointslices", "get,list,watch @ node.k8s.io @ runtimeclasses"}},
      {"system:node-proxier",
       {"get,list,watch @ core @ endpoints,services,nodes", "create,patch,update @ core,events.k8s.io @ events",
        "get,list,watch @ discovery.k8s.io @ endpointslices"}},
      {"system:kube-dns",
       {"get,list,watch @ core @ endpoints,services,namespaces,pods",
        "get,list,watch @ discovery.k8s.io @ endpointslices"}},
  };
}

Value Metadata(std::string_view name) {
  return api::Obj({{"name", name},
                   {"labels", api::Obj({{"kubernetes.io/bootstrapping", "rbac-defaults"}})},
                   {"annotations", api::Obj({{kAutoUpdate, "true"}})}});
}

Value ToValue(const Role& role) {
  std::vector<Value> rules;
  for (std::string_view rule : role.rules) rules.push_back(Rule(rule).ToValue());
  if (role.name == "view" && KP_MUTANT("bootstrap-viewers-read-secrets")) {
    rules.push_back(Rule("get,list,watch @ core @ secrets").ToValue());
  }
  return api::Obj({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                   {"kind", "ClusterRole"},
                   {"metadata", Metadata(role.name)},
                   {"rules", Value::Array(std::move(rules))}});
}

// Subjects as "Group/system:masters" or "User/system:kube-scheduler".
Value BindingOf(std::string_view name, std::string_view role, const std::vector<std::string_view>& subjects) {
  std::vector<Value> list;
  for (std::string_view subject : subjects) {
    const size_t slash = subject.find('/');
    list.push_back(
        api::Obj({{"apiGroup", kGroup}, {"kind", subject.substr(0, slash)}, {"name", subject.substr(slash + 1)}}));
  }
  return api::Obj({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                   {"kind", "ClusterRoleBinding"},
                   {"metadata", Metadata(name)},
                   {"roleRef", api::Obj({{"apiGroup", kGroup}, {"kind", "ClusterRole"}, {"name", role}})},
                   {"subjects", Value::Array(std::move(list))}});
}

bool Holds(const Value& list, const Value& item) {
  return std::any_of(list.items().begin(), list.items().end(), [&](const Value& held) { return held == item; });
}

Value WithAll(Value list, const Value& wanted) {
  if (!list.is_array()) list = Value::EmptyArray();
  for (const Value& item : wanted.items()) {
    if (!Holds(list, item)) list = list.Append(item);
  }
  return list;
}

}  // namespace

std::vector<Value> BootstrapRbac() {
  std::vector<Value> out;
  for (const Role& role : UserRoles()) out.push_back(ToValue(role));
  for (const Role& role : ComponentRoles()) out.push_back(ToValue(role));
  const std::string_view everyone = "Group/system:authenticated";
  const std::string_view nobody = "Group/system:unauthenticated";
  out.push_back(BindingOf("cluster-admin", "cluster-admin", {"Group/system:masters"}));
  out.push_back(BindingOf("system:discovery", "system:discovery", {everyone}));
  out.push_back(BindingOf("system:basic-user", "system:basic-user", {everyone}));
  out.push_back(BindingOf("system:public-info-viewer", "system:public-info-viewer", {everyone, nobody}));
  out.push_back(BindingOf("system:monitoring", "system:monitoring", {"Group/system:monitoring"}));
  out.push_back(BindingOf("system:kube-scheduler", "system:kube-scheduler", {"User/system:kube-scheduler"}));
  out.push_back(BindingOf("system:kube-controller-manager", "system:kube-controller-manager",
                          {"User/system:kube-controller-manager"}));
  out.push_back(BindingOf("system:node", "system:node", {"Group/system:nodes"}));
  out.push_back(BindingOf("system:node-proxier", "system:node-proxier", {"User/system:kube-proxy"}));
  out.push_back(BindingOf("system:service-account-issuer-discovery", "system:service-account-issuer-discovery",
                          {"Group/system:serviceaccounts"}));
  return out;
}

Value Reconciled(const Value& stored, const Value& bootstrap) {
  if (stored.is_null()) return bootstrap;
  if (stored["metadata"]["annotations"][kAutoUpdate].AsString() == "false") return stored;
  Value out = stored;
  for (std::string_view list : {"rules", "subjects"}) {
    if (bootstrap.Has(list)) out = out.With(list, WithAll(stored[list], bootstrap[list]));
  }
  return out;
}

}  // namespace kp::apiserver
