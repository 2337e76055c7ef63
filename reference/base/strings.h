// Text helpers that the standard library lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kp {

// Split("a,,b", ',') is {"a", "", "b"}; of "" it is {""}.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);
std::string Lower(std::string_view text);
bool ConsumePrefix(std::string_view& text, std::string_view prefix);
// Whole text, decimal, no sign but '-'. Nothing on overflow or stray characters.
std::optional<int64_t> ParseInt(std::string_view text);
// Go's strconv.Quote for the ASCII that error texts hold: "a\"b" with quotes around.
std::string Quote(std::string_view text);

std::string HexEncode(std::string_view bytes);
std::string Base64Encode(std::string_view bytes);
std::optional<std::string> Base64Decode(std::string_view text);
// RFC 4648 section 5, no padding: JSON Web Tokens.
std::string Base64UrlEncode(std::string_view bytes);
std::optional<std::string> Base64UrlDecode(std::string_view text);
std::string PercentEncode(std::string_view text);
// Also turns '+' into a blank when `form` is set (query strings).
std::optional<std::string> PercentDecode(std::string_view text, bool form);

}  // namespace kp
