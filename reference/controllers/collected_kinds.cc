#include "reference/controllers/collected_kinds.h"

namespace kp::controllers {

const std::vector<CollectedKind>& CollectedKinds() {
  static const auto* kinds = new std::vector<CollectedKind>{
      {client::kPods, "Pod"},
      {client::kNodes, "Node"},
      {client::kNamespaces, "Namespace"},
      {client::kServices, "Service"},
      {client::kEndpoints, "Endpoints"},
      {client::kConfigMaps, "ConfigMap"},
      {client::kSecrets, "Secret"},
      {client::kServiceAccounts, "ServiceAccount"},
      {client::kReplicaSets, "ReplicaSet"},
      {client::kDeployments, "Deployment"},
      {client::kEndpointSlices, "EndpointSlice"},
      {client::kLeases, "Lease"},
      {client::kRoles, "Role"},
      {client::kRoleBindings, "RoleBinding"},
      {client::kClusterRoles, "ClusterRole"},
      {client::kClusterRoleBindings, "ClusterRoleBinding"},
  };
  return *kinds;
}

const client::Resource* ResourceOfKind(std::string_view api_version, std::string_view kind) {
  size_t slash = api_version.find('/');
  std::string_view group = slash == std::string_view::npos ? "" : api_version.substr(0, slash);
  for (const CollectedKind& collected : CollectedKinds()) {
    if (collected.kind == kind && collected.resource.group == group) return &collected.resource;
  }
  return nullptr;
}

}  // namespace kp::controllers
