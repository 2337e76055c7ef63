#include "reference/api/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "reference/api/json.h"

namespace kp::api {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool IsNull(std::string_view text) { return IsOneOf(text, {"", "~", "null", "Null", "NULL"}); }

std::optional<bool> AsBool(std::string_view text) {
  if (IsOneOf(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (IsOneOf(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
  return std::nullopt;
}

bool IsNoNumber(std::string_view text) {
  return IsOneOf(
      text, {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"});
}

// Go's strconv.ParseInt with base 0, which knows 0x, 0o, 0b and a leading 0 for octal. Integers beyond
// int64 become doubles.
std::optional<Value> AsInteger(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  uint64_t magnitude = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  constexpr uint64_t kMax = INT64_MAX;
  if (magnitude <= kMax) return Value(negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude));
  if (negative && magnitude == kMax + 1) return Value(INT64_MIN);
  if (negative) return std::nullopt;
  return Value(static_cast<double>(magnitude));
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool LooksLikeFloat(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    size_t start = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at - start;
  };
  auto take = [&](std::string_view any) {
    if (at == text.size() || any.find(text[at]) == std::string_view::npos) return false;
    ++at;
    return true;
  };
  take("+-");
  size_t before = digits();
  size_t after = take(".") ? digits() : 0;
  if (before + after == 0) return false;
  if (take("eE")) {
    take("+-");
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<Value> AsFloat(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double real = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // The way to JSON and back makes an integer of a whole number.
  Result<Value> value = ParseJson(ToJson(Value(real)));
  return value.ok() ? std::optional<Value>(*value) : std::nullopt;
}

std::optional<Value> AsNumber(std::string_view text) {
  if (text.empty() || !(IsDigit(text[0]) || text[0] == '+' || text[0] == '-' || text[0] == '.')) return std::nullopt;
  std::string plain;
  std::copy_if(text.begin(), text.end(), std::back_inserter(plain), [](char c) { return c != '_'; });
  if (text[0] != '.') {
    std::optional<Value> integer = AsInteger(plain);
    if (integer) return integer;
  }
  return LooksLikeFloat(plain) ? AsFloat(plain) : std::nullopt;
}

// 2001-12-14t21:59:43.10-05:00, 2001-12-14 21:59:43, 2001-12-14. Strings here, dates to others.
bool LooksLikeTimestamp(std::string_view text) {
  size_t dashes = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '-' && i >= 4) ++dashes;
    if (i < 4 && !IsDigit(text[i])) return false;
  }
  return text.size() >= 8 && text[4] == '-' && dashes >= 2;
}

// 1:30:00, a number in base 60 to YAML 1.1.
bool LooksLikeBase60(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsDigit(c) || c == ':' || c == '_' || c == '.' || c == '-' || c == '+'; }) &&
         IsDigit(text.back());
}

}  // namespace

std::optional<Value> ResolvePlainScalar(std::string_view text) {
  if (IsNull(text)) return Value();
  if (std::optional<bool> truth = AsBool(text)) return Value(*truth);
  if (IsNoNumber(text)) return std::nullopt;
  if (std::optional<Value> number = AsNumber(text)) return number;
  return Value(text);
}

bool NeedsQuotes(std::string_view text) {
  if (text == "<<" || LooksLikeTimestamp(text) || LooksLikeBase60(text)) return true;
  std::optional<Value> read = ResolvePlainScalar(text);
  return !read || !read->is_string();
}

}  // namespace kp::api
