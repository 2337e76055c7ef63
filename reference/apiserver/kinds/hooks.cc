#include "reference/apiserver/kinds/hooks.h"

#include <map>

#include "reference/apiserver/kinds/all.h"

namespace kp::apiserver {

const KindHooks& HooksOf(const api::Kind& kind) {
  using Key = std::pair<std::string, std::string>;
  const std::string rbac = "rbac.authorization.k8s.io";
  static const auto* hooks = new std::map<Key, KindHooks>{
      {{"", "ConfigMap"}, ConfigMapHooks()},
      {{"", "Endpoints"}, {.create_on_update = true}},
      {{"", "Event"}, CoreEventHooks()},
      {{"", "Namespace"}, NamespaceHooks()},
      {{"", "Node"}, NodeHooks()},
      {{"", "Pod"}, PodHooks()},
      {{"", "Secret"}, SecretHooks()},
      {{"", "Service"}, ServiceHooks()},
      {{"apps", "Deployment"}, DeploymentHooks()},
      {{"apps", "ReplicaSet"}, ReplicaSetHooks()},
      {{"coordination.k8s.io", "Lease"}, {.create_on_update = true, .version_required = true}},
      {{"events.k8s.io", "Event"}, EventHooks()},
      {{rbac, "ClusterRole"}, RoleHooks()},
      {{rbac, "ClusterRoleBinding"}, RoleBindingHooks()},
      {{rbac, "Role"}, RoleHooks()},
      {{rbac, "RoleBinding"}, RoleBindingHooks()},
  };
  static const auto* none = new KindHooks();
  const auto it = hooks->find({kind.gvk.group, kind.gvk.kind});
  return it == hooks->end() ? *none : it->second;
}

}  // namespace kp::apiserver
