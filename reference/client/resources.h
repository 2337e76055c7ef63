// The resources that components and tests name.
#pragma once

#include "reference/client/kube.h"

namespace kp::client {

inline const Resource kPods{"", "v1", "pods"};
inline const Resource kNodes{"", "v1", "nodes", false};
inline const Resource kNamespaces{"", "v1", "namespaces", false};
inline const Resource kServices{"", "v1", "services"};
inline const Resource kEndpoints{"", "v1", "endpoints"};
inline const Resource kConfigMaps{"", "v1", "configmaps"};
inline const Resource kSecrets{"", "v1", "secrets"};
inline const Resource kServiceAccounts{"", "v1", "serviceaccounts"};
inline const Resource kEvents{"", "v1", "events"};
inline const Resource kReplicaSets{"apps", "v1", "replicasets"};
inline const Resource kDeployments{"apps", "v1", "deployments"};
inline const Resource kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices"};
inline const Resource kLeases{"coordination.k8s.io", "v1", "leases"};
inline const Resource kRoles{"rbac.authorization.k8s.io", "v1", "roles"};
inline const Resource kRoleBindings{"rbac.authorization.k8s.io", "v1", "rolebindings"};
inline const Resource kClusterRoles{"rbac.authorization.k8s.io", "v1", "clusterroles", false};
inline const Resource kClusterRoleBindings{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", false};

}  // namespace kp::client
