// Eviction: a deletion that asks first. Disruption budgets are not served yet, so none can refuse.
#include "reference/apiserver/kinds/pod_binding.h"
#include "reference/apiserver/rest.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

void Rest::Evict(const SharedCall& call) {
  ApiResult<Value> eviction = ReadObject(*call, registry_, api::BuiltinKind("policy", "v1", "Eviction"));
  if (!eviction.ok()) return call->Answer(eviction.error());
  const Value& name = (*eviction)["metadata"]["name"];
  if (!name.empty() && name.AsString() != call->info.name) {
    return call->Answer(ApiStatus::BadRequest("name in URL does not match name in Eviction object"));
  }
  ApiResult<DeleteOptions> options = DeleteOptions::Parse(call->request, (*eviction)["deleteOptions"]);
  if (!options.ok()) return call->Answer(options.error());
  call->force_dry_run = options->dry_run;
  const auto decide = [this, call, options = *options](const Value& current) -> ApiResult<Decision> {
    if (current.is_null()) return ApiStatus::NotFound("", "pods", call->info.name);
    const Value condition = api::Obj({{"type", "DisruptionTarget"},
                                      {"status", "True"},
                                      {"reason", "EvictionByEvictionAPI"},
                                      {"message", "Eviction API: evicting"}});
    return DecideDelete(Context(call), *call->kind, options, WithPodCondition(current, condition, env_.Wall()));
  };
  ModifyThen(call, KeyOf(call), decide, [call](const ApiResult<Outcome>& outcome) {
    call->Answer(outcome.ok() ? ApiStatus::Success(201) : outcome.error());
  });
}

}  // namespace kp::apiserver
