// Base-128 numbers, as in protobuf, for the messages and the log on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kp::raft {

inline void AppendVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Nothing when cut short, longer than ten bytes, or beyond 64 bits.
inline std::optional<uint64_t> ConsumeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i == 9 && byte > 1) return std::nullopt;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

inline void AppendBytes(std::string& out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out.append(bytes);
}

inline std::optional<std::string_view> ConsumeBytes(std::string_view& bytes) {
  const auto size = ConsumeVarint(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  const std::string_view result = bytes.substr(0, *size);
  bytes.remove_prefix(*size);
  return result;
}

}  // namespace kp::raft
