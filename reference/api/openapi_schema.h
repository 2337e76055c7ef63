// components.schemas of an OpenAPI document.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/schema.h"
#include "reference/api/value.h"

namespace kp::api {

// Any patch; what it may hold depends on its media type.
constexpr std::string_view kPatchSchema = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

// {"$ref": "#/components/schemas/NAME"}
Value OpenApiRef(std::string_view openapi_name);

// Gathers the schemas of kinds and of all that they reach.
class OpenApiSchemas {
 public:
  void AddKind(const Kind& kind);
  Value Take();

 private:
  void AddMessage(const Message& message);
  void AddField(const Field& field, std::vector<Member>& properties);
  void AddList(const Kind& kind);

  std::map<std::string, Value> schemas_;
  const Message* list_meta_ = nullptr;
};

}  // namespace kp::api
