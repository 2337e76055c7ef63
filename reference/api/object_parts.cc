// Spec against status, generation, and what field selectors read.
#include <algorithm>

#include "reference/api/object_rules.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

// Fields that a change of does not count: identity, metadata and what only status writes.
bool IsDesiredState(const Kind& kind, std::string_view name) {
  if (name == "apiVersion" || name == "kind" || name == "metadata") return false;
  const Field* field = kind.message->FindField(name);
  return field == nullptr || !field->status_only;
}

std::string SelectorText(const SelectableField& field, const Value& object) {
  const Value& value = AtDottedPath(object, field.path);
  if (value.is_bool() || field.is_bool) return value.AsBool() ? "true" : "false";
  if (value.is_int()) return std::to_string(value.AsInt());
  return value.str();
}

}  // namespace

bool SpecChanged(const Kind& kind, const Value& object, const Value& old) {
  if (object.SameNode(old)) return false;
  for (const Field* field : kind.message->json_fields()) {
    if (!IsDesiredState(kind, field->name)) continue;
    if (!(object[field->name] == old[field->name])) return true;
  }
  return false;
}

Value KeepStatus(const Kind& kind, const Value& object, const Value& old) {
  Value result = object;
  for (const Field* field : kind.message->json_fields()) {
    if (!field->status_only || KP_MUTANT("schema-main-write-changes-status")) continue;
    const Value& kept = old[field->name];
    result = kept.is_null() ? result.Without(field->name) : result.With(field->name, kept);
  }
  return result;
}

Value TakeStatus(const Kind& kind, const Value& object, const Value& old) {
  Value result = old;
  for (const Field* field : kind.message->json_fields()) {
    if (!field->status_only) continue;
    const Value& taken = object[field->name];
    result = taken.is_null() ? result.Without(field->name) : result.With(field->name, taken);
  }
  const Value& metadata = object["metadata"];
  // Writers of /status may also label, annotate and track fields; that is what upstream's strategies let through.
  for (std::string_view name : {"labels", "annotations", "managedFields", "resourceVersion"}) {
    const Value& taken = metadata[name];
    result = taken.is_null() ? result.Without({"metadata", name}) : result.With({"metadata", name}, taken);
  }
  return result;
}

std::map<std::string, std::string> SelectableFields(const Kind& kind, const Value& object) {
  std::map<std::string, std::string> fields;
  const Value& metadata = object["metadata"];
  fields["metadata.name"] = metadata["name"].str();
  if (kind.namespaced) fields["metadata.namespace"] = metadata["namespace"].str();
  for (const SelectableField& field : kind.selectable) fields[field.label] = SelectorText(field, object);
  return fields;
}

bool IsSelectable(const Kind& kind, std::string_view label) {
  if (label == "metadata.name" || label == "metadata.namespace") return true;
  return std::any_of(kind.selectable.begin(), kind.selectable.end(),
                     [&](const SelectableField& field) { return field.label == label; });
}

const Value& AtDottedPath(const Value& value, std::string_view path) {
  const Value* at = &value;
  ConsumePrefix(path, ".");
  while (!path.empty()) {
    size_t end = path.find_first_of(".[");
    std::string_view name = path.substr(0, end);
    if (!name.empty()) at = &(*at)[name];
    if (end == std::string_view::npos) break;
    bool indexed = path[end] == '[';
    path.remove_prefix(end + 1);
    if (!indexed) continue;
    size_t close = path.find(']');
    at = &(*at)[static_cast<size_t>(ParseInt(path.substr(0, close)).value_or(-1))];
    path.remove_prefix(std::min(path.size(), close == std::string_view::npos ? path.size() : close + 1));
    ConsumePrefix(path, ".");
  }
  return *at;
}

}  // namespace kp::api
