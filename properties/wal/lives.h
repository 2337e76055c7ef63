// A write-ahead log that is written, crashed, damaged and read again, against a model that remembers
// every state it ever had.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kp::properties {

// Several lives of one log over a simulated disk, drawn from `seed`. Nothing, or what went wrong:
// after each crash the log must be in a state that it had, no older than what was reported durable;
// after damage it may also refuse with kDataLoss.
std::optional<std::string> LiveAndCrash(uint64_t seed);

}  // namespace kp::properties
