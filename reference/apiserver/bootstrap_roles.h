// The roles and bindings that every cluster starts with.
// Source: kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy, for the kinds that are served here.
#pragma once

#include <vector>

#include "reference/api/value.h"

namespace kp::apiserver {

// ClusterRoles, ClusterRoleBindings, Roles and RoleBindings, complete but for what a server stamps.
std::vector<api::Value> BootstrapRbac();

// `stored` with what a bootstrap object of the same name has and it lacks; `stored` itself when nothing, or
// when its annotation rbac.authorization.kubernetes.io/autoupdate is "false". Null `stored`: the object.
api::Value Reconciled(const api::Value& stored, const api::Value& bootstrap);

}  // namespace kp::apiserver
