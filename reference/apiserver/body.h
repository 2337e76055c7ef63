// The body of a write: from JSON, YAML or protobuf to an object of its kind, with what was strange in it.
#pragma once

#include <string_view>

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/call.h"

namespace kp::apiserver {

enum class FieldValidation : unsigned char { kIgnore, kWarn, kStrict };

// fieldValidation of the query; Warn unless given.
api::ApiResult<FieldValidation> FieldValidationOf(const transport::HttpRequest& request);

// The object in the body, of kind `kind`, canonical: unknown fields dropped, refused or warned of as the
// query asks. apiVersion and kind are added where the body lacks them.
api::ApiResult<api::Value> ReadObject(Call& call, const api::Registry& registry, const api::Kind& kind);
// The DeleteOptions in the body, or null when there is none.
api::ApiResult<api::Value> ReadDeleteOptions(const Call& call, const api::Registry& registry);
// Any JSON or YAML document: patches.
api::ApiResult<api::Value> ReadDocument(std::string_view media_type, std::string_view body);

// What ReadObject does after parsing: for objects that a patch made.
api::ApiResult<api::Value> CheckDecoded(Call& call, const api::Kind& kind, const api::Value& object,
                                        const std::vector<std::string>& duplicates, FieldValidation validation);

std::vector<std::string> AcceptedBodyTypes();

}  // namespace kp::apiserver
