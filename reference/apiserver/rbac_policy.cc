#include "reference/apiserver/rbac_policy.h"

#include <algorithm>
#include <set>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::Value;

namespace {

std::vector<std::string> Strings(const Value& array) {
  std::vector<std::string> out;
  for (const Value& item : array.items()) out.push_back(item.str());
  return out;
}

Value StringArray(const std::vector<std::string>& strings) {
  return Value::Array(std::vector<Value>(strings.begin(), strings.end()));
}

bool Contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool ContainsOrAny(const std::vector<std::string>& list, std::string_view item) {
  return Contains(list, "*") || Contains(list, item);
}

bool ResourceMatches(const std::vector<std::string>& resources, const Attributes& attributes) {
  const std::string combined =
      attributes.subresource.empty() ? attributes.resource : attributes.resource + "/" + attributes.subresource;
  for (const std::string& resource : resources) {
    if (resource == "*" || resource == combined) return true;
    if (resource == attributes.resource && KP_MUTANT("rbac-resource-grants-its-subresources")) return true;
    if (!attributes.subresource.empty() && resource == "*/" + attributes.subresource) return true;
  }
  return false;
}

bool PathMatches(const std::vector<std::string>& paths, std::string_view path) {
  for (const std::string& pattern : paths) {
    if (pattern == "*" || pattern == path || KP_MUTANT("rbac-one-path-is-all-paths")) return true;
    // Only a trailing star is a wildcard.
    if (pattern.ends_with('*') && path.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1)))
      return true;
  }
  return false;
}

// True when `held` alone grants the single permission that `wanted` stands for.
bool Covers(const PolicyRule& held, const PolicyRule& wanted) {
  const std::string& verb = wanted.verbs[0];
  if (!ContainsOrAny(held.verbs, verb)) return false;
  if (!wanted.paths.empty()) {
    return std::any_of(held.paths.begin(), held.paths.end(), [&](const std::string& pattern) {
      return pattern == wanted.paths[0] || PathMatches({pattern}, wanted.paths[0]);
    });
  }
  if (!ContainsOrAny(held.groups, wanted.groups[0])) return false;
  const std::string& resource = wanted.resources[0];
  const size_t slash = resource.find('/');
  const bool resource_held = ContainsOrAny(held.resources, resource) ||
                             (slash != std::string::npos && Contains(held.resources, "*" + resource.substr(slash)));
  if (!resource_held) return false;
  return held.names.empty() || (!wanted.names.empty() && Contains(held.names, wanted.names[0]));
}

// A rule as single permissions: one verb on one resource (of one group, by one name) or on one path.
PolicyRules BreakDown(const PolicyRule& rule) {
  PolicyRules out;
  const std::vector<std::string> names = rule.names.empty() ? std::vector<std::string>{""} : rule.names;
  for (const std::string& verb : rule.verbs) {
    for (const std::string& path : rule.paths) out.push_back({.verbs = {verb}, .paths = {path}});
    for (const std::string& group : rule.groups) {
      for (const std::string& resource : rule.resources) {
        for (const std::string& name : names) {
          PolicyRule single{.verbs = {verb}, .groups = {group}, .resources = {resource}};
          if (!name.empty()) single.names = {name};
          out.push_back(std::move(single));
        }
      }
    }
  }
  return out;
}

}  // namespace

PolicyRule PolicyRule::FromValue(const Value& rule) {
  return {.verbs = Strings(rule["verbs"]),
          .groups = Strings(rule["apiGroups"]),
          .resources = Strings(rule["resources"]),
          .names = Strings(rule["resourceNames"]),
          .paths = Strings(rule["nonResourceURLs"])};
}

Value PolicyRule::ToValue() const {
  Value out = api::Obj({{"verbs", StringArray(verbs)}});
  if (!groups.empty()) out = out.With("apiGroups", StringArray(groups));
  if (!resources.empty()) out = out.With("resources", StringArray(resources));
  if (!names.empty()) out = out.With("resourceNames", StringArray(names));
  if (!paths.empty()) out = out.With("nonResourceURLs", StringArray(paths));
  return out;
}

bool PolicyRule::Allows(const Attributes& attributes) const {
  if (!ContainsOrAny(verbs, attributes.verb)) return false;
  if (!attributes.is_resource) return PathMatches(paths, attributes.path);
  return ContainsOrAny(groups, attributes.group) && ResourceMatches(resources, attributes) &&
         (names.empty() || Contains(names, attributes.name) || KP_MUTANT("rbac-ignores-resource-names"));
}

PolicyRules RulesFromValue(const Value& rules) {
  PolicyRules out;
  for (const Value& rule : rules.items()) out.push_back(PolicyRule::FromValue(rule));
  return out;
}

bool Subject::Matches(const User& user) const {
  if (kind == "User") return user.name == name;
  if (kind == "Group" && !name.starts_with("system:") && KP_MUTANT("rbac-ignores-groups")) return false;
  if (kind == "Group") return user.InGroup(name);
  if (kind == "ServiceAccount") return user.name == std::string(kServiceAccountPrefix) + ns + ":" + name;
  return false;
}

