// The review kinds: questions that are answered and not stored.
#include "reference/apiserver/authn.h"
#include "reference/apiserver/authz.h"
#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

Value StringArray(const std::vector<std::string>& strings) {
  return Value::Array(std::vector<Value>(strings.begin(), strings.end()));
}

Value UserInfo(const User& user) {
  Value out = api::Obj({{"username", user.name}, {"groups", StringArray(user.groups)}});
  if (!user.uid.empty() && !KP_MUTANT("review-tells-no-uid")) out = out.With("uid", user.uid);
  for (const auto& [key, values] : user.extra) out = out.With({"extra", key}, StringArray(values));
  return out;
}

User UserOf(const Value& spec) {
  User user{.name = spec["user"].str(), .uid = spec["uid"].str()};
  for (const Value& group : spec["groups"].items()) user.groups.push_back(group.str());
  return user;
}

Attributes Asked(const User& user, const Value& spec) {
  const Value& resource = spec["resourceAttributes"];
  const Value& path = spec["nonResourceAttributes"];
  if (path.is_object()) {
    return {.user = user, .verb = path["verb"].str(), .is_resource = false, .path = path["path"].str()};
  }
  return {.user = user,
          .verb = resource["verb"].str(),
          .group = resource["group"].str(),
          .version = resource["version"].str(),
          .resource = resource["resource"].str(),
          .subresource = resource["subresource"].str(),
          .ns = resource["namespace"].str(),
          .name = resource["name"].str()};
}

api::FieldCauses CheckSpec(const std::string& kind, const Value& spec) {
  api::FieldCauses causes;
  if (spec["resourceAttributes"].is_object() == spec["nonResourceAttributes"].is_object()) {
    causes.push_back(api::InvalidCause("spec.resourceAttributes", spec["resourceAttributes"],
                                       "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
  }
  if (!kind.starts_with("Self") && spec["user"].empty() && spec["groups"].empty()) {
    causes.push_back(api::InvalidCause("spec.user", spec["user"], "at least one of user or group must be specified"));
  }
  return causes;
}

Value RulesStatus(const PolicyRules& rules) {
  std::vector<Value> resources;
  std::vector<Value> paths;
  for (const PolicyRule& rule : rules) (rule.paths.empty() ? resources : paths).push_back(rule.ToValue());
  return api::Obj({{"resourceRules", Value::Array(std::move(resources))},
                   {"nonResourceRules", Value::Array(std::move(paths))},
                   {"incomplete", false}});
}

}  // namespace

void Rest::Review(const SharedCall& call) {
  const api::Kind& kind = *call->kind;
  ApiResult<Value> review = ReadObject(*call, registry_, kind);
  if (!review.ok()) return call->Answer(review.error());
  const Value& spec = (*review)["spec"];
  const auto answer = [this, call, review = *review](Value status) {
    call->AnswerObject(201, *call->kind, review.With("status", std::move(status)), env_.Wall());
  };
  const std::string& name = kind.gvk.kind;
  if (name == "SelfSubjectReview") return answer(api::Obj({{"userInfo", UserInfo(call->user)}}));
  if (name == "TokenReview") return ReviewToken(call, *review);
  if (name == "SelfSubjectRulesReview") {
    if (spec["namespace"].empty()) {
      return call->Answer(ApiStatus::BadRequest("no namespace on request"));
    }
    const PolicyRules everything = {{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}},
                                    {.verbs = {"*"}, .paths = {"*"}}};
    const bool all = call->user.InGroup(kMastersGroup) || !authorizer_.Uses("RBAC");
    return answer(RulesStatus(all ? everything : policy_.RulesOf(call->user, spec["namespace"].AsString())));
  }
  api::FieldCauses causes = CheckSpec(name, spec);
  if (name == "LocalSubjectAccessReview" && spec["resourceAttributes"]["namespace"].AsString() != call->info.ns) {
    causes.push_back(api::InvalidCause("spec.resourceAttributes.namespace", spec["resourceAttributes"]["namespace"],
                                       "must match metadata.namespace"));
  }
  if (!causes.empty()) return call->Answer(ApiStatus::Invalid(kind.gvk.group, name, "", std::move(causes)));
  const User user = name == "SelfSubjectAccessReview" ? call->user : UserOf(spec);
  const Verdict verdict = authorizer_.Authorize(Asked(user, spec));
  Value status = api::Obj({{"allowed", verdict.allowed || KP_MUTANT("review-always-says-yes")}});
  if (!verdict.reason.empty()) status = status.With("reason", verdict.reason);
  answer(std::move(status));
}

void Rest::ReviewToken(const SharedCall& call, const Value& review) {
  const Value& spec = review["spec"];
  if (spec["token"].empty()) {
    return call->Answer(ApiStatus::BadRequest("token is required for TokenReview in authentication"));
  }
  std::vector<std::string> audiences;
  for (const Value& audience : spec["audiences"].items()) audiences.push_back(audience.str());
  authenticator_.CheckToken(
      spec["token"].AsString(), audiences, alive_.Wrap([this, call, review](ApiResult<TokenVerdict> verdict) {
        Value status = verdict.ok() ? api::Obj({{"authenticated", true}, {"user", UserInfo(verdict->user)}})
                                    : api::Obj({{"error", verdict.error().message()}, {"user", Value::EmptyObject()}});
        if (verdict.ok() && !verdict->audiences.empty())
          status = status.With("audiences", StringArray(verdict->audiences));
        call->AnswerObject(201, *call->kind, review.With("status", status), env_.Wall());
      }));
}

}  // namespace kp::apiserver
