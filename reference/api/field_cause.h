// One reason why an object is not acceptable, as details.causes of a Status carries it.
// Texts follow k8s.io/apimachinery/pkg/util/validation/field: kubectl prints "* field: message".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"

namespace kp::api {

struct FieldCause {
  std::string reason;   // "FieldValueInvalid"
  std::string field;    // "spec.ports[0].port"
  std::string message;  // "Invalid value: 0: must be between 1 and 65535, inclusive"
  bool operator==(const FieldCause&) const = default;
};
using FieldCauses = std::vector<FieldCause>;

FieldCause RequiredCause(std::string field, std::string_view detail = {});
FieldCause InvalidCause(std::string field, const Value& value, std::string_view detail);
FieldCause NotSupportedCause(std::string field, const Value& value, const std::vector<std::string>& supported);
FieldCause ForbiddenCause(std::string field, std::string_view detail);
FieldCause DuplicateCause(std::string field, const Value& value);
FieldCause NotFoundCause(std::string field, const Value& value);
FieldCause TooLongCause(std::string field, int64_t max_bytes);
FieldCause TooManyCause(std::string field, int64_t actual, int64_t max);
FieldCause TypeInvalidCause(std::string field, const Value& value, std::string_view detail);

// "spec.ports" + "port" and "spec.ports" + 0: the two ways to go down.
std::string ChildPath(std::string_view parent, std::string_view name);
std::string IndexPath(std::string_view parent, size_t index);
// "data[ca.crt]": into a map.
std::string KeyPath(std::string_view parent, std::string_view key);

}  // namespace kp::api
