#include "reference/api/table.h"

#include "reference/api/object_rules.h"
#include "reference/api/table_formatters.h"
#include "reference/base/mutant.h"

namespace kp::api {
namespace {

// Kinds without columns of their own; upstream's default.
const std::vector<PrinterColumn>& DefaultColumns() {
  static const auto* columns = new std::vector<PrinterColumn>{
      {"Name", "string", "name", 0, ".metadata.name", "", "Name of the object."},
      {"Created At", "date", "", 0, ".metadata.creationTimestamp", "", "When it was created."},
  };
  return *columns;
}

const std::vector<PrinterColumn>& Columns(const Kind& kind) {
  return kind.columns.empty() ? DefaultColumns() : kind.columns;
}

Value Definitions(const Kind& kind) {
  std::vector<Value> definitions;
  for (const PrinterColumn& column : Columns(kind)) {
    definitions.push_back(Obj({{"name", column.name},
                               {"type", column.type},
                               {"format", column.format},
                               {"description", column.description},
                               {"priority", column.priority}}));
  }
  return Value::Array(std::move(definitions));
}

Value Cell(const PrinterColumn& column, const Value& object, WallTime now) {
  if (!column.formatter.empty()) return FormatCell(column.formatter, object, now);
  const Value& value = AtDottedPath(object, column.path);
  if (!value.is_null()) return value;
  return column.type == "integer" ? Value(0) : Value("");
}

Value Row(const Kind& kind, const Value& object, const TableOptions& options) {
  std::vector<Value> cells;
  for (const PrinterColumn& column : Columns(kind)) cells.push_back(Cell(column, object, options.now));
  if (KP_MUTANT("table-drops-last-cell")) cells.pop_back();
  Value row = Obj({{"cells", Value::Array(std::move(cells))}});
  switch (options.include) {
    case IncludeObject::kMetadata: return row.With("object", PartialObjectMetadata(object, options.version));
    case IncludeObject::kObject:
      return row.With("object", object.With("apiVersion", kind.api_version()).With("kind", kind.gvk.kind));
    case IncludeObject::kNone: break;
  }
  return row.With("object", nullptr);
}

Value Table(Value metadata, Value definitions, std::vector<Value> rows, std::string_view version) {
  return Obj({{"kind", "Table"},
              {"apiVersion", "meta.k8s.io/" + std::string(version)},
              {"metadata", std::move(metadata)},
              {"columnDefinitions", std::move(definitions)},
              {"rows", Value::Array(std::move(rows))}});
}

}  // namespace

IncludeObject ParseIncludeObject(std::string_view text) {
  if (text == "Object") return IncludeObject::kObject;
  return text == "None" ? IncludeObject::kNone : IncludeObject::kMetadata;
}

Value RenderTable(const Kind& kind, const std::vector<Value>& objects, const Value& list_metadata,
                  const TableOptions& options) {
  std::vector<Value> rows;
  rows.reserve(objects.size());
  for (const Value& object : objects) rows.push_back(Row(kind, object, options));
  Value definitions = options.column_definitions ? Definitions(kind) : Value();
  return Table(list_metadata.is_null() ? Value::EmptyObject() : list_metadata, std::move(definitions), std::move(rows),
               options.version);
}

Value RenderTable(const Kind& kind, const Value& object, const TableOptions& options) {
  Value metadata = Obj({{"resourceVersion", object["metadata"]["resourceVersion"]}});
  return RenderTable(kind, {object}, metadata, options);
}

Value PartialObjectMetadata(const Value& object, std::string_view version) {
  return Obj({{"kind", "PartialObjectMetadata"},
              {"apiVersion", "meta.k8s.io/" + std::string(version)},
              {"metadata", object["metadata"]}});
}

}  // namespace kp::api
