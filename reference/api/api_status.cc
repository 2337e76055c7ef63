#include "reference/api/api_status.h"

#include <set>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

std::string Named(std::string_view group, std::string_view resource, std::string_view name) {
  return Qualified(group, resource) + " " + Quote(name);
}

// Go's aggregate of errors: equal ones once, more than one in brackets.
std::string Aggregate(const FieldCauses& causes) {
  std::set<std::string> seen;
  std::vector<std::string> messages;
  for (const FieldCause& cause : causes) {
    std::string message = cause.field + ": " + cause.message;
    if (seen.insert(message).second) messages.push_back(std::move(message));
  }
  if (messages.size() == 1) return messages[0];
  return "[" + Join(messages, ", ") + "]";
}

}  // namespace

std::string Qualified(std::string_view group, std::string_view name) {
  return group.empty() ? std::string(name) : std::string(name) + "." + std::string(group);
}

ApiStatus ApiStatus::NotFound(std::string_view group, std::string_view resource, std::string_view name) {
  return ApiStatus(404, "NotFound", Named(group, resource, name) + " not found").WithDetails(group, resource, name);
}

ApiStatus ApiStatus::PathNotFound() { return {404, "NotFound", "the server could not find the requested resource"}; }

ApiStatus ApiStatus::AlreadyExists(std::string_view group, std::string_view resource, std::string_view name) {
  return ApiStatus(409, "AlreadyExists", Named(group, resource, name) + " already exists")
      .WithDetails(group, resource, name);
}

ApiStatus ApiStatus::GenerateNameConflict(std::string_view group, std::string_view resource, std::string_view name) {
  return ApiStatus(409, "AlreadyExists",
                   Named(group, resource, name) +
                       " already exists, the server was not able to generate a unique name for the object")
      .WithDetails(group, resource, name)
      .WithRetryAfter(1);
}

ApiStatus ApiStatus::Conflict(std::string_view group, std::string_view resource, std::string_view name,
                              std::string_view why) {
  return ApiStatus(409, "Conflict",
                   "Operation cannot be fulfilled on " + Named(group, resource, name) + ": " + std::string(why))
      .WithDetails(group, resource, name);
}

ApiStatus ApiStatus::ApplyConflict(FieldCauses causes, std::string message) {
  ApiStatus status(409, "Conflict", std::move(message));
  status.causes_ = std::move(causes);
  return status;
}

ApiStatus ApiStatus::Invalid(std::string_view group, std::string_view kind, std::string_view name, FieldCauses causes) {
  std::string message = Named(group, kind, name) + " is invalid";
  if (!causes.empty()) message += ": " + Aggregate(causes);
  ApiStatus status = ApiStatus(422, "Invalid", std::move(message)).WithDetails(group, kind, name);
  status.causes_ = std::move(causes);
  return status;
}

ApiStatus ApiStatus::BadRequest(std::string message) { return {400, "BadRequest", std::move(message)}; }

ApiStatus ApiStatus::Forbidden(std::string_view group, std::string_view resource, std::string_view name,
                               std::string_view why) {
  std::string message = "forbidden: ";
  if (!resource.empty() && name.empty()) message = Qualified(group, resource) + " is forbidden: ";
  if (!resource.empty() && !name.empty()) message = Named(group, resource, name) + " is forbidden: ";
  return ApiStatus(403, "Forbidden", message + std::string(why)).WithDetails(group, resource, name);
}

ApiStatus ApiStatus::Unauthorized(std::string message) { return {401, "Unauthorized", std::move(message)}; }

ApiStatus ApiStatus::Expired(std::string message) { return {410, "Expired", std::move(message)}; }

ApiStatus ApiStatus::TooOldResourceVersion(int64_t asked, int64_t oldest) {
  return Expired("too old resource version: " + std::to_string(asked) + " (" + std::to_string(oldest) + ")");
}

ApiStatus ApiStatus::Gone(std::string message) { return {410, "Gone", std::move(message)}; }

ApiStatus ApiStatus::Timeout(std::string_view what, int64_t retry_after_seconds) {
  return ApiStatus(504, "Timeout", "Timeout: " + std::string(what)).WithRetryAfter(retry_after_seconds);
}

ApiStatus ApiStatus::TooLargeResourceVersion(int64_t asked, int64_t current) {
  return Timeout("Too large resource version: " + std::to_string(asked) + ", current: " + std::to_string(current), 1)
      .WithCause({.reason = "ResourceVersionTooLarge", .field = "", .message = "Too large resource version"});
}

ApiStatus ApiStatus::ServerTimeout(std::string_view group, std::string_view resource, std::string_view operation,
                                   int64_t retry_after_seconds) {
  return ApiStatus(500, "ServerTimeout",
                   "The " + std::string(operation) + " operation against " + Qualified(group, resource) +
                       " could not be completed at this time, please try again.")
      .WithDetails(group, resource, operation)
      .WithRetryAfter(retry_after_seconds);
}

ApiStatus ApiStatus::UnsupportedMediaType(const std::vector<std::string>& accepted) {
  return {415, "UnsupportedMediaType",
          "the body of the request was in an unknown format - accepted media types include: " + Join(accepted, ", ")};
}

ApiStatus ApiStatus::NotAcceptable(const std::vector<std::string>& accepted) {
  return {406, "NotAcceptable", "only the following media types are accepted: " + Join(accepted, ", ")};
}

ApiStatus ApiStatus::MethodNotAllowed(std::string_view group, std::string_view resource, std::string_view action) {
  return ApiStatus(405, "MethodNotAllowed",
                   std::string(action) + " is not supported on resources of kind " + Quote(Qualified(group, resource)))
      .WithDetails(group, resource, "");
}

