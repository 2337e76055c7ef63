// Deployments and ReplicaSets.
#include "reference/apiserver/kinds/all.h"
#include "reference/apiserver/kinds/pod_spec.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

namespace {

bool IsZero(const Value& amount) {
  return amount.is_int() ? amount.AsInt() == 0 : amount.AsString() == "0%" || amount.AsString() == "0";
}

FieldCauses ValidateDeployment(const Value& object) {
  FieldCauses causes = CheckWorkload(object, "deployment");
  const Value& strategy = object["spec"]["strategy"];
  const Value& rolling = strategy["rollingUpdate"];
  if (strategy["type"] == Value("Recreate") && rolling.is_object()) {
    causes.push_back(
        api::ForbiddenCause("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"));
  } else if (rolling.is_object() && !KP_MUTANT("deployment-may-stand-still") && IsZero(rolling["maxUnavailable"]) &&
             IsZero(rolling["maxSurge"])) {
    causes.push_back(api::InvalidCause("spec.strategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"],
                                       "may not be 0 when `maxSurge` is 0"));
  }
  const Value& deadline = object["spec"]["progressDeadlineSeconds"];
  if (deadline.is_int() && deadline.AsInt() <= object["spec"]["minReadySeconds"].AsInt()) {
    causes.push_back(
        api::InvalidCause("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
  }
  return causes;
}

FieldCauses ValidateReplicaSet(const Value& object) { return CheckWorkload(object, "replicaset"); }

}  // namespace

KindHooks DeploymentHooks() { return {.defaults = DefaultTemplate, .validate = ValidateDeployment}; }

KindHooks ReplicaSetHooks() { return {.defaults = DefaultTemplate, .validate = ValidateReplicaSet}; }

}  // namespace kp::apiserver
