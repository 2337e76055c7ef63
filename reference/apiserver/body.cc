#include "reference/apiserver/body.h"

#include "reference/api/json.h"
#include "reference/api/object_rules.h"
#include "reference/api/protobuf_codec.h"
#include "reference/api/yaml.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

bool IsYaml(std::string_view type) {
  return type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml";
}

std::string CannotBeHandled(const api::Kind& kind, std::string_view why) {
  return kind.gvk.kind + " in version " + Quote(kind.gvk.version) + " cannot be handled as a " + kind.gvk.kind + ": " +
         std::string(why);
}

// Clients may leave apiVersion and kind out; others than the URL's are a mistake.
ApiResult<Value> WithTypeOf(const api::Kind& kind, const Value& object) {
  const std::string api_version = object["apiVersion"].str();
  const std::string name = object["kind"].str();
  if (!api_version.empty() && api_version != kind.api_version()) {
    return ApiStatus::BadRequest("the API version in the data (" + api_version +
                                 ") does not match the expected API version (" + kind.api_version() + ")");
  }
  if (!name.empty() && name != kind.gvk.kind) {
    return ApiStatus::BadRequest(name + " in version " + Quote(kind.gvk.version) + " cannot be handled as a " +
                                 kind.gvk.kind + ": no kind " + Quote(name) + " is served here");
  }
  return object.With("apiVersion", kind.api_version()).With("kind", kind.gvk.kind);
}

}  // namespace

std::vector<std::string> AcceptedBodyTypes() {
  return {"application/json", "application/yaml", std::string(api::kProtobufMediaType)};
}

ApiResult<FieldValidation> FieldValidationOf(const transport::HttpRequest& request) {
  const std::string_view text = request.Query("fieldValidation");
  if (text.empty() || text == "Warn") return FieldValidation::kWarn;
  if (text == "Strict") return FieldValidation::kStrict;
  if (text == "Ignore") return FieldValidation::kIgnore;
  return ApiStatus::Invalid("meta.k8s.io", "CreateOptions", "",
                            {api::NotSupportedCause("fieldValidation", Value(text), {"", "Ignore", "Strict", "Warn"})});
}

ApiResult<Value> ReadDocument(std::string_view media_type, std::string_view body) {
  Result<Value> parsed = IsYaml(media_type) ? api::ParseYaml(body) : api::ParseJson(body);
  if (!parsed.ok() && KP_MUTANT("apiserver-broken-patch-is-empty")) return Value::EmptyObject();
  if (!parsed.ok())
    return ApiStatus::BadRequest("the body of the request cannot be read: " + parsed.status().message());
  return *parsed;
}

ApiResult<Value> CheckDecoded(Call& call, const api::Kind& kind, const Value& object,
                              const std::vector<std::string>& duplicates, FieldValidation validation) {
  api::DecodeReport report;
  Value canonical = api::Canonicalize(kind, object, report);
  if (!report.type_errors.empty()) {
    return ApiStatus::BadRequest(CannotBeHandled(kind, "json: cannot unmarshal: " + Join(report.type_errors, ", ")));
  }
  const std::vector<std::string> strict = report.StrictErrors(duplicates);
  if (!strict.empty() && validation == FieldValidation::kStrict && !KP_MUTANT("apiserver-strict-is-lax")) {
    return ApiStatus::BadRequest(CannotBeHandled(kind, "strict decoding error: " + Join(strict, ", ")));
  }
  const bool warns = validation == FieldValidation::kWarn ||
                     (validation == FieldValidation::kIgnore && KP_MUTANT("apiserver-warns-all-the-same"));
  if (warns && !KP_MUTANT("apiserver-drops-fields-silently")) {
    call.warnings.insert(call.warnings.end(), strict.begin(), strict.end());
  }
  return canonical;
}

namespace {

ApiResult<Value> ParseBody(const Call& call, const api::Registry& registry, const api::Kind& kind,
                           std::vector<std::string>& duplicates) {
  const std::string type = MediaTypeOf(call.request.headers.Get("content-type"));
  const std::string& body = call.request.body;
  Result<Value> parsed = Value();
  if (type == api::kProtobufMediaType) {
    parsed = api::DecodeProtobuf(registry, body, &kind);
    if (parsed.status().code() == Code::kUnimplemented) return ApiStatus::UnsupportedMediaType(AcceptedBodyTypes());
  } else if (IsYaml(type)) {
    parsed = api::ParseYaml(body, {.duplicate_keys = &duplicates});
  } else if (type.empty() || type == "application/json" || KP_MUTANT("apiserver-guesses-body-type")) {
    parsed = api::ParseJson(body, {.duplicate_keys = &duplicates});
  } else {
    return ApiStatus::UnsupportedMediaType(AcceptedBodyTypes());
  }
  if (parsed.ok() && parsed->is_object()) return *parsed;
  if (KP_MUTANT("apiserver-broken-body-is-empty")) return Value::EmptyObject();
  const std::string why = parsed.ok() ? "the body is no object" : parsed.status().message();
  return ApiStatus::BadRequest(CannotBeHandled(kind, why));
}

}  // namespace

ApiResult<Value> ReadObject(Call& call, const api::Registry& registry, const api::Kind& kind) {
  ApiResult<FieldValidation> validation = FieldValidationOf(call.request);
  if (!validation.ok()) return validation.error();
  std::vector<std::string> duplicates;
  ApiResult<Value> parsed = ParseBody(call, registry, kind, duplicates);
  if (!parsed.ok()) return parsed;
  ApiResult<Value> typed = WithTypeOf(kind, *parsed);
  if (!typed.ok()) return typed;
  return CheckDecoded(call, kind, *typed, duplicates, *validation);
}

ApiResult<Value> ReadDeleteOptions(const Call& call, const api::Registry& registry) {
  if (call.request.body.empty()) return Value();
  const api::Kind& kind = *registry.FindKind({"meta.k8s.io", "v1", "DeleteOptions"});
  std::vector<std::string> duplicates;
  return ParseBody(call, registry, kind, duplicates);
}

}  // namespace kp::apiserver
