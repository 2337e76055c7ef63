// Nodes: what an update may not change. Source: kubernetes pkg/apis/core/validation ValidateNodeUpdate.
#include "reference/apiserver/kinds/all.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

namespace {

FieldCauses ValidateUpdate(const Value& object, const Value& old) {
  FieldCauses causes;
  const Value& before = old["spec"]["podCIDRs"];
  if (KP_MUTANT("node-subnet-is-mutable")) return causes;
  if (!before.empty() && object["spec"]["podCIDRs"] != before) {
    causes.push_back(
        api::ForbiddenCause("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid"));
  }
  return causes;
}

// podCIDR and the first of podCIDRs are one thing, whichever of them a client knows.
Value Defaults(const Value& object) {
  const Value& spec = object["spec"];
  if (!spec["podCIDR"].empty() && spec["podCIDRs"].empty()) {
    return object.With({"spec", "podCIDRs"}, api::Arr({spec["podCIDR"]}));
  }
  if (spec["podCIDR"].empty() && !spec["podCIDRs"].empty()) {
    return object.With({"spec", "podCIDR"}, spec["podCIDRs"][0]);
  }
  return object;
}

}  // namespace

KindHooks NodeHooks() { return {.defaults = Defaults, .validate_update = ValidateUpdate}; }

}  // namespace kp::apiserver
