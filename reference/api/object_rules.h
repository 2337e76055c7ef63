// What the schema says about one object: the steps that a write goes through, in the order of use.
//
//   DecodeReport report;
//   Value object = Canonicalize(kind, body, report);     // unknown fields, wrong types, zero values
//   object = ApplyDefaults(kind, object);
//   FieldCauses causes = Validate(kind, object);         // and ValidateUpdate(kind, object, old)
//
// Everything here is pure and works on any Kind, built in or custom.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/field_cause.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"

namespace kp::api {

struct DecodeReport {
  std::vector<std::string> unknown_fields;  // "spec.foo", "spec.containers[0].bar"
  std::vector<std::string> type_errors;     // "spec.replicas: expected integer, got string"

  // The texts of fieldValidation, sorted by path: `unknown field "spec.foo"`, and
  // `duplicate field "..."` for the paths that JsonOptions::duplicate_keys collected.
  std::vector<std::string> StrictErrors(const std::vector<std::string>& duplicates = {}) const;
};

// The object as upstream's typed decoder would see it: unknown fields are dropped and reported,
// nulls and zero values of fields that are no pointers are dropped, times are brought to their
// canonical text. apiVersion and kind are kept. Type errors leave the value out.
Value Canonicalize(const Kind& kind, const Value& object, DecodeReport& report);
Value CanonicalizeMessage(const Message& message, const Value& value, std::string_view path, DecodeReport& report);

// Adds the defaults that the schema states. Defaults that depend on other fields are hooks of the
// kind, elsewhere.
Value ApplyDefaults(const Kind& kind, const Value& object);
Value ApplyMessageDefaults(const Message& message, const Value& value);

// Required fields, enums, bounds, formats, unique keys of map lists; in document order. metadata is
// checked by its own rules (names.h), not here.
FieldCauses Validate(const Kind& kind, const Value& object);
// Immutable fields.
FieldCauses ValidateUpdate(const Kind& kind, const Value& object, const Value& old);

// True when something else than apiVersion, kind, metadata and status differs: generation grows.
bool SpecChanged(const Kind& kind, const Value& object, const Value& old);
// For a write to the main resource: `object` with the status of `old` (null: no status).
Value KeepStatus(const Kind& kind, const Value& object, const Value& old);
// For a write to /status: `old` with the status of `object`, and its metadata apart from what /status
// may not change.
Value TakeStatus(const Kind& kind, const Value& object, const Value& old);

// The values that a field selector can ask for: metadata.name, metadata.namespace and the kind's.
// Absent ones are "".
std::map<std::string, std::string> SelectableFields(const Kind& kind, const Value& object);
bool IsSelectable(const Kind& kind, std::string_view label);

// ".spec.replicas", "status.conditions[0].type" -> the value there, or null.
const Value& AtDottedPath(const Value& value, std::string_view path);

}  // namespace kp::api
