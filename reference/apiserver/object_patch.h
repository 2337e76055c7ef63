// Which kind of patch a request holds, and its application.
#pragma once

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/call.h"

namespace kp::apiserver {

enum class PatchForm : unsigned char { kJson, kMerge, kStrategic };

// By the Content-Type; 415 for all else.
api::ApiResult<PatchForm> PatchFormOf(const Call& call);
api::ApiResult<api::Value> ApplyPatch(PatchForm form, const api::Kind& kind, const api::Value& current,
                                      const api::Value& patch);

}  // namespace kp::apiserver
