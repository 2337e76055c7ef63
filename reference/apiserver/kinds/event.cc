// Events live where the object lives that they are about; those of cluster-wide objects in "default".
#include "reference/apiserver/kinds/all.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

namespace {

constexpr size_t kMaxReason = 128;
constexpr size_t kMaxNote = 1024;

// Source: kubernetes pkg/apis/core/validation/events.go, which names the core group's field in both groups.
void CheckNamespace(const Value& object, std::string_view field, FieldCauses& causes) {
  const Value& ns = object["metadata"]["namespace"];
  const Value& regarding = object[field]["namespace"];
  const bool fits = regarding.empty() ? ns == Value("default") : regarding == ns;
  if (!fits && !KP_MUTANT("event-lives-anywhere")) {
    causes.push_back(
        api::InvalidCause("involvedObject.namespace", Value(regarding.AsString()), "does not match event.namespace"));
  }
}

// core/v1 is the older form and asks for little.
FieldCauses ValidateCore(const Value& object) {
  FieldCauses causes;
  CheckNamespace(object, "involvedObject", causes);
  return causes;
}

FieldCauses ValidateNew(const Value& object) {
  FieldCauses causes;
  CheckNamespace(object, "regarding", causes);
  for (std::string_view field : {"eventTime", "reportingController", "reportingInstance", "action", "reason"}) {
    if (object[field].empty()) causes.push_back(api::RequiredCause(std::string(field)));
  }
  if (object["reason"].AsString().size() > kMaxReason) causes.push_back(api::TooLongCause("reason", kMaxReason));
  if (object["note"].AsString().size() > kMaxNote) causes.push_back(api::TooLongCause("note", kMaxNote));
  const Value& type = object["type"];
  if (type != Value("Normal") && type != Value("Warning")) {
    causes.push_back(api::InvalidCause("type", type, "has invalid value: " + type.str()));
  }
  return causes;
}

}  // namespace

KindHooks CoreEventHooks() { return {.validate = ValidateCore, .create_on_update = true, .lifetime_seconds = 3600}; }

KindHooks EventHooks() { return {.validate = ValidateNew, .create_on_update = true, .lifetime_seconds = 3600}; }

}  // namespace kp::apiserver
