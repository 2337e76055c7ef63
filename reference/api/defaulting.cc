#include <algorithm>
#include <optional>

#include "reference/api/object_rules.h"
#include "reference/api/same_value.h"
#include "reference/base/mutant.h"

namespace kp::api {
namespace {

Value Defaulted(const Message& message, const Value& value);

Value DefaultedItems(const Field& field, const Value& list) {
  std::vector<Value> items;
  bool changed = false;
  for (const Value& item : list.items()) {
    items.push_back(Defaulted(*field.message, item));
    changed = changed || !SameValue(items.back(), item);
  }
  return changed ? Value::Array(std::move(items)) : list;
}

Value DefaultedEntries(const Field& field, const Value& map) {
  std::vector<Member> members;
  bool changed = false;
  for (const Member& member : map.members()) {
    members.push_back({member.key, Defaulted(*field.message, member.value)});
    changed = changed || !SameValue(members.back().value, member.value);
  }
  return changed ? Value::Object(std::move(members)) : map;
}

bool DefaultHolds(const Message& message, const Field& field, const Value& parent) {
  if (field.default_when.empty()) return true;
  const Value* sibling = &parent[field.default_when];
  const Field* definition = message.FindField(field.default_when);
  if (sibling->is_null() && definition != nullptr && definition->default_value) sibling = &*definition->default_value;
  const auto& values = field.default_when_values;
  return std::find(values.begin(), values.end(), sibling->AsString()) != values.end();
}

// The field's value with defaults; null where there is none.
Value DefaultedField(const Message& message, const Field& field, const Value& parent) {
  const Value& value = parent[field.name];
  bool absent = value.is_null();
  if (absent && field.default_value && DefaultHolds(message, field, parent)) {
    bool is_struct = field.type == FieldType::kMessage && field.shape == FieldShape::kSingle;
    return is_struct ? Defaulted(*field.message, *field.default_value) : *field.default_value;
  }
  if (field.type != FieldType::kMessage || !field.message->has_defaults()) return value;
  switch (field.shape) {
    case FieldShape::kList: return DefaultedItems(field, value);
    case FieldShape::kMap: return DefaultedEntries(field, value);
    case FieldShape::kSingle: break;
  }
  if (!absent) return Defaulted(*field.message, value);
  // A struct that is no pointer is always there in Go, so its fields get their defaults.
  if (field.pointer) return value;
  Value made = Defaulted(*field.message, Value::EmptyObject());
  return made.empty() ? Value() : made;
}

Value Defaulted(const Message& message, const Value& value) {
  std::vector<Member> added;
  for (const Field* field : message.json_fields()) {
    if (!field->default_value && (field->message == nullptr || !field->message->has_defaults())) continue;
    const Value& before = value[field->name];
    Value after = DefaultedField(message, *field, value);
    if (!SameValue(after, before)) added.push_back({Key(field->name), std::move(after)});
  }
  if (added.empty()) return value;
  std::vector<Member> members(value.members().begin(), value.members().end());
  for (Member& member : added) members.push_back(std::move(member));  // the last of equal keys stays
  return Value::Object(std::move(members));
}

}  // namespace

Value ApplyDefaults(const Kind& kind, const Value& object) {
  return KP_MUTANT("schema-no-defaults") ? object : Defaulted(*kind.message, object);
}

Value ApplyMessageDefaults(const Message& message, const Value& value) { return Defaulted(message, value); }

}  // namespace kp::api
