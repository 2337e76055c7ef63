// A range of IPv4 addresses in CIDR form, and the addresses in it by number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace kp::apiserver {

std::optional<uint32_t> ParseIpv4(std::string_view text);
std::string FormatIpv4(uint32_t address);

class IpRange {
 public:
  // "10.96.0.0/16". kInvalidArgument when it is no range; from /12 to /30, as upstream limits Services.
  static Result<IpRange> Parse(std::string_view cidr);

  bool Contains(std::string_view address) const;
  // Network and broadcast addresses are not handed out: usable numbers are 1 to size() - 2.
  uint32_t size() const { return size_; }
  std::string At(uint32_t number) const { return FormatIpv4(base_ + number); }
  // Nothing outside.
  std::optional<uint32_t> NumberOf(std::string_view address) const;

 private:
  uint32_t base_ = 0;
  uint32_t size_ = 0;
};

}  // namespace kp::apiserver
