// JSON text <-> Value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::api {

struct JsonOptions {
  // Where to list the paths of keys that stand twice in one object ("spec.replicas"); the last one
  // wins either way, as with Go's decoder.
  std::vector<std::string>* duplicate_keys = nullptr;
  size_t max_depth = 512;
};

// kInvalidArgument with what and where ("offset 17: ...").
Result<Value> ParseJson(std::string_view text, const JsonOptions& options = {});

// Compact and canonical: members sorted, no blanks, shortest form of numbers, UTF-8 as it is,
// control characters escaped.
std::string ToJson(const Value& value);
void AppendJson(std::string& out, const Value& value);
std::string ToPrettyJson(const Value& value);  // four blanks, as kubectl prints

}  // namespace kp::api
