#include "reference/api/api_status.h"

#include <gtest/gtest.h>

#include "reference/api/json.h"

namespace kp::api {
namespace {

TEST(ApiStatus, MessagesAreUpstreams) {
  struct {
    ApiStatus status;
    int code;
    std::string_view reason, message;
  } const cases[] = {
      {ApiStatus::NotFound("", "pods", "x"), 404, "NotFound", R"(pods "x" not found)"},
      {ApiStatus::NotFound("apps", "deployments", "x"), 404, "NotFound", R"(deployments.apps "x" not found)"},
      {ApiStatus::AlreadyExists("", "configmaps", "x"), 409, "AlreadyExists", R"(configmaps "x" already exists)"},
      {ApiStatus::Conflict("apps", "deployments", "x"), 409, "Conflict",
       R"(Operation cannot be fulfilled on deployments.apps "x": the object has been modified; please apply your changes to the latest version and try again)"},
      {ApiStatus::Forbidden("", "pods", "x", "exceeded quota"), 403, "Forbidden",
       R"(pods "x" is forbidden: exceeded quota)"},
      {ApiStatus::Forbidden("", "pods", "", "no"), 403, "Forbidden", "pods is forbidden: no"},
      {ApiStatus::Forbidden("", "", "", "no"), 403, "Forbidden", "forbidden: no"},
      {ApiStatus::TooOldResourceVersion(5, 99), 410, "Expired", "too old resource version: 5 (99)"},
      {ApiStatus::TooLargeResourceVersion(9, 3), 504, "Timeout", "Timeout: Too large resource version: 9, current: 3"},
      {ApiStatus::MethodNotAllowed("", "nodes", "deletecollection"), 405, "MethodNotAllowed",
       R"(deletecollection is not supported on resources of kind "nodes")"},
      {ApiStatus::UnsupportedMediaType({"a/b", "c/d"}), 415, "UnsupportedMediaType",
       "the body of the request was in an unknown format - accepted media types include: a/b, c/d"},
      {ApiStatus::InternalError("boom"), 500, "InternalError", "Internal error occurred: boom"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.status.code(), c.code);
    EXPECT_EQ(c.status.reason(), c.reason);
    EXPECT_EQ(c.status.message(), c.message);
    EXPECT_FALSE(c.status.ok());
  }
}

TEST(ApiStatus, InvalidRepeatsItsCausesOnce) {
  FieldCause one{.reason = "FieldValueInvalid", .field = "spec.replicas", .message = "Invalid value: -1: must be >= 0"};
  FieldCause two{.reason = "FieldValueRequired", .field = "spec.selector", .message = "Required value"};
  EXPECT_EQ(ApiStatus::Invalid("apps", "Deployment", "x", {one}).message(),
            R"(Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: must be >= 0)");
  EXPECT_EQ(ApiStatus::Invalid("", "Pod", "x", {one, two, one}).message(),
            R"(Pod "x" is invalid: [spec.replicas: Invalid value: -1: must be >= 0, spec.selector: Required value])");
  EXPECT_EQ(ApiStatus::Invalid("", "Pod", "x", {}).message(), R"(Pod "x" is invalid)");
}

TEST(ApiStatus, ObjectHasOnlyWhatIsSet) {
  EXPECT_EQ(
      ToJson(ApiStatus::NotFound("apps", "deployments", "x").ToValue()),
      R"({"apiVersion":"v1","code":404,"details":{"group":"apps","kind":"deployments","name":"x"},"kind":"Status",)"
      R"("message":"deployments.apps \"x\" not found","metadata":{},"reason":"NotFound","status":"Failure"})");
  EXPECT_EQ(
      ToJson(ApiStatus::Success().WithDetails("", "pods", "x", "u1").ToValue()),
      R"({"apiVersion":"v1","details":{"kind":"pods","name":"x","uid":"u1"},"kind":"Status","metadata":{},"status":"Success"})");
}

TEST(ApiStatus, SurvivesTheObject) {
  ApiStatus all = ApiStatus::Invalid("g", "K", "n", {{.reason = "r", .field = "f", .message = "m"}})
                      .WithRetryAfter(7)
                      .WithContinue("token");
  EXPECT_EQ(ApiStatus::FromValue(all.ToValue()), all);
  EXPECT_EQ(ApiStatus::FromValue(ApiStatus::TooLargeResourceVersion(9, 3).ToValue()),
            ApiStatus::TooLargeResourceVersion(9, 3));
}

TEST(ApiStatus, FailureUnderASuccessCodeIsAFailure) {
  EXPECT_FALSE(ApiStatus::FromValue(Obj({{"kind", "Status"}, {"status", "Failure"}})).ok());
  EXPECT_TRUE(ApiStatus::FromValue(Obj({{"kind", "Status"}, {"status", "Success"}, {"code", 201}})).ok());
}

TEST(ApiStatus, ResultCarriesIt) {
  ApiResult<Value> missing = ApiStatus::NotFound("", "pods", "x");
  EXPECT_FALSE(missing.ok());
  EXPECT_TRUE(missing.error().IsNotFound());
  ApiResult<Value> there = Value(1);
  EXPECT_TRUE(there.status().ok());
}

}  // namespace
}  // namespace kp::api
