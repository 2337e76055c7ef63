#include "reference/api/quantity.h"

#include <algorithm>
#include <optional>

#include "reference/api/json.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

using Amount = __int128;
using Format = Quantity::Format;

constexpr Amount kMaxNano = static_cast<Amount>(INT64_MAX) * 1'000'000'000;

Status WrongFormat() {
  return {Code::kInvalidArgument,
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

struct Suffix {
  Format format = Format::kDecimalSi;
  int ten = 0;   // power of ten
  int kibi = 0;  // power of 1024
};

constexpr std::string_view kDecimalSuffixes[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
constexpr std::string_view kBinarySuffixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

std::optional<Suffix> ParseSuffix(std::string_view text) {
  for (int i = 0; i < 10; ++i) {
    if (text == kDecimalSuffixes[i]) return Suffix{.ten = (i - 3) * 3};
  }
  for (int i = 1; i < 7; ++i) {
    if (text == kBinarySuffixes[i]) return Suffix{.format = Format::kBinarySi, .kibi = i};
  }
  if (text.size() > 1 && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    ConsumePrefix(text, "+");
    std::optional<int64_t> exponent = ParseInt(text);
    // Anything beyond is zero or the maximum all the same.
    if (exponent) {
      return Suffix{.format = Format::kDecimalExponent,
                    .ten = static_cast<int>(std::clamp<int64_t>(*exponent, -1000, 1000))};
    }
  }
  return std::nullopt;
}

// digits * 10^ten * 1024^kibi in nano units, rounded up, at most kMaxNano. Digits beyond 38 would
// overflow the type; what they could add is lost in either cut, but for one thing: whether anything
// was lost decides the rounding.
Amount ToNano(std::string_view digits, int ten, int kibi) {
  int exponent = ten + 9;
  Amount amount = 0;
  bool lost = false;
  constexpr Amount kRoom = (static_cast<Amount>(1) << 126) / 10;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (amount >= kRoom / 2) {
      lost = lost || digits[i] != '0';
      ++exponent;
      continue;
    }
    amount = amount * 10 + (digits[i] - '0');
  }
  if (amount == 0) return 0;
  // Divide first by as little as possible: bring the binary factor in while there is room.
  int binary = 10 * kibi;
  while (exponent > 0 || binary > 0) {
    if (amount > kMaxNano && exponent >= 0) return kMaxNano;
    if (exponent > 0) {
      amount *= 10;
      --exponent;
    } else if (amount < kRoom / 2) {
      amount *= 2;
      --binary;
    } else {
      lost = lost || amount % 10 != 0;
      amount /= 10;
      ++exponent;
    }
  }
  for (; exponent < 0 && amount > 0; ++exponent) {
    lost = lost || amount % 10 != 0;
    amount /= 10;
  }
  if (lost) ++amount;
  return std::min(amount, kMaxNano);
}

std::string AmountText(Amount amount) {
  if (amount == 0) return "0";
  bool negative = amount < 0;
  std::string text;
  for (; amount != 0; amount /= 10) {
    int digit = static_cast<int>(amount % 10);
    text += static_cast<char>('0' + (negative ? -digit : digit));
  }
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

}  // namespace

Result<Quantity> Quantity::Parse(std::string_view text) {
  std::string_view rest = text;
  bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  std::string digits;
  int fraction = 0;
  size_t points = 0;
  size_t at = 0;
  for (; at < rest.size() && (IsDigit(rest[at]) || rest[at] == '.'); ++at) {
    if (rest[at] == '.') {
      ++points;
      continue;
    }
    digits += rest[at];
    if (points > 0) ++fraction;
  }
  if (at == 0) return WrongFormat();
  if (digits.empty() || points > 1) {
    return Status(Code::kInvalidArgument, "unable to parse numeric part of quantity");
  }
  std::string_view suffix_text = rest.substr(at);
  size_t letters = std::min(suffix_text.find_first_not_of("eEinumkKMGTP"), suffix_text.size());
  std::string_view exponent = suffix_text.substr(letters);
  if (!exponent.empty() && (exponent[0] == '-' || exponent[0] == '+')) exponent.remove_prefix(1);
  if (!std::all_of(exponent.begin(), exponent.end(), IsDigit)) return WrongFormat();
  std::optional<Suffix> suffix = ParseSuffix(suffix_text);
  if (!suffix) return Status(Code::kInvalidArgument, "unable to parse quantity's suffix");
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  Amount nano = ToNano(digits, suffix->ten - fraction, suffix->kibi);
  Format format = suffix->format;
  // Upstream: "avoids rounding and hopefully confusion, too".
  if (format == Format::kBinarySi && nano > 0 && nano < kNano) format = Format::kDecimalSi;
  return Quantity(negative ? -nano : nano, format);
}

Result<Quantity> Quantity::Of(const api::Value& value) {
  if (value.is_string()) return Parse(value.AsString());
  if (value.is_number()) return Parse(ToJson(value));
  return WrongFormat();
}

Quantity Quantity::OrZero(const api::Value& value) {
  Result<Quantity> quantity = Of(value);
  return quantity.ok() ? *quantity : Quantity();
}

Quantity Quantity::FromInt(int64_t value, Format format) { return {static_cast<Amount>(value) * kNano, format}; }

Quantity Quantity::FromMilli(int64_t milli, Format format) {
  return {static_cast<Amount>(milli) * (kNano / 1000), format};
}

Quantity Quantity::Capped(Amount nano, Format format) { return {std::clamp(nano, -kMaxNano, kMaxNano), format}; }

int64_t Quantity::Scaled(int64_t unit) const {
  Amount scaled = nano_ / unit;
  if (nano_ % unit != 0) scaled += nano_ > 0 ? 1 : -1;
  return static_cast<int64_t>(std::clamp<Amount>(scaled, INT64_MIN, INT64_MAX));
}

// A zero takes over the other's way of writing.
Quantity Quantity::operator+(const Quantity& other) const {
  return Capped(nano_ + other.nano_, IsZero() ? other.format_ : format_);
}

Quantity Quantity::operator-(const Quantity& other) const {
  return Capped(nano_ - other.nano_, IsZero() ? other.format_ : format_);
}

Quantity Quantity::operator-() const { return {-nano_, format_}; }

std::string Quantity::ToString() const {
  if (nano_ == 0) return "0";
  constexpr Amount kKibi = static_cast<Amount>(1024) * kNano;
  if (format_ == Format::kBinarySi && IsWhole() && (nano_ >= kKibi || nano_ <= -kKibi)) {
    Amount amount = nano_ / kNano;
    size_t power = 0;
    for (; amount % 1024 == 0 && power < 6; ++power) amount /= 1024;
    return AmountText(amount) + std::string(kBinarySuffixes[power]);
  }
  Amount amount = nano_;
  int exponent = -9;
  for (; amount % 1000 == 0 && exponent < 18; exponent += 3) amount /= 1000;
  if (format_ == Format::kDecimalExponent) {
    return AmountText(amount) + (exponent == 0 ? "" : "e" + std::to_string(exponent));
  }
  return AmountText(amount) + std::string(kDecimalSuffixes[exponent / 3 + 3]);
}

}  // namespace kp::api
