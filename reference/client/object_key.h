// How local copies name objects: "namespace/name", or "name" of a cluster-scoped one.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "reference/api/value.h"

namespace kp::client {

std::string KeyOf(const api::Value& object);
std::string MakeKey(std::string_view ns, std::string_view name);
// "a/b" -> {"a", "b"}, "b" -> {"", "b"}.
std::pair<std::string, std::string> SplitKey(std::string_view key);

}  // namespace kp::client
