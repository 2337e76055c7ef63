// Kubernetes' Status: the answer to a request that failed, and to some that did not.
//
// Texts and codes follow k8s.io/apimachinery/pkg/api/errors and the generic apiserver: clients show
// them verbatim and tools match on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/field_cause.h"
#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::api {

class [[nodiscard]] ApiStatus {
 public:
  // Success.
  ApiStatus() = default;
  ApiStatus(int code, std::string reason, std::string message)
      : code_(code), reason_(std::move(reason)), message_(std::move(message)) {}

  // The factories take the group and the plural resource ("apps", "deployments") unless they say otherwise.
  static ApiStatus NotFound(std::string_view group, std::string_view resource, std::string_view name);
  // 404 for a path that names nothing.
  static ApiStatus PathNotFound();
  static ApiStatus AlreadyExists(std::string_view group, std::string_view resource, std::string_view name);
  // metadata.generateName met only taken names.
  static ApiStatus GenerateNameConflict(std::string_view group, std::string_view resource, std::string_view name);
  static ApiStatus Conflict(std::string_view group, std::string_view resource, std::string_view name,
                            std::string_view why = kModified);
  // Server-side apply: one cause per field that another manager owns.
  static ApiStatus ApplyConflict(FieldCauses causes, std::string message);
  // `kind` is the Kind. The message repeats the causes.
  static ApiStatus Invalid(std::string_view group, std::string_view kind, std::string_view name, FieldCauses causes);
  static ApiStatus BadRequest(std::string message);
  // Without a name the whole resource is meant.
  static ApiStatus Forbidden(std::string_view group, std::string_view resource, std::string_view name,
                             std::string_view why);
  static ApiStatus Unauthorized(std::string message = "Unauthorized");
  // 410: a resourceVersion or continue token of the past.
  static ApiStatus Expired(std::string message);
  static ApiStatus TooOldResourceVersion(int64_t asked, int64_t oldest);
  static ApiStatus Gone(std::string message);
  static ApiStatus Timeout(std::string_view what, int64_t retry_after_seconds = 0);
  static ApiStatus TooLargeResourceVersion(int64_t asked, int64_t current);
  // 500 with a hint to try again; `operation` is a verb.
  static ApiStatus ServerTimeout(std::string_view group, std::string_view resource, std::string_view operation,
                                 int64_t retry_after_seconds);
  static ApiStatus UnsupportedMediaType(const std::vector<std::string>& accepted);
  static ApiStatus NotAcceptable(const std::vector<std::string>& accepted);
  static ApiStatus MethodNotAllowed(std::string_view group, std::string_view resource, std::string_view action);
  // 405 for a method that no path like this one has.
  static ApiStatus MethodNotAllowed();
  static ApiStatus RequestEntityTooLarge(std::string_view what);
  static ApiStatus InternalError(std::string_view what);
  static ApiStatus TooManyRequests(std::string message, int64_t retry_after_seconds);
  static ApiStatus ServiceUnavailable(std::string message);
  // What a client makes of an answer that is no Status: the code and the first part of the body.
  static ApiStatus FromHttp(int code, std::string_view body);
  // A Status object. An object without a code gets one by its `status`.
  static ApiStatus FromValue(const Value& value);

  // Success with details, as DELETE answers. A code of 0 is left out of the object.
  static ApiStatus Success(int code = 0);

  static constexpr std::string_view kModified =
      "the object has been modified; please apply your changes to the latest version and try again";

  bool ok() const { return code_ < 400; }
  int code() const { return code_; }
  const std::string& reason() const { return reason_; }
  const std::string& message() const { return message_; }
  const std::string& name() const { return name_; }
  const std::string& group() const { return group_; }
  const std::string& kind() const { return kind_; }  // of details: mostly the resource
  const std::string& uid() const { return uid_; }
  const FieldCauses& causes() const { return causes_; }
  int64_t retry_after_seconds() const { return retry_after_seconds_; }
  const std::string& continue_token() const { return continue_; }
  bool HasCause(std::string_view reason) const;

  // Both 404s, of an object and of a path, are NotFound; likewise the rest.
  bool IsNotFound() const { return code_ == 404; }
  bool IsAlreadyExists() const { return reason_ == "AlreadyExists"; }
  bool IsConflict() const { return reason_ == "Conflict"; }
  bool IsExpired() const { return code_ == 410; }
  bool IsInvalid() const { return reason_ == "Invalid"; }
  bool IsForbidden() const { return code_ == 403; }
  bool IsTooManyRequests() const { return code_ == 429; }
  // The request may have been carried out, or not; or the server asks to come again.
  bool IsTimeout() const { return reason_ == "Timeout" || reason_ == "ServerTimeout"; }

  // Changes for the builder's chain: `ApiStatus::Forbidden(...).WithCause({...})`.
  ApiStatus WithDetails(std::string_view group, std::string_view kind, std::string_view name,
                        std::string_view uid = {}) &&;
  ApiStatus WithCause(FieldCause cause) &&;
  ApiStatus WithRetryAfter(int64_t seconds) &&;
  // metadata.continue of an expired list: where an inconsistent continuation may start.
  ApiStatus WithContinue(std::string token) &&;

  // {"kind":"Status","apiVersion":"v1",...}
  Value ToValue() const;
  // "NotFound (404): pods \"x\" not found"; "OK".
  std::string ToString() const;

  bool operator==(const ApiStatus&) const = default;

 private:
  int code_ = 0;
  std::string reason_;
  std::string message_;
  std::string group_;
  std::string kind_;
  std::string name_;
  std::string uid_;
  FieldCauses causes_;
  int64_t retry_after_seconds_ = 0;
  std::string continue_;
};

template <typename T>
using ApiResult = Result<T, ApiStatus>;

// "deployments.apps", "pods": a resource or kind with its group, as messages name it.
std::string Qualified(std::string_view group, std::string_view name);

}  // namespace kp::api
