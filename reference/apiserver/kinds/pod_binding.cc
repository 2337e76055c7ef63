#include "reference/apiserver/kinds/pod_binding.h"

#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

Value WithPodCondition(const Value& pod, const Value& condition, WallTime now) {
  const Value& conditions = pod["status"]["conditions"];
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Value& held = conditions[i];
    if (held["type"] != condition["type"]) continue;
    const bool same = held["status"] == condition["status"];
    const Value time = same ? held["lastTransitionTime"] : Value(FormatRfc3339(now));
    return pod.With({"status", "conditions"}, conditions.WithItem(i, condition.With("lastTransitionTime", time)));
  }
  return pod.With({"status", "conditions"},
                  conditions.Append(condition.With("lastTransitionTime", FormatRfc3339(now))));
}

ApiResult<Value> BindPod(const Value& pod, const Value& binding, WallTime now) {
  const Value& meta = pod["metadata"];
  const std::string name = meta["name"].str();
  const Value& node = binding["target"]["name"];
  const auto conflict = [&](const std::string& why) { return ApiStatus::Conflict("", "pods/binding", name, why); };
  if (!binding["metadata"]["uid"].empty() && binding["metadata"]["uid"] != meta["uid"]) {
    return conflict("Precondition failed: UID in precondition: " + binding["metadata"]["uid"].str() +
                    ", UID in object meta: " + meta["uid"].str());
  }
  if (!meta["deletionTimestamp"].empty())
    return conflict("pod " + name + " is being deleted, cannot be assigned to a host");
  if (!pod["spec"]["nodeName"].empty() && !KP_MUTANT("apiserver-bind-twice")) {
    return conflict("pod " + name + " is already assigned to node \"" + pod["spec"]["nodeName"].str() + "\"");
  }
  if (!pod["spec"]["schedulingGates"].empty()) return conflict("pod " + name + " has non-empty .spec.schedulingGates");
  Value bound = pod.With({"spec", "nodeName"}, node);
  for (const api::Member& annotation : binding["metadata"]["annotations"].members()) {
    bound = bound.With({"metadata", "annotations", annotation.key.text()}, annotation.value);
  }
  return WithPodCondition(bound, api::Obj({{"type", "PodScheduled"}, {"status", "True"}}), now);
}

}  // namespace kp::apiserver
