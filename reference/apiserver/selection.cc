#include "reference/apiserver/selection.h"

#include <algorithm>

#include "reference/api/object_rules.h"
#include "reference/api/stored_form.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

// One value without the map of all: this runs for every watcher of every change.
std::string_view FieldOf(const api::Kind& kind, const Value& object, std::string_view label) {
  if (label == "metadata.name") return object["metadata"]["name"].AsString();
  if (label == "metadata.namespace") return object["metadata"]["namespace"].AsString();
  for (const api::SelectableField& field : kind.selectable) {
    if (field.label != label || (kind.gvk.kind == "Event" && KP_MUTANT("event-fields-select-nothing"))) continue;
    const Value& value = api::AtDottedPath(object, field.path);
    if (field.is_bool) return value.AsBool() ? "true" : "false";
    return value.AsString();
  }
  return {};
}

}  // namespace

ApiResult<Selection> Selection::Parse(const api::Kind& kind, std::string ns, const transport::HttpRequest& request) {
  Selection selection{.kind = &kind, .ns = std::move(ns)};
  Result<api::Selector> labels = api::Selector::Parse(request.Query("labelSelector"));
  if (!labels.ok()) return ApiStatus::BadRequest("unable to parse labelSelector: " + labels.status().message());
  Result<api::FieldSelector> fields = api::FieldSelector::Parse(request.Query("fieldSelector"));
  if (!fields.ok()) return ApiStatus::BadRequest("unable to parse fieldSelector: " + fields.status().message());
  for (const api::FieldRequirement& term : fields->requirements()) {
    if (!api::IsSelectable(kind, term.field) && !KP_MUTANT("apiserver-takes-any-field-label"))
      return ApiStatus::BadRequest("field label not supported: " + term.field);
  }
  selection.labels = std::move(*labels);
  selection.fields = std::move(*fields);
  return selection;
}

bool Selection::Matches(const Value& stored) const {
  if (!narrowed()) return true;
  const Value object = api::FromStoredForm(*kind, stored);
  if (!labels.selects_everything() && !labels.Matches(object["metadata"]["labels"])) return false;
  return fields.empty() || fields.Matches([&](std::string_view field) { return FieldOf(*kind, object, field); });
}

}  // namespace kp::apiserver
