#include "reference/apiserver/object_patch.h"

#include "reference/api/merge_patch.h"
#include "reference/api/patch.h"
#include "reference/api/schema_patch_meta.h"
#include "reference/api/strategic_patch.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

ApiResult<PatchForm> PatchFormOf(const Call& call) {
  const std::string type = MediaTypeOf(call.request.headers.Get("content-type"));
  if (type == "application/json-patch+json") return PatchForm::kJson;
  if (type == "application/merge-patch+json") return PatchForm::kMerge;
  if (type == "application/strategic-merge-patch+json") return PatchForm::kStrategic;
  if (KP_MUTANT("apiserver-guesses-patch-type")) return PatchForm::kMerge;
  return ApiStatus::UnsupportedMediaType(
      {"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"});
}

ApiResult<Value> ApplyPatch(PatchForm form, const api::Kind& kind, const Value& current, const Value& patch) {
  if (form == PatchForm::kJson) return api::ApplyJsonPatch(current, patch);
  if (!patch.is_object()) return ApiStatus::BadRequest("the patch is no JSON object");
  if (form == PatchForm::kMerge) return api::ApplyMergePatch(current, patch);
  return api::ApplyStrategicPatch(current, patch, api::SchemaPatchMeta(), kind.message);
}

}  // namespace kp::apiserver
