#include "reference/apiserver/encode.h"

#include "reference/api/json.h"
#include "reference/api/stored_form.h"
#include "reference/api/table.h"
#include "reference/api/yaml.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::Value;

namespace {

api::TableOptions TableOptionsOf(const MediaForm& form, WallTime now, bool with_columns) {
  return {.now = now,
          .include = api::ParseIncludeObject(form.include),
          .version = form.table_version,
          .column_definitions = with_columns};
}

Value ListMeta(const ListPage& page) {
  Value meta = api::Obj({{"resourceVersion", std::to_string(page.revision)}});
  if (!page.continue_token.empty()) meta = meta.With("continue", page.continue_token);
  if (page.remaining) meta = meta.With("remainingItemCount", *page.remaining);
  return meta;
}

}  // namespace

std::string Print(const MediaForm& form, const Value& value) {
  return form.syntax == Syntax::kYaml ? api::ToYaml(value) : api::ToJson(value) + "\n";
}

Value Shaped(const api::Kind& kind, const MediaForm& form, const Value& stored, WallTime now, bool with_columns) {
  const Value object = api::FromStoredForm(kind, stored);
  switch (form.shape) {
    case Shape::kTable: return api::RenderTable(kind, object, TableOptionsOf(form, now, with_columns));
    case Shape::kMetadata: return api::PartialObjectMetadata(object, form.table_version);
    case Shape::kObject: break;
  }
  return object;
}

std::string EncodeList(const api::Kind& kind, const MediaForm& form, const ListPage& page, WallTime now) {
  const Value meta = ListMeta(page);
  std::vector<Value> items = page.items;
  for (Value& item : items) item = api::FromStoredForm(kind, item);
  if (form.shape == Shape::kTable) {
    return Print(form, api::RenderTable(kind, items, meta, TableOptionsOf(form, now, true)));
  }
  const bool metadata = form.shape == Shape::kMetadata && !KP_MUTANT("apiserver-metadata-list-shows-all");
  if (metadata) {
    for (Value& item : items) item = api::PartialObjectMetadata(item, form.table_version);
  }
  return Print(form, api::Obj({{"apiVersion", metadata ? "meta.k8s.io/" + form.table_version : kind.api_version()},
                               {"kind", metadata ? "PartialObjectMetadataList" : kind.ListKind()},
                               {"metadata", meta},
                               {"items", Value::Array(std::move(items))}}));
}

std::string EncodeEvent(Syntax syntax, std::string_view type, const Value& object) {
  std::string json = "{\"type\":\"";
  json.append(type).append("\",\"object\":");
  api::AppendJson(json, object);
  json += "}";
  // https://html.spec.whatwg.org/multipage/server-sent-events.html: JSON has no raw line breaks.
  return syntax == Syntax::kEventStream && !KP_MUTANT("watch-events-are-plain-lines") ? "data: " + json + "\n\n"
                                                                                      : json + "\n";
}

}  // namespace kp::apiserver
