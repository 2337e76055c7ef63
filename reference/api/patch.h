// JSON patch, RFC 6902.
//
// Failures as the apiserver answers them: a patch that is none is 400, one that does not apply is
// 422 and says why in its first cause.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/api/json_pointer.h"
#include "reference/api/value.h"

namespace kp::api {

struct PatchOperation {
  enum class Op : unsigned char { kAdd, kRemove, kReplace, kMove, kCopy, kTest };
  Op op = Op::kTest;
  PointerTokens path;
  PointerTokens from;  // kMove, kCopy
  Value value;         // kAdd, kReplace, kTest
};

using JsonPatch = std::vector<PatchOperation>;

// The apiserver takes no longer ones.
constexpr size_t kMaxPatchOperations = 10'000;
// Copies may not make the object grow beyond this (bytes of JSON, about).
constexpr size_t kMaxPatchCopyBytes = 3 * 1024 * 1024;

ApiResult<JsonPatch> ParseJsonPatch(const Value& patch);
// All operations or none.
ApiResult<Value> ApplyJsonPatch(const Value& object, const JsonPatch& patch);
// Both.
ApiResult<Value> ApplyJsonPatch(const Value& object, const Value& patch);

// True when a `test` operation did not hold, rather than a path that is not there.
bool IsFailedPatchTest(const ApiStatus& status);

// 422 for a patch of any kind that is well formed but does not fit the object.
ApiStatus PatchDoesNotApply(std::string_view reason, std::string why);

}  // namespace kp::api
