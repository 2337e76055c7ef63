// OpenAPI documents, made from the registry. kubectl needs them to validate (`apply`, `create -f`:
// it looks for a patch operation with a fieldValidation parameter), to merge and to explain.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "reference/api/schema.h"
#include "reference/api/value.h"

namespace kp::api {

// "api/v1", "apis/apps/v1": how the index names a group-version.
std::string OpenApiPath(const GroupVersion& group_version);

// The version 3 documents of a registry; each is made when it is first asked for.
// Not for a registry that changes: make a new one.
class OpenApi {
 public:
  explicit OpenApi(const Registry& registry) : registry_(registry) {}

  // Of /openapi/v3: every group-version with a URL that holds the hash of its document.
  const std::string& Index();
  struct Document {
    std::string json;
    std::string hash;  // upper-case hex; also the ETag
  };
  // By "api/v1" or "apis/apps/v1"; null when there is none.
  const Document* Find(std::string_view path);

 private:
  const Registry& registry_;
  std::string index_;
  std::map<std::string, Document, std::less<>> documents_;
};

// The document of one group-version.
Value OpenApiDocument(const Registry& registry, const GroupVersion& group_version);

// What /openapi/v2 answers: a document without content, which satisfies old clients that would
// check against it. The media type must have a dot where the request has an '@'.
std::string_view OpenApiV2Stub();
constexpr std::string_view kOpenApiV2MediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

}  // namespace kp::api
