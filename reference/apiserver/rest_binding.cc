// Binding: a pod gets its node, once. POST pods/<name>/binding and POST bindings.
#include "reference/apiserver/kinds/pod_binding.h"
#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

void Rest::Bind(const SharedCall& call, const std::string& pod) {
  ApiResult<Value> binding = ReadObject(*call, registry_, api::BuiltinKind("", "v1", "Binding"));
  if (!binding.ok()) return call->Answer(binding.error());
  const Value& meta = (*binding)["metadata"];
  const std::string name = pod.empty() ? meta["name"].str() : pod;
  const Value& target = (*binding)["target"];
  if (!pod.empty() && !meta["name"].empty() && meta["name"].AsString() != pod) {
    return call->Answer(ApiStatus::BadRequest("name in URL does not match name in Binding object"));
  }
  api::FieldCauses causes;
  if (!target["kind"].empty() && target["kind"] != Value("Node") && target["kind"] != Value("Minion")) {
    causes.push_back(api::NotSupportedCause("target.kind", target["kind"], {"Node", "<empty>"}));
  }
  if (target["name"].empty()) causes.push_back(api::RequiredCause("target.name"));
  if (!causes.empty() && !KP_MUTANT("binding-takes-any-target"))
    return call->Answer(ApiStatus::Invalid("", "Binding", name, std::move(causes)));
  const ObjectKey key{&api::BuiltinKind("", "v1", "Pod"), call->info.ns, name};
  const auto decide = [this, name, binding = *binding](const Value& current) -> ApiResult<Decision> {
    if (current.is_null()) return ApiStatus::NotFound("", "pods", name);
    ApiResult<Value> bound = BindPod(current, binding, env_.Wall());
    if (!bound.ok()) return bound.error();
    return Decision::Write(*bound);
  };
  ModifyThen(call, key, decide, [call](const ApiResult<Outcome>& outcome) {
    if (!outcome.ok()) return call->Answer(outcome.error());
    call->Answer(ApiStatus::Success(201));
  });
}

}  // namespace kp::apiserver
