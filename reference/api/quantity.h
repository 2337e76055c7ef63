// resource.Quantity: "250m", "1.5Gi", "2e3".
//
// Exact down to 1n, as upstream; finer amounts are rounded away from zero, larger ones than 2^63-1 are
// cut to that. Source: k8s.io/apimachinery/pkg/api/resource.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::api {

class Quantity {
 public:
  // How it was written, which decides how it prints.
  enum class Format : unsigned char { kDecimalSi, kBinarySi, kDecimalExponent };

  Quantity() = default;  // 0
  // kInvalidArgument with upstream's texts.
  static Result<Quantity> Parse(std::string_view text);
  // A string or a number, as both may stand in JSON.
  static Result<Quantity> Of(const Value& value);
  // Zero when it is absent or wrong: for objects that have been validated.
  static Quantity OrZero(const Value& value);
  static Quantity FromInt(int64_t value, Format format = Format::kDecimalSi);
  static Quantity FromMilli(int64_t milli, Format format = Format::kDecimalSi);

  // Rounded away from zero; cut to int64.
  int64_t Value() const { return Scaled(kNano); }
  int64_t MilliValue() const { return Scaled(kNano / 1000); }
  double AsDouble() const { return static_cast<double>(nano_) / 1e9; }

  bool IsZero() const { return nano_ == 0; }
  int Sign() const { return nano_ > 0 ? 1 : nano_ < 0 ? -1 : 0; }
  Format format() const { return format_; }
  bool IsWhole() const { return nano_ % kNano == 0; }

  Quantity operator+(const Quantity& other) const;
  Quantity operator-(const Quantity& other) const;
  Quantity operator-() const;
  Quantity& operator+=(const Quantity& other) { return *this = *this + other; }
  Quantity& operator-=(const Quantity& other) { return *this = *this - other; }
  std::strong_ordering operator<=>(const Quantity& other) const { return nano_ <=> other.nano_; }
  bool operator==(const Quantity& other) const { return nano_ == other.nano_; }

  // Canonical: no fraction, the largest suffix that fits.
  std::string ToString() const;

 private:
  using Amount = __int128;
  static constexpr int64_t kNano = 1'000'000'000;

  Quantity(Amount nano, Format format) : nano_(nano), format_(format) {}
  static Quantity Capped(Amount nano, Format format);
  int64_t Scaled(int64_t unit) const;

  Amount nano_ = 0;
  Format format_ = Format::kDecimalSi;
};

}  // namespace kp::api
