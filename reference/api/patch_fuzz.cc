// [object, patch] in any JSON: each kind of patch applies or is refused, and never takes the process
// down.
#include <cstdint>

#include "reference/api/json.h"
#include "reference/api/merge_patch.h"
#include "reference/api/patch.h"
#include "reference/api/strategic_patch.h"
#include "reference/base/check.h"

namespace {

class Meta : public kp::api::PatchMeta {
  FieldRule Find(Type, std::string_view field) const override {
    if (field == "a") return {.merge_list = true, .merge_key = "k"};
    if (field == "b") return {.merge_list = true};
    return {};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kp::api;
  kp::Result<Value> both = ParseJson({reinterpret_cast<const char*>(data), size});
  if (!both.ok() || both->size() != 2) return 0;
  const Value& object = (*both)[0];
  const Value& patch = (*both)[1];
  Value merged = ApplyMergePatch(object, patch);
  CHECK(ApplyMergePatch(merged, patch) == merged);
  kp::api::ApiResult<Value> patched = ApplyJsonPatch(object, patch);
  CHECK(patched.ok() || patched.error().code() >= 400);
  kp::api::ApiResult<Value> strategic = ApplyStrategicPatch(object, patch, Meta(), nullptr);
  CHECK(strategic.ok() || strategic.error().code() >= 400);
  return 0;
}
