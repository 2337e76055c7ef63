// CRC-32C (Castagnoli, RFC 3720 B.4): detects damaged bytes on disk.
#pragma once

#include <cstdint>
#include <string_view>

namespace kp {

// `seed` is the result for the bytes before: Crc32c(b, Crc32c(a)) == Crc32c(a + b).
uint32_t Crc32c(std::string_view bytes, uint32_t seed = 0);

// The same by table, on machines without the instruction.
uint32_t Crc32cPortable(std::string_view bytes, uint32_t seed = 0);

}  // namespace kp
