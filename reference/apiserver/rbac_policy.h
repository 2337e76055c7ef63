// Role-based access control: who may do what, by rules that only ever add.
// Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and RBAC-01 to RBAC-16.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/apiserver/user.h"

namespace kp::apiserver {

// What is asked: one verb on a resource or on a path.
struct Attributes {
  User user;
  std::string verb;
  bool is_resource = true;
  std::string group;
  std::string version;
  std::string resource;
  std::string subresource;
  std::string ns;
  std::string name;
  std::string path;  // when !is_resource
};

struct PolicyRule {
  std::vector<std::string> verbs;
  std::vector<std::string> groups;
  std::vector<std::string> resources;  // "pods", "pods/log", "*/scale", "*"
  std::vector<std::string> names;      // empty: all
  std::vector<std::string> paths;      // nonResourceURLs: "/healthz", "/apis/*"

  static PolicyRule FromValue(const api::Value& rule);
  api::Value ToValue() const;
  bool Allows(const Attributes& attributes) const;
};
using PolicyRules = std::vector<PolicyRule>;

PolicyRules RulesFromValue(const api::Value& rules);

struct Subject {
  std::string kind;  // "User", "Group", "ServiceAccount"
  std::string name;
  std::string ns;
  bool Matches(const User& user) const;
};

struct RoleReference {
  std::string kind;  // "Role", "ClusterRole"
  std::string name;
};

struct Binding {
  std::string name;
  RoleReference role;
  std::vector<Subject> subjects;
};

struct Verdict {
  bool allowed = false;
  std::string reason;
};

// The four RBAC kinds as they stand, ready to be asked. Objects are added and removed one by one.
class RbacPolicy {
 public:
  // `object` is a Role, ClusterRole, RoleBinding or ClusterRoleBinding.
  void Put(const api::Value& object);
  void Remove(std::string_view kind, std::string_view ns, std::string_view name);
  // Forgets all objects of one kind.
  void Clear(std::string_view kind);

  Verdict Authorize(const Attributes& attributes) const;
  // All rules that hold for `user` in `ns` ("": cluster-wide ones only).
  PolicyRules RulesOf(const User& user, std::string_view ns) const;
  // The first rule of `wanted` that `user` does not hold himself, for the check against escalation;
  // nothing when he holds them all.
  std::vector<PolicyRule> Missing(const User& user, std::string_view ns, const PolicyRules& wanted) const;
  // Null when there is no such role.
  const PolicyRules* FindRole(const RoleReference& role, std::string_view ns) const;

 private:
  using NamespacedName = std::pair<std::string, std::string>;

  std::map<NamespacedName, PolicyRules> roles_;  // cluster roles have namespace ""
  std::map<NamespacedName, Binding> bindings_;   // cluster-wide ones have namespace ""
};

// "User \"bob\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"".
std::string DescribeDenial(const Attributes& attributes);

}  // namespace kp::apiserver
