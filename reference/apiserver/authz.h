// May this user do that: the modes of --authorization-mode in order, and impersonation.
#pragma once

#include <string>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/apiserver/call.h"
#include "reference/apiserver/rbac_policy.h"

namespace kp::apiserver {

struct AuthorizationOptions {
  // "RBAC", "Node" (granted through RBAC's system:node), "AlwaysAllow", "AlwaysDeny".
  std::vector<std::string> modes = {"Node", "RBAC"};
  bool Has(std::string_view mode) const;
};

class Authorizer {
 public:
  Authorizer(const RbacPolicy& policy, AuthorizationOptions options) : policy_(policy), options_(std::move(options)) {}

  Verdict Authorize(const Attributes& attributes) const;
  bool Uses(std::string_view mode) const { return options_.Has(mode); }
  // Replaces call.user by the one of its Impersonate-* headers, if any; Forbidden when it may not.
  api::ApiStatus Impersonate(Call& call) const;
  // Forbidden, or OK.
  api::ApiStatus Check(const Call& call) const;

 private:
  api::ApiStatus MayImpersonate(const User& user, std::string group, std::string resource, std::string ns,
                                std::string name, std::string subresource = "") const;

  const RbacPolicy& policy_;
  AuthorizationOptions options_;
};

Attributes AttributesOf(const User& user, const RequestInfo& info);

}  // namespace kp::apiserver
