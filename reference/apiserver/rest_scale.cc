// The scale subresource: replicas of a workload as an autoscaling/v1 Scale, whatever the workload is.
#include "reference/api/merge_patch.h"
#include "reference/api/patch.h"
#include "reference/api/selector.h"
#include "reference/apiserver/object_patch.h"
#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

const api::Kind& ScaleKind() { return api::BuiltinKind("autoscaling", "v1", "Scale"); }

Value ScaleOf(const Value& object) {
  Value meta = api::Obj({});
  for (std::string_view key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (object["metadata"].Has(key)) meta = meta.With(key, object["metadata"][key]);
  }
  Value status = api::Obj({{"replicas", object["status"]["replicas"].AsInt()}});
  const Result<api::Selector> selector = api::Selector::FromLabelSelector(object["spec"]["selector"]);
  if (selector.ok()) status = status.With("selector", selector->ToString());
  return api::Obj({{"apiVersion", "autoscaling/v1"},
                   {"kind", "Scale"},
                   {"metadata", meta},
                   {"spec", api::Obj({{"replicas", object["spec"]["replicas"].AsInt()}})},
                   {"status", status}});
}

// `current` with the replicas of `scale`; checks what a Scale must satisfy.
ApiResult<Value> WithScale(const api::Kind& kind, const Value& current, const Value& scale) {
  const Value& version = scale["metadata"]["resourceVersion"];
  const std::string_view name = current["metadata"]["name"].AsString();
  if (!version.empty() && version != current["metadata"]["resourceVersion"]) {
    return ApiStatus::Conflict(kind.gvk.group, kind.plural, name);
  }
  const int64_t replicas = scale["spec"]["replicas"].AsInt();
  if (replicas < 0 && !KP_MUTANT("apiserver-scales-below-zero")) {
    return ApiStatus::Invalid("autoscaling", "Scale", name,
                              {api::InvalidCause("spec.replicas", replicas, "must be greater than or equal to 0")});
  }
  return current.With({"spec", "replicas"}, replicas);
}

}  // namespace

void Rest::Scale(const SharedCall& call) {
  const api::Kind& kind = *call->kind;
  const auto answer = [this, call](const ApiResult<Value>& object) {
    if (!object.ok()) return call->Answer(object.error());
    call->AnswerObject(200, ScaleKind(), ScaleOf(*object), env_.Wall());
  };
  if (call->info.verb == "get") return storage_.Get(KeyOf(call), alive_.Wrap(answer));
  Value wanted;
  std::optional<PatchForm> form;
  if (call->info.verb == "update") {
    ApiResult<Value> body = ReadObject(*call, registry_, ScaleKind());
    if (!body.ok()) return call->Answer(body.error());
    wanted = *body;
  } else if (call->info.verb == "patch") {
    ApiResult<PatchForm> asked = PatchFormOf(*call);
    if (!asked.ok()) return call->Answer(asked.error());
    ApiResult<Value> patch = ReadDocument("application/json", call->request.body);
    if (!patch.ok()) return call->Answer(patch.error());
    form = *asked;
    wanted = *patch;
  } else {
    return call->Answer(ApiStatus::MethodNotAllowed(kind.gvk.group, kind.plural + "/scale", call->info.verb));
  }
  const auto decide = [this, call, wanted, form](const Value& current) -> ApiResult<Decision> {
    const api::Kind& kind = *call->kind;
    if (current.is_null()) return ApiStatus::NotFound(kind.gvk.group, kind.plural, call->info.name);
    ApiResult<Value> scale = form ? ApplyPatch(*form, ScaleKind(), ScaleOf(current), wanted) : wanted;
    if (!scale.ok()) return scale.error();
    ApiResult<Value> scaled = WithScale(kind, current, *scale);
    if (scaled.ok()) scaled = BuildUpdate(Context(call), kind, WriteTarget::kObject, *scaled, current);
    if (!scaled.ok()) return scaled.error();
    return Decision::Write(*scaled);
  };
  ModifyThen(call, KeyOf(call), decide, [answer](const ApiResult<Outcome>& outcome) {
    if (!outcome.ok()) return answer(outcome.error());
    answer(outcome->object);
  });
}

}  // namespace kp::apiserver
