// What ConfigMaps and Secrets share: keyed data, a limit of size, and immutability.
#pragma once

#include <string_view>
#include <vector>

#include "reference/api/field_cause.h"
#include "reference/api/value.h"

namespace kp::apiserver {

constexpr int64_t kMaxConfigBytes = 1024 * 1024;

void CheckConfigKeys(const api::Value& data, std::string_view path, api::FieldCauses& causes);
// Bytes that base64 values stand for.
size_t DecodedBytes(const api::Value& data);
// `immutable: true` freezes itself and `fields`.
api::FieldCauses CheckImmutable(const api::Value& object, const api::Value& old,
                                const std::vector<std::string_view>& fields);

}  // namespace kp::apiserver
