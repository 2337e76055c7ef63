// The text of one log line, the same in both Envs.
#pragma once

#include <string>
#include <string_view>

#include "reference/runtime/env.h"

namespace kp::runtime {

// "I 2025-01-01T00:00:00.000000Z store-0 raft: became leader", without the line's end. Control
// characters of the message are escaped, so that a line stays one line.
std::string FormatLogLine(Severity severity, WallTime time, std::string_view process, std::string_view component,
                          std::string_view message);

}  // namespace kp::runtime