ApiStatus ApiStatus::MethodNotAllowed() {
  return {405, "MethodNotAllowed", "the server does not allow this method on the requested resource"};
}

ApiStatus ApiStatus::RequestEntityTooLarge(std::string_view what) {
  return {413, "RequestEntityTooLarge", "Request entity too large: " + std::string(what)};
}

ApiStatus ApiStatus::InternalError(std::string_view what) {
  return ApiStatus(500, "InternalError", "Internal error occurred: " + std::string(what))
      .WithCause({.reason = "", .field = "", .message = std::string(what)});
}

ApiStatus ApiStatus::TooManyRequests(std::string message, int64_t retry_after_seconds) {
  return ApiStatus(429, "TooManyRequests", std::move(message)).WithRetryAfter(retry_after_seconds);
}

ApiStatus ApiStatus::ServiceUnavailable(std::string message) { return {503, "ServiceUnavailable", std::move(message)}; }

ApiStatus ApiStatus::FromHttp(int code, std::string_view body) {
  constexpr size_t kShown = 2048;
  std::string text(Trim(body.substr(0, kShown)));
  switch (code) {
    case 400: return BadRequest("the server rejected our request for an unknown reason");
    case 401: return Unauthorized("the server has asked for the client to provide credentials");
    case 403: return {403, "Forbidden", text.empty() ? "forbidden" : text};
    case 404: return PathNotFound();
    case 405: return MethodNotAllowed();
    case 409: return {409, "Conflict", "the server reported a conflict"};
    case 413: return {413, "RequestEntityTooLarge", text.empty() ? "the request is too large" : text};
    case 415: return {415, "UnsupportedMediaType", text};
    case 429:
      return TooManyRequests("the server has received too many requests and has asked us to try again later", 0);
    case 503: return ServiceUnavailable("the server is currently unable to handle the request");
    case 504:
      return {
          504, "Timeout",
          "the server was unable to return a response in the time allotted, but may still be processing the request"};
    default: break;
  }
  if (code < 400) return Success(code);
  return {code, code >= 500 ? "InternalError" : "Unknown",
          "an error on the server (" + Quote(text) + ") has prevented the request from succeeding"};
}

ApiStatus ApiStatus::Success(int code) {
  ApiStatus status;
  status.code_ = code;
  return status;
}

bool ApiStatus::HasCause(std::string_view reason) const {
  for (const FieldCause& cause : causes_) {
    if (cause.reason == reason) return true;
  }
  return false;
}

ApiStatus ApiStatus::WithDetails(std::string_view group, std::string_view kind, std::string_view name,
                                 std::string_view uid) && {
  group_ = group;
  kind_ = kind;
  name_ = name;
  uid_ = uid;
  return std::move(*this);
}

ApiStatus ApiStatus::WithCause(FieldCause cause) && {
  causes_.push_back(std::move(cause));
  return std::move(*this);
}

ApiStatus ApiStatus::WithRetryAfter(int64_t seconds) && {
  retry_after_seconds_ = seconds;
  return std::move(*this);
}

ApiStatus ApiStatus::WithContinue(std::string token) && {
  continue_ = std::move(token);
  return std::move(*this);
}

Value ApiStatus::ToValue() const {
  std::vector<Member> details;
  auto add = [](std::vector<Member>& members, std::string_view key, std::string_view text) {
    if (!text.empty()) members.push_back({Key(key), Value(text)});
  };
  add(details, "group", group_);
  add(details, "kind", kind_);
  add(details, "name", name_);
  add(details, "uid", uid_);
  if (!causes_.empty()) {
    std::vector<Value> causes;
    for (const FieldCause& cause : causes_) {
      std::vector<Member> members;
      add(members, "field", cause.field);
      add(members, "message", cause.message);
      add(members, "reason", cause.reason);
      causes.push_back(Value::Object(std::move(members)));
    }
    details.push_back({"causes", Value::Array(std::move(causes))});
  }
  if (retry_after_seconds_ != 0) details.push_back({"retryAfterSeconds", Value(retry_after_seconds_)});

  std::vector<Member> members = {{"apiVersion", "v1"}, {"kind", "Status"}, {"status", ok() ? "Success" : "Failure"}};
  members.push_back({"metadata", continue_.empty() ? Value::EmptyObject() : Obj({{"continue", continue_}})});
  add(members, "message", message_);
  add(members, "reason", reason_);
  if (!details.empty() && !KP_MUTANT("status-has-no-details"))
    members.push_back({"details", Value::Object(std::move(details))});
  if (code_ != 0) members.push_back({"code", Value(code_)});
  return Value::Object(std::move(members));
}

ApiStatus ApiStatus::FromValue(const Value& value) {
  ApiStatus status;
  status.code_ = static_cast<int>(value["code"].AsInt());
  status.reason_ = value["reason"].str();
  status.message_ = value["message"].str();
  // A Failure is one whatever its code says.
  if (value["status"].AsString() == "Failure" && status.ok()) status.code_ = 500;
  const Value& details = value["details"];
  status.group_ = details["group"].str();
  status.kind_ = details["kind"].str();
  status.name_ = details["name"].str();
  status.uid_ = details["uid"].str();
  for (const Value& cause : details["causes"].items()) {
    status.causes_.push_back(
        {.reason = cause["reason"].str(), .field = cause["field"].str(), .message = cause["message"].str()});
  }
  status.retry_after_seconds_ = details["retryAfterSeconds"].AsInt();
  status.continue_ = value["metadata"]["continue"].str();
  return status;
}

std::string ApiStatus::ToString() const {
  if (ok()) return "OK";
  return (reason_.empty() ? "Failure" : reason_) + " (" + std::to_string(code_) + "): " + message_;
}

}  // namespace kp::api
