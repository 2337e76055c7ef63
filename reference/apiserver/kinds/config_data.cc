#include "reference/apiserver/kinds/config_data.h"

#include "reference/api/names.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

void CheckConfigKeys(const Value& data, std::string_view path, FieldCauses& causes) {
  if (KP_MUTANT("apiserver-takes-any-config-key")) return;
  for (const api::Member& entry : data.members()) {
    for (const std::string& error : api::CheckConfigKey(entry.key.text())) {
      causes.push_back(api::InvalidCause(api::KeyPath(path, entry.key.text()), Value(entry.key.text()), error));
    }
  }
}

size_t DecodedBytes(const Value& data) {
  size_t total = 0;
  for (const api::Member& entry : data.members()) total += entry.value.AsString().size() / 4 * 3;
  return total;
}

FieldCauses CheckImmutable(const Value& object, const Value& old, const std::vector<std::string_view>& fields) {
  constexpr std::string_view kText = "field is immutable when `immutable` is set";
  FieldCauses causes;
  if (!old["immutable"].AsBool() || KP_MUTANT("apiserver-immutable-data-changes")) return causes;
  if (!object["immutable"].AsBool()) causes.push_back(api::ForbiddenCause("immutable", kText));
  for (std::string_view field : fields) {
    if (object[field] != old[field]) causes.push_back(api::ForbiddenCause(std::string(field), kText));
  }
  return causes;
}

}  // namespace kp::apiserver
