// What a plain (unquoted) YAML scalar stands for. Source: the resolve table of go-yaml v2.
#pragma once

#include <optional>
#include <string_view>

#include "reference/api/value.h"

namespace kp::api {

// The scalar's value; a string where nothing else fits. Nothing for numbers that JSON lacks (.inf, .nan).
std::optional<Value> ResolvePlainScalar(std::string_view text);

// True when the text, printed without quotes, would be read back as something else than this string,
// by any version of YAML.
bool NeedsQuotes(std::string_view text);

}  // namespace kp::api
