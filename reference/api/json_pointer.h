// RFC 6901: "/spec/containers/0/image".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"

namespace kp::api {

using PointerTokens = std::vector<std::string>;

// Nothing when it does not begin with '/' (and is not empty) or holds a wrong '~' sequence.
std::optional<PointerTokens> ParsePointer(std::string_view text);
std::string PointerText(const PointerTokens& tokens);

// An array index: digits without a leading zero, at most `limit`.
std::optional<size_t> PointerIndex(std::string_view token, size_t limit);

// Null when there is nothing; `nullptr`, as a null value may be there.
const Value* FindPointer(const Value& root, const PointerTokens& tokens);

}  // namespace kp::api
