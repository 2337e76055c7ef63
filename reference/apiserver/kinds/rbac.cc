// The RBAC kinds: nobody may grant what he does not hold, unless he may `escalate` or `bind`.
#include "reference/apiserver/kinds/all.h"
#include "reference/apiserver/rbac_policy.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::FieldCauses;
using api::Value;

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

std::string Bracketed(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const std::string& item : items) quoted.push_back(Quote(item));
  return "[" + Join(quoted, " ") + "]";
}

std::string Describe(const PolicyRules& rules) {
  std::string text;
  for (const PolicyRule& rule : rules) {
    text += rule.paths.empty() ? "\n{APIGroups:" + Bracketed(rule.groups) + ", Resources:" + Bracketed(rule.resources)
                               : "\n{NonResourceURLs:" + Bracketed(rule.paths);
    if (!rule.names.empty()) text += ", ResourceNames:" + Bracketed(rule.names);
    text += ", Verbs:" + Bracketed(rule.verbs) + "}";
  }
  return text;
}

std::string PluralOf(const Value& object) { return Lower(object["kind"].AsString()) + "s"; }

bool May(const HookContext& context, std::string verb, std::string resource, std::string ns, std::string name) {
  return context.policy
      ->Authorize({.user = *context.user,
                   .verb = std::move(verb),
                   .group = std::string(kGroup),
                   .version = "v1",
                   .resource = std::move(resource),
                   .ns = std::move(ns),
                   .name = std::move(name)})
      .allowed;
}

ApiResult<Value> CheckHolds(const HookContext& context, const Value& object, const PolicyRules& wanted) {
  const Value& meta = object["metadata"];
  const PolicyRules missing = context.policy->Missing(*context.user, meta["namespace"].AsString(), wanted);
  if (missing.empty()) return object;
  return ApiStatus::Forbidden(kGroup, PluralOf(object), meta["name"].AsString(),
                              "user " + Quote(context.user->name) + " (groups=" + Bracketed(context.user->groups) +
                                  ") is attempting to grant RBAC permissions not currently held:" + Describe(missing));
}

ApiResult<Value> AdmitRole(const HookContext& context, const Value& object) {
  if (!context.use_rbac) return object;
  const Value& meta = object["metadata"];
  if (May(context, "escalate", PluralOf(object), meta["namespace"].str(), meta["name"].str())) return object;
  return CheckHolds(context, object, RulesFromValue(object["rules"]));
}

ApiResult<Value> AdmitRoleUpdate(const HookContext& context, const Value& object, const Value& old) {
  if (object["rules"] == old["rules"] && object["aggregationRule"] == old["aggregationRule"]) return object;
  return AdmitRole(context, object);
}

ApiResult<Value> AdmitBinding(const HookContext& context, const Value& object) {
  if (!context.use_rbac || context.user->InGroup(kMastersGroup)) return object;
  const std::string ns = object["metadata"]["namespace"].str();
  const RoleReference role{object["roleRef"]["kind"].str(), object["roleRef"]["name"].str()};
  const std::string resource = Lower(role.kind) + "s";
  if (May(context, "bind", resource, ns, role.name)) return object;
  const PolicyRules* rules = context.policy->FindRole(role, ns);
  if (!rules) return ApiStatus::NotFound(kGroup, resource, role.name);
  return CheckHolds(context, object, *rules);
}

ApiResult<Value> AdmitBindingUpdate(const HookContext& context, const Value& object, const Value& old) {
  if (object["subjects"] == old["subjects"] && object["roleRef"] == old["roleRef"]) return object;
  return AdmitBinding(context, object);
}

FieldCauses ValidateRole(const Value& object) {
  FieldCauses causes;
  const bool cluster = object["kind"] == Value("ClusterRole");
  for (size_t i = 0; i < object["rules"].size(); ++i) {
    const Value& rule = object["rules"][i];
    const std::string path = api::IndexPath("rules", i);
    const bool paths = !rule["nonResourceURLs"].empty();
    if (paths && !cluster) {
      causes.push_back(api::InvalidCause(api::ChildPath(path, "nonResourceURLs"), rule["nonResourceURLs"],
                                         "namespaced rules cannot apply to non-resource URLs"));
    }
    if (paths && (!rule["apiGroups"].empty() || !rule["resources"].empty() || !rule["resourceNames"].empty())) {
      causes.push_back(api::InvalidCause(api::ChildPath(path, "nonResourceURLs"), rule["nonResourceURLs"],
                                         "rules cannot apply to both regular resources and non-resource URLs"));
    }
    if (!paths && rule["apiGroups"].empty()) {
      causes.push_back(
          api::RequiredCause(api::ChildPath(path, "apiGroups"), "resource rules must supply at least one api group"));
    }
    if (!paths && rule["resources"].empty()) {
      causes.push_back(
          api::RequiredCause(api::ChildPath(path, "resources"), "resource rules must supply at least one resource"));
    }
  }
  return causes;
}

FieldCauses ValidateBinding(const Value& object) {
  FieldCauses causes;
  if (object["kind"] == Value("ClusterRoleBinding") && object["roleRef"]["kind"] == Value("Role")) {
    causes.push_back(api::NotSupportedCause("roleRef.kind", "Role", {"ClusterRole"}));
  }
  for (size_t i = 0; i < object["subjects"].size(); ++i) {
    const Value& subject = object["subjects"][i];
    if (subject["kind"] == Value("ServiceAccount") && subject["namespace"].empty()) {
      causes.push_back(api::RequiredCause(api::ChildPath(api::IndexPath("subjects", i), "namespace")));
    }
  }
  return causes;
}

}  // namespace

KindHooks RoleHooks() {
  return {
      .admit_create = AdmitRole, .admit_update = AdmitRoleUpdate, .validate = ValidateRole, .create_on_update = true};
}

KindHooks RoleBindingHooks() {
  return {.admit_create = AdmitBinding,
          .admit_update = AdmitBindingUpdate,
          .validate = ValidateBinding,
          .create_on_update = true};
}

}  // namespace kp::apiserver
