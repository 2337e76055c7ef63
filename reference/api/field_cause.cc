#include "reference/api/field_cause.h"

#include <algorithm>

#include "reference/api/json.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

// field.Error prints strings quoted, numbers and booleans plain, the rest as JSON.
std::string Shown(const Value& value) {
  if (value.is_null()) return "null";
  return value.is_string() ? Quote(value.AsString()) : ToJson(value);
}

std::string WithDetail(std::string text, std::string_view detail) {
  if (!detail.empty()) text.append(": ").append(detail);
  return text;
}

}  // namespace

FieldCause RequiredCause(std::string field, std::string_view detail) {
  return {"FieldValueRequired", std::move(field), WithDetail("Required value", detail)};
}

FieldCause InvalidCause(std::string field, const Value& value, std::string_view detail) {
  return {"FieldValueInvalid", std::move(field), WithDetail("Invalid value: " + Shown(value), detail)};
}

FieldCause NotSupportedCause(std::string field, const Value& value, const std::vector<std::string>& supported) {
  std::string text = "Unsupported value: " + Shown(value) + ": supported values: ";
  std::vector<std::string> sorted = supported;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) text += (i > 0 ? ", " : "") + Quote(sorted[i]);
  return {"FieldValueNotSupported", std::move(field), std::move(text)};
}

FieldCause ForbiddenCause(std::string field, std::string_view detail) {
  return {"FieldValueForbidden", std::move(field), WithDetail("Forbidden", detail)};
}

FieldCause DuplicateCause(std::string field, const Value& value) {
  return {"FieldValueDuplicate", std::move(field), "Duplicate value: " + Shown(value)};
}

FieldCause NotFoundCause(std::string field, const Value& value) {
  return {"FieldValueNotFound", std::move(field), "Not found: " + Shown(value)};
}

FieldCause TooLongCause(std::string field, int64_t max_bytes) {
  return {"FieldValueTooLong", std::move(field),
          "Too long: may not be more than " + std::to_string(max_bytes) + " bytes"};
}

FieldCause TooManyCause(std::string field, int64_t actual, int64_t max) {
  return {"FieldValueTooMany", std::move(field),
          "Too many: " + std::to_string(actual) + ": must have at most " + std::to_string(max) + " items"};
}

FieldCause TypeInvalidCause(std::string field, const Value& value, std::string_view detail) {
  return {"FieldValueTypeInvalid", std::move(field), WithDetail("Invalid value: " + Shown(value), detail)};
}

std::string ChildPath(std::string_view parent, std::string_view name) {
  if (parent.empty()) return std::string(name);
  return std::string(parent).append(".").append(name);
}

std::string IndexPath(std::string_view parent, size_t index) {
  return std::string(parent) + "[" + std::to_string(index) + "]";
}

std::string KeyPath(std::string_view parent, std::string_view key) {
  return std::string(parent).append("[").append(key).append("]");
}

}  // namespace kp::api
