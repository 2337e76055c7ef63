// Tables: what `kubectl get` shows, made by the server (meta.k8s.io/v1 Table).
#pragma once

#include <string_view>
#include <vector>

#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/base/time.h"

namespace kp::api {

enum class IncludeObject { kMetadata, kObject, kNone };

// The `includeObject` parameter; nothing known means kMetadata.
IncludeObject ParseIncludeObject(std::string_view text);

struct TableOptions {
  WallTime now;  // ages are counted to here
  IncludeObject include = IncludeObject::kMetadata;
  std::string_view version = "v1";  // or "v1beta1"
  // In a watch only the first event needs them.
  bool column_definitions = true;
};

// `list_metadata` (resourceVersion, continue ...) becomes the table's; for a single object its
// resourceVersion does.
Value RenderTable(const Kind& kind, const std::vector<Value>& objects, const Value& list_metadata,
                  const TableOptions& options);
Value RenderTable(const Kind& kind, const Value& object, const TableOptions& options);

// {"kind":"PartialObjectMetadata", ...} of an object: also what metadata clients ask for.
Value PartialObjectMetadata(const Value& object, std::string_view version = "v1");

}  // namespace kp::api
