// The steps that a new or a changed object goes through before it is stored. Pure.
#pragma once

#include <string_view>

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/kinds/hooks.h"

namespace kp::apiserver {

// kEphemeralContainers: of a pod, which may get more of them and nothing else.
enum class WriteTarget : unsigned char { kObject, kStatus, kEphemeralContainers };

// What a write demands of the object that it meets.
struct Preconditions {
  std::string uid;
  std::string resource_version;
  // 409 when `current` is another one.
  api::ApiStatus Check(const api::Kind& kind, const api::Value& current) const;
};

api::ApiResult<api::Value> BuildNew(const HookContext& context, const api::Kind& kind, const api::Value& object);
// `object` is what the client wants; `old` what is stored. Checks the resourceVersion that `object` carries.
api::ApiResult<api::Value> BuildUpdate(const HookContext& context, const api::Kind& kind, WriteTarget target,
                                       const api::Value& object, const api::Value& old);
// True for an object that only waited for its last finalizer.
bool IsFinished(const api::Kind& kind, const api::Value& object);

}  // namespace kp::apiserver
