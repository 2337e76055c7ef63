// Numbers of fixed width in files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kp::store {

inline void Append32(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

inline void Append64(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

inline void Store32(char* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

// The caller has checked that there are enough bytes.
inline uint32_t Load32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

inline uint64_t Load64(std::string_view bytes) {
  return Load32(bytes) | (static_cast<uint64_t>(Load32(bytes.substr(4))) << 32);
}

}  // namespace kp::store
