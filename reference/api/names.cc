#include "reference/api/names.h"

#include <initializer_list>

#include "reference/base/strings.h"

namespace kp::api {
namespace {

constexpr std::string_view kLabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kSubdomainFormat = R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)";
constexpr std::string_view kQualifiedNameFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view kQualifiedNameMessage =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerOrDigit(char c) { return IsLower(c) || IsDigit(c); }
bool IsAlphanumeric(char c) { return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z'); }

template <typename Predicate>
bool All(std::string_view text, Predicate predicate) {
  for (char c : text) {
    if (!predicate(c)) return false;
  }
  return true;
}

bool MatchesLabel(std::string_view text) {
  return !text.empty() && IsLowerOrDigit(text.front()) && IsLowerOrDigit(text.back()) &&
         All(text, [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

bool MatchesSubdomain(std::string_view text) {
  for (std::string_view label : Split(text, '.')) {
    if (!MatchesLabel(label)) return false;
  }
  return true;
}

bool MatchesQualifiedName(std::string_view text) {
  return !text.empty() && IsAlphanumeric(text.front()) && IsAlphanumeric(text.back()) &&
         All(text, [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string TooLong(size_t max) { return "must be no more than " + std::to_string(max) + " characters"; }

// Go's RegexError; the doubled blank before "or" is upstream's.
std::string Mismatch(std::string_view message, std::string_view format,
                     std::initializer_list<std::string_view> examples) {
  std::string text(message);
  text += " (e.g. ";
  for (const std::string_view& example : examples) {
    if (&example != examples.begin()) text += " or ";
    text += "'" + std::string(example) + "', ";
  }
  return text + "regex used for validation is '" + std::string(format) + "')";
}

std::string QualifiedNameMismatch() {
  return Mismatch(kQualifiedNameMessage, kQualifiedNameFormat, {"MyName", "my.name", "123-abc"});
}

}  // namespace

NameErrors CheckDns1123Label(std::string_view text) {
  NameErrors errors;
  if (text.size() > 63) errors.push_back(TooLong(63));
  if (MatchesLabel(text)) return errors;
  if (MatchesSubdomain(text)) {
    errors.push_back("must not contain dots");
  } else {
    errors.push_back(
        Mismatch("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
                 "and end with an alphanumeric character",
                 kLabelFormat, {"my-name", "123-abc"}));
  }
  return errors;
}

NameErrors CheckDns1123Subdomain(std::string_view text) {
  NameErrors errors;
  if (text.size() > 253) errors.push_back(TooLong(253));
  if (!MatchesSubdomain(text)) {
    errors.push_back(
        Mismatch("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                 "must start and end with an alphanumeric character",
                 kSubdomainFormat, {"example.com"}));
  }
  return errors;
}

NameErrors CheckDns1035Label(std::string_view text) {
  NameErrors errors;
  if (text.size() > 63) errors.push_back(TooLong(63));
  if (!MatchesLabel(text) || !IsLower(text.front())) {
    errors.push_back(
        Mismatch("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                 "character, and end with an alphanumeric character",
                 "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return errors;
}

NameErrors CheckWildcardDns1123Subdomain(std::string_view text) {
  NameErrors errors;
  if (text.size() > 253) errors.push_back(TooLong(253));
  if (!text.starts_with("*.") || !MatchesSubdomain(text.substr(2))) {
    errors.push_back(
        Mismatch("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
                 "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                 R"(\*\.)" + std::string(kSubdomainFormat), {"*.example.com"}));
  }
  return errors;
}

NameErrors CheckQualifiedName(std::string_view text) {
  NameErrors errors;
  std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() > 2) {
    return {"a qualified name " + QualifiedNameMismatch() +
            " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
  }
  if (parts.size() == 2 && parts[0].empty()) {
    errors.push_back("prefix part must be non-empty");
  } else if (parts.size() == 2) {
    for (const std::string& error : CheckDns1123Subdomain(parts[0])) errors.push_back("prefix part " + error);
  }
  std::string_view name = parts.back();
  if (name.empty()) {
    errors.push_back("name part must be non-empty");
  } else if (name.size() > 63) {
    errors.push_back("name part " + TooLong(63));
  }
  if (!MatchesQualifiedName(name)) errors.push_back("name part " + QualifiedNameMismatch());
  return errors;
}

NameErrors CheckLabelValue(std::string_view text) {
  NameErrors errors;
  if (text.size() > 63) errors.push_back(TooLong(63));
  if (!text.empty() && !MatchesQualifiedName(text)) {
    errors.push_back(
        Mismatch("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                 "must start and end with an alphanumeric character",
                 "(" + std::string(kQualifiedNameFormat) + ")?", {"MyValue", "my_value", "12345"}));
  }
  return errors;
}

NameErrors CheckPortName(std::string_view text) {
  NameErrors errors;
  if (text.size() > 15) errors.push_back(TooLong(15));
  if (text.empty() || !All(text, [](char c) { return IsLowerOrDigit(c) || c == '-'; })) {
    errors.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (All(text, [](char c) { return !IsLower(c); })) {
    errors.push_back("must contain at least one letter (a-z)");
  }
  if (text.find("--") != std::string_view::npos) errors.push_back("must not contain consecutive hyphens");
  if (text.starts_with('-') || text.ends_with('-')) errors.push_back("must not begin or end with a hyphen");
  return errors;
}

NameErrors CheckConfigKey(std::string_view text) {
  NameErrors errors;
  if (text.size() > 253) errors.push_back(TooLong(253));
  if (text.empty() || !All(text, [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; })) {
    errors.push_back(Mismatch("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                              "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  }
  if (text == ".") {
    errors.push_back("must not be '.'");
  } else if (text == "..") {
    errors.push_back("must not be '..'");
  } else if (text.starts_with("..")) {
    errors.push_back("must not start with '..'");
  }
  return errors;
}

NameErrors CheckEnvVarName(std::string_view text) {
  if (!text.empty() && All(text, [](char c) { return c >= ' ' && c <= '~' && c != '='; })) return {};
  return {
      "a valid environment variable name must consist only of printable ASCII characters other than '=' (regex "
      "used for validation is '^[ -<>-~]+$')"};
}

NameErrors CheckPathSegment(std::string_view text) {
  NameErrors errors;
  for (std::string_view forbidden : {".", ".."}) {
    if (text == forbidden) return {"may not be '" + std::string(forbidden) + "'"};
  }
  for (std::string_view forbidden : {"/", "%"}) {
    if (text.find(forbidden) != std::string_view::npos) {
      errors.push_back("may not contain '" + std::string(forbidden) + "'");
    }
  }
  return errors;
}

std::string MaskTrailingDash(std::string_view prefix) {
  if (prefix.size() > 1 && prefix.ends_with('-')) return std::string(prefix.substr(0, prefix.size() - 2)) + "a";
  return std::string(prefix);
}

}  // namespace kp::api
