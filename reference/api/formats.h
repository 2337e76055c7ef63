// The named formats of schema fields (format=dns1123Label).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kp::api {

// What is wrong with the text, in upstream's words; empty when it is fine. CHECKs that the format
// exists: the names stand in our own schema files.
std::vector<std::string> CheckFormat(std::string_view format, std::string_view text);

bool IsKnownFormat(std::string_view format);

}  // namespace kp::api
