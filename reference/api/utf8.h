// UTF-8 as the Unicode standard has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kp::api {

// Offset of the first byte that is not part of a well-formed character; npos when there is none.
size_t FirstInvalidUtf8(std::string_view text);

// `code` must be a Unicode scalar value.
void AppendUtf8(std::string& out, uint32_t code);

}  // namespace kp::api
