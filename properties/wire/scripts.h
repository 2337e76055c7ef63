// Short scripts over the codecs of the wire: each says what went wrong, nothing from sound ones.
#pragma once

#include <optional>
#include <string>

namespace kp::properties {

// A gRPC call that ended without a status has not succeeded.
std::optional<std::string> StatusMustCome();

}  // namespace kp::properties
