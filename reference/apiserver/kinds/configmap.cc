#include "reference/apiserver/kinds/all.h"
#include "reference/apiserver/kinds/config_data.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

namespace {

FieldCauses Validate(const Value& object) {
  FieldCauses causes;
  size_t total = 0;
  CheckConfigKeys(object["data"], "data", causes);
  CheckConfigKeys(object["binaryData"], "binaryData", causes);
  for (const api::Member& entry : object["data"].members()) {
    total += entry.value.AsString().size();
    if (object["binaryData"].Has(entry.key.text())) {
      causes.push_back(api::InvalidCause(api::KeyPath("data", entry.key.text()), Value(entry.key.text()),
                                         "duplicate of key present in binaryData"));
    }
  }
  total += DecodedBytes(object["binaryData"]);
  if (total > kMaxConfigBytes && !KP_MUTANT("configmap-grows-without-limit"))
    causes.push_back(api::TooLongCause("", kMaxConfigBytes));
  return causes;
}

FieldCauses ValidateUpdate(const Value& object, const Value& old) {
  return CheckImmutable(object, old, {"data", "binaryData"});
}

}  // namespace

KindHooks ConfigMapHooks() { return {.validate = Validate, .validate_update = ValidateUpdate}; }

}  // namespace kp::apiserver
