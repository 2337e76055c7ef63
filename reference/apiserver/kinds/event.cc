// Events: about an object of the namespace that they lie in, and gone after an hour.
#include "reference/apiserver/kinds/all.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

namespace {

// Events about cluster-scoped objects lie in "default". Source: kubernetes pkg/apis/core/validation/events.go,
// which names the core group's field in both groups.
FieldCauses Validate(const Value& object) {
  const Value& about = object[object["apiVersion"] == Value("v1") ? "involvedObject" : "regarding"]["namespace"];
  const Value& ns = object["metadata"]["namespace"];
  FieldCauses causes;
  const bool fits = about.empty() ? ns == Value("default") : about == ns;
  if (!fits) {
    causes.push_back(
        api::InvalidCause("involvedObject.namespace", Value(about.AsString()), "does not match event.namespace"));
  }
  return causes;
}

}  // namespace

KindHooks EventHooks() { return {.validate = Validate, .create_on_update = true, .lifetime_seconds = 3600}; }

}  // namespace kp::apiserver
