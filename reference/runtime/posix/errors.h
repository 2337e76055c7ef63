// Errors of the operating system as a Status.
#pragma once

#include <string_view>

#include "reference/base/status.h"

namespace kp::runtime::posix {

// "listen 127.0.0.1:6443: address already in use" for ErrnoStatus("listen", "127.0.0.1:6443", EADDRINUSE).
Status ErrnoStatus(std::string_view action, std::string_view object, int error);

}  // namespace kp::runtime::posix
