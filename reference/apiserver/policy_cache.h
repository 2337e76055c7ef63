// The RBAC objects of the watch caches, kept as one policy.
#pragma once

#include "reference/apiserver/rbac_policy.h"
#include "reference/apiserver/storage.h"

namespace kp::apiserver {

class PolicyCache {
 public:
  explicit PolicyCache(Storage& storage);
  PolicyCache(const PolicyCache&) = delete;
  PolicyCache& operator=(const PolicyCache&) = delete;

  const RbacPolicy& policy() const { return policy_; }
  // Runs `done` once the policy holds the bootstrap roles and bindings.
  void WhenBootstrapped(runtime::Env& env, runtime::Task done);

 private:
  Storage& storage_;
  RbacPolicy policy_;
  Alive alive_;
};

}  // namespace kp::apiserver
