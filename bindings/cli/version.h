#pragma once

#include <string_view>

namespace kp::cli {

// "0.1.0": the project's, from CMakeLists.txt.
std::string_view Version();

}  // namespace kp::cli
