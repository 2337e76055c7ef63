#include "reference/apiserver/ip_range.h"

#include "reference/base/strings.h"

namespace kp::apiserver {

std::optional<uint32_t> ParseIpv4(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  uint32_t address = 0;
  for (std::string_view part : parts) {
    const std::optional<int64_t> byte = ParseInt(part);
    // No leading zeros: some read them as octal.
    if (!byte || *byte < 0 || *byte > 255 || part != std::to_string(*byte)) return std::nullopt;
    address = address << 8 | static_cast<uint32_t>(*byte);
  }
  return address;
}

std::string FormatIpv4(uint32_t address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += std::to_string(address >> shift & 255);
    if (shift > 0) out += '.';
  }
  return out;
}

Result<IpRange> IpRange::Parse(std::string_view cidr) {
  const auto wrong = [&](std::string_view what) {
    return Status(Code::kInvalidArgument, Quote(cidr) + " " + std::string(what));
  };
  const size_t slash = cidr.find('/');
  if (slash == std::string_view::npos) return wrong("is no CIDR range");
  const std::optional<uint32_t> base = ParseIpv4(cidr.substr(0, slash));
  const std::optional<int64_t> bits = ParseInt(cidr.substr(slash + 1));
  if (!base || !bits || *bits < 0 || *bits > 32) return wrong("is no IPv4 CIDR range");
  if (*bits < 12) return wrong("is too large: the mask must be /12 or longer");
  if (*bits > 30) return wrong("is too small: it must hold at least 2 usable addresses");
  IpRange range;
  range.size_ = 1u << (32 - *bits);
  range.base_ = *base & ~(range.size_ - 1);
  return range;
}

std::optional<uint32_t> IpRange::NumberOf(std::string_view address) const {
  const std::optional<uint32_t> parsed = ParseIpv4(address);
  if (!parsed || *parsed < base_ || *parsed - base_ >= size_) return std::nullopt;
  return *parsed - base_;
}

bool IpRange::Contains(std::string_view address) const { return NumberOf(address).has_value(); }

}  // namespace kp::apiserver