void RbacPolicy::Put(const Value& object) {
  const std::string_view kind = object["kind"].AsString();
  const Value& metadata = object["metadata"];
  NamespacedName key{metadata["namespace"].str(), metadata["name"].str()};
  if (kind == "Role" || kind == "ClusterRole") {
    roles_[key] = RulesFromValue(object["rules"]);
    return;
  }
  Binding binding{.name = key.second, .role = {object["roleRef"]["kind"].str(), object["roleRef"]["name"].str()}};
  for (const Value& subject : object["subjects"].items()) {
    // A ServiceAccount of a RoleBinding without namespace is refused by validation; an empty one matches none.
    binding.subjects.push_back({subject["kind"].str(), subject["name"].str(), subject["namespace"].str()});
  }
  bindings_[key] = std::move(binding);
}

void RbacPolicy::Remove(std::string_view kind, std::string_view ns, std::string_view name) {
  const NamespacedName key{ns, name};
  if (KP_MUTANT("rbac-never-revokes")) return;
  if (kind == "Role" || kind == "ClusterRole") {
    roles_.erase(key);
  } else {
    bindings_.erase(key);
  }
}

void RbacPolicy::Clear(std::string_view kind) {
  const bool cluster = kind.starts_with("Cluster");
  const auto of_kind = [cluster](const auto& entry) { return entry.first.first.empty() == cluster; };
  if (kind.ends_with("Role")) {
    std::erase_if(roles_, of_kind);
  } else {
    std::erase_if(bindings_, of_kind);
  }
}

const PolicyRules* RbacPolicy::FindRole(const RoleReference& role, std::string_view ns) const {
  const bool cluster =
      role.kind == "ClusterRole" && (ns.empty() || !KP_MUTANT("rbac-role-binding-finds-no-cluster-role"));
  const auto it = roles_.find({cluster ? std::string() : std::string(ns), role.name});
  return it == roles_.end() ? nullptr : &it->second;
}

Verdict RbacPolicy::Authorize(const Attributes& attributes) const {
  if (attributes.user.InGroup(kMastersGroup) || KP_MUTANT("apiserver-allow-all-authorizer")) return {.allowed = true};
  const bool system = attributes.user.name.starts_with("system:");
  const auto granted = [&](const Binding& binding, std::string_view ns) {
    if (ns.empty() && !system && KP_MUTANT("rbac-cluster-bindings-grant-nothing")) return false;
    const auto matches = [&](const Subject& subject) { return subject.Matches(attributes.user); };
    if (std::none_of(binding.subjects.begin(), binding.subjects.end(), matches)) return false;
    const PolicyRules* rules = FindRole(binding.role, ns);
    return rules &&
           std::any_of(rules->begin(), rules->end(), [&](const PolicyRule& rule) { return rule.Allows(attributes); });
  };
  std::vector<std::string> scopes = {""};
  // Paths are granted cluster-wide only.
  if (attributes.is_resource && !attributes.ns.empty()) scopes.push_back(attributes.ns);
  if (KP_MUTANT("rbac-role-grants-everywhere")) {
    for (const auto& [key, binding] : bindings_) scopes.push_back(key.first);
  }
  for (const std::string& scope : scopes) {
    for (auto it = bindings_.lower_bound({scope, ""}); it != bindings_.end() && it->first.first == scope; ++it) {
      if (!granted(it->second, scope)) continue;
      const std::string kind = scope.empty() ? "ClusterRoleBinding" : "RoleBinding";
      const std::string name = scope.empty() ? it->first.second : it->first.second + "/" + scope;
      return {.allowed = true,
              .reason = "RBAC: allowed by " + kind + " " + Quote(name) + " of " + it->second.role.kind + " " +
                        Quote(it->second.role.name) + " to the subjects"};
    }
  }
  return {};
}

PolicyRules RbacPolicy::RulesOf(const User& user, std::string_view ns) const {
  PolicyRules out;
  std::set<std::string> scopes = {"", std::string(ns)};
  for (const std::string& scope : scopes) {
    for (auto it = bindings_.lower_bound({scope, ""}); it != bindings_.end() && it->first.first == scope; ++it) {
      const auto& subjects = it->second.subjects;
      if (std::none_of(subjects.begin(), subjects.end(), [&](const Subject& s) { return s.Matches(user); })) continue;
      if (const PolicyRules* rules = FindRole(it->second.role, scope))
        out.insert(out.end(), rules->begin(), rules->end());
    }
  }
  return out;
}

PolicyRules RbacPolicy::Missing(const User& user, std::string_view ns, const PolicyRules& wanted) const {
  PolicyRules out;
  if (user.InGroup(kMastersGroup) || KP_MUTANT("rbac-allows-escalation")) return out;
  const PolicyRules held = RulesOf(user, ns);
  for (const PolicyRule& rule : wanted) {
    for (PolicyRule& single : BreakDown(rule)) {
      if (std::none_of(held.begin(), held.end(), [&](const PolicyRule& h) { return Covers(h, single); })) {
        out.push_back(std::move(single));
      }
    }
  }
  return out;
}

std::string DescribeDenial(const Attributes& attributes) {
  std::string text = "User " + Quote(attributes.user.name) + " cannot " + attributes.verb;
  if (!attributes.is_resource) return text + " path " + Quote(attributes.path);
  std::string resource = attributes.resource;
  if (!attributes.subresource.empty()) resource += "/" + attributes.subresource;
  text += " resource " + Quote(resource) + " in API group " + Quote(attributes.group);
  if (KP_MUTANT("rbac-denies-without-place")) return text;
  return attributes.ns.empty() ? text + " at the cluster scope" : text + " in the namespace " + Quote(attributes.ns);
}

}  // namespace kp::apiserver
