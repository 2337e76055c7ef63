// Subresources with rules of their own.
#include <algorithm>

#include "reference/apiserver/rest.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

bool Rest::ServeSubresource(const SharedCall& call) {
  const RequestInfo& info = call->info;
  const std::string& kind = call->kind->gvk.kind;
  const std::string& sub = info.subresource;
  if (sub.empty()) {
    // Kinds that cannot be listed are questions and commands, not objects.
    if (info.verb != "create" || call->kind->HasVerb("list")) return false;
    if (kind == "Binding") {
      Bind(call, "");
    } else {
      Review(call);
    }
    return true;
  }
  const api::Subresource* known = call->kind->FindSubresource(sub);
  if (known && std::find(known->verbs.begin(), known->verbs.end(), info.verb) == known->verbs.end()) {
    call->Answer(ApiStatus::MethodNotAllowed(call->kind->gvk.group, call->kind->plural + "/" + sub, info.verb));
    return true;
  }
  if (sub == "scale")
    Scale(call);
  else if (sub == "finalize")
    Finalize(call);
  else if (sub == "binding")
    Bind(call, info.name);
  else if (sub == "eviction")
    Evict(call);
  else if (sub == "token")
    IssueToken(call);
  else if (sub == "log")
    call->Answer(ApiStatus::BadRequest("logs are not served by this cluster's nodes"));
  else
    return false;
  return true;
}

// The only way to change spec.finalizers of a namespace. With the last one goes the namespace.
void Rest::Finalize(const SharedCall& call) {
  ApiResult<Value> body = ReadObject(*call, registry_, *call->kind);
  if (!body.ok()) return call->Answer(body.error());
  const auto decide = [call, wanted = *body](const Value& current) -> ApiResult<Decision> {
    const api::Kind& kind = *call->kind;
    if (current.is_null()) return ApiStatus::NotFound("", "namespaces", call->info.name);
    const Value& version = wanted["metadata"]["resourceVersion"];
    if (!version.empty() && version != current["metadata"]["resourceVersion"]) {
      return ApiStatus::Conflict("", "namespaces", call->info.name);
    }
    const Value& finalizers = wanted["spec"]["finalizers"];
    const Value next =
        finalizers.empty() ? current.Without({"spec", "finalizers"}) : current.With({"spec", "finalizers"}, finalizers);
    return IsFinished(kind, next) ? Decision::Delete(next) : Decision::Write(next);
  };
  Modify(call, KeyOf(call), decide);
}

}  // namespace kp::apiserver
