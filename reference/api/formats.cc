#include "reference/api/formats.h"

#include <algorithm>
#include <utility>

#include "reference/api/names.h"
#include "reference/base/check.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

bool IsIpv4(std::string_view text) {
  std::vector<std::string_view> parts = Split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           if (part.size() > 1 && part.front() == '0') return false;  // Go refuses leading zeros
           std::optional<int64_t> number = ParseInt(part);
           return number && *number >= 0 && *number <= 255 && part.size() <= 3 && part.front() != '-';
         });
}

bool IsHexGroup(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// How many of the eight groups a colon-separated part makes up; -1 when it is malformed.
int Ipv6Groups(std::string_view text, bool may_end_in_ipv4) {
  if (text.empty()) return 0;
  std::vector<std::string_view> parts = Split(text, ':');
  int groups = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    bool is_tail = may_end_in_ipv4 && i + 1 == parts.size();
    if (is_tail && IsIpv4(parts[i])) {
      groups += 2;
    } else if (IsHexGroup(parts[i])) {
      ++groups;
    } else {
      return -1;
    }
  }
  return groups;
}

bool IsIpv6(std::string_view text) {
  size_t gap = text.find("::");
  if (gap == std::string_view::npos) return Ipv6Groups(text, true) == 8;
  int before = Ipv6Groups(text.substr(0, gap), false);
  int after = Ipv6Groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after <= 7;
}

NameErrors CheckIp(std::string_view text) {
  if (IsIpv4(text) || IsIpv6(text)) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

NameErrors CheckIpOrNone(std::string_view text) { return text == "None" ? NameErrors{} : CheckIp(text); }

NameErrors CheckAbsolutePath(std::string_view text) {
  return text.starts_with('/') ? NameErrors{} : NameErrors{"must be an absolute path"};
}

using Check = NameErrors (*)(std::string_view);
constexpr std::pair<std::string_view, Check> kChecks[] = {
    {"absolutePath", CheckAbsolutePath}, {"dns1035Label", CheckDns1035Label},
    {"dns1123Label", CheckDns1123Label}, {"dns1123Subdomain", CheckDns1123Subdomain},
    {"envName", CheckEnvVarName},        {"ip", CheckIp},
    {"ipOrNone", CheckIpOrNone},         {"portName", CheckPortName},
};

Check Find(std::string_view format) {
  for (const auto& [name, check] : kChecks) {
    if (name == format) return check;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> CheckFormat(std::string_view format, std::string_view text) {
  Check check = Find(format);
  CHECK(check != nullptr) << "unknown format " << format;
  return check(text);
}

bool IsKnownFormat(std::string_view format) { return Find(format) != nullptr; }

}  // namespace kp::api
