#include "reference/api/formats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/strings.h"
#include "reference/base/time.h"

namespace kp::api {
namespace {

using Problems = std::vector<std::string>;

constexpr std::string_view kLabelText =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kSubdomainText =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabel1035Text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kEnvNameText =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerOrDigit(char c) { return IsLower(c) || IsDigit(c); }

bool IsLabel(std::string_view text) {
  if (text.empty() || !IsLowerOrDigit(text.front()) || !IsLowerOrDigit(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

std::string MoreThan(size_t max) { return "must be no more than " + std::to_string(max) + " characters"; }

Problems Label(std::string_view text) {
  Problems problems;
  if (text.size() > 63) problems.push_back(MoreThan(63));
  if (!IsLabel(text)) problems.emplace_back(kLabelText);
  return problems;
}

Problems Subdomain(std::string_view text) {
  Problems problems;
  if (text.size() > 253) problems.push_back(MoreThan(253));
  std::vector<std::string_view> labels = Split(text, '.');
  if (!std::all_of(labels.begin(), labels.end(), IsLabel)) problems.emplace_back(kSubdomainText);
  return problems;
}

Problems Label1035(std::string_view text) {
  Problems problems;
  if (text.size() > 63) problems.push_back(MoreThan(63));
  if (!IsLabel(text) || IsDigit(text.front())) problems.emplace_back(kLabel1035Text);
  return problems;
}

// Source: k8s.io/apimachinery/pkg/util/validation IsValidPortName (RFC 6335 service names).
Problems PortName(std::string_view text) {
  Problems problems;
  if (text.size() > 15) problems.emplace_back("must be no more than 15 characters");
  bool charset = std::all_of(text.begin(), text.end(), [](char c) { return IsLowerOrDigit(c) || c == '-'; });
  if (!charset) problems.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (std::none_of(text.begin(), text.end(), IsLower)) {
    problems.emplace_back("must contain at least one letter (a-z)");
  }
  if (text.find("--") != std::string_view::npos) problems.emplace_back("must not contain consecutive hyphens");
  if (!text.empty() && (text.front() == '-' || text.back() == '-')) {
    problems.emplace_back("must not begin or end with a hyphen");
  }
  return problems;
}

Problems EnvName(std::string_view text) {
  bool fine = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; });
  return fine ? Problems{} : Problems{std::string(kEnvNameText)};
}

bool IsIp(std::string_view text) {
  std::string copy(text);
  unsigned char address[16];
  return inet_pton(AF_INET, copy.c_str(), address) == 1 || inet_pton(AF_INET6, copy.c_str(), address) == 1;
}

Problems IpAddress(std::string_view text) {
  if (IsIp(text)) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Problems IpOrNone(std::string_view text) { return text == "None" ? Problems{} : IpAddress(text); }

Problems AbsolutePath(std::string_view text) {
  return text.starts_with('/') ? Problems{} : Problems{"must be an absolute path"};
}

// In steps of its own parts: a Lease or an Event may carry any text, a label key may not.
Problems NameOrPort(std::string_view text) { return text.empty() ? Problems{"must not be empty"} : Problems{}; }

using Check = Problems (*)(std::string_view);
constexpr std::pair<std::string_view, Check> kChecks[] = {
    {"absolutePath", AbsolutePath},  {"dns1035Label", Label1035}, {"dns1123Label", Label},
    {"dns1123Subdomain", Subdomain}, {"envName", EnvName},        {"ip", IpAddress},
    {"ipOrNone", IpOrNone},          {"nonEmpty", NameOrPort},    {"portName", PortName},
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
