#include "reference/base/time.h"

#include <array>
#include <cstdio>

#include "reference/base/strings.h"

namespace kp {
namespace {

struct CivilDate {
  int64_t year;
  int month;
  int day;
};

CivilDate DateOfDay(int64_t days) {
  auto ymd = std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(days)));
  return {static_cast<int>(ymd.year()), static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day()))};
}

std::string FormatSeconds(int64_t seconds) {
  int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
  int64_t rest = seconds - days * 86400;
  CivilDate date = DateOfDay(days);
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d", static_cast<int>(date.year), date.month,
                date.day, static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  return text.data();
}

int64_t FloorDivide(int64_t value, int64_t by) {
  int64_t quotient = value / by;
  return quotient * by > value ? quotient - 1 : quotient;
}

// Reads exactly `digits` digits; -1 when they are not there.
int TakeNumber(std::string_view& text, size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

int64_t TakeFraction(std::string_view& text) {
  int64_t nanos = 0;
  int64_t scale = 100'000'000;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    nanos += (text[0] - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return nanos;
}

// Seconds east of UTC; false when the zone is malformed.
bool TakeZone(std::string_view& text, int64_t& offset) {
  offset = 0;
  if (TakeChar(text, 'Z') || TakeChar(text, 'z')) return true;
  int sign = TakeChar(text, '+') ? 1 : TakeChar(text, '-') ? -1 : 0;
  if (sign == 0) return false;
  int hours = TakeNumber(text, 2);
  if (hours < 0 || !TakeChar(text, ':')) return false;
  int minutes = TakeNumber(text, 2);
  if (minutes < 0) return false;
  offset = sign * (hours * 3600 + minutes * 60);
  return true;
}

void AppendUnit(std::string& out, int64_t value, const char* unit) {
  if (value > 0) out += std::to_string(value) + unit;
}

}  // namespace

std::string FormatRfc3339(WallTime time) {
  return FormatSeconds(FloorDivide(time.time_since_epoch().count(), 1'000'000'000)) + "Z";
}

std::string FormatRfc3339Micro(WallTime time) {
  int64_t nanos = time.time_since_epoch().count();
  int64_t seconds = FloorDivide(nanos, 1'000'000'000);
  std::array<char, 16> fraction;
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>((nanos - seconds * 1'000'000'000) / 1000));
  return FormatSeconds(seconds) + fraction.data();
}

Result<WallTime> ParseRfc3339(std::string_view text) {
  std::string_view rest = text;
  Status bad(Code::kInvalidArgument, "not an RFC 3339 time: " + Quote(text));
  int year = TakeNumber(rest, 4);
  if (year < 0 || !TakeChar(rest, '-')) return bad;
  int month = TakeNumber(rest, 2);
  if (month < 0 || !TakeChar(rest, '-')) return bad;
  int day = TakeNumber(rest, 2);
  if (day < 0 || !(TakeChar(rest, 'T') || TakeChar(rest, 't'))) return bad;
  int hour = TakeNumber(rest, 2);
  if (hour < 0 || hour > 23 || !TakeChar(rest, ':')) return bad;
  int minute = TakeNumber(rest, 2);
  if (minute < 0 || minute > 59 || !TakeChar(rest, ':')) return bad;
  int second = TakeNumber(rest, 2);
  if (second < 0 || second > 60) return bad;
  int64_t nanos = TakeChar(rest, '.') ? TakeFraction(rest) : 0;
  int64_t offset = 0;
  if (!TakeZone(rest, offset) || !rest.empty()) return bad;
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad;
  int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  return WallTime(Duration(seconds * 1'000'000'000 + nanos));
}

std::string FormatDuration(Duration duration) {
  int64_t nanos = duration.count();
  if (nanos == 0) return "0s";
  std::string sign = nanos < 0 ? "-" : "";
  nanos = nanos < 0 ? -nanos : nanos;
  auto decimal = [](int64_t value, int64_t unit) {
    std::string out = std::to_string(value / unit);
    std::string fraction = std::to_string(unit + value % unit).substr(1);
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    return fraction.empty() ? out : out + "." + fraction;
  };
  if (nanos < 1'000) return sign + std::to_string(nanos) + "ns";
  if (nanos < 1'000'000) return sign + decimal(nanos, 1'000) + "\xc2\xb5s";
  if (nanos < 1'000'000'000) return sign + decimal(nanos, 1'000'000) + "ms";
  int64_t minutes = nanos / 60'000'000'000;
  std::string seconds = decimal(nanos % 60'000'000'000, 1'000'000'000) + "s";
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return sign + std::to_string(minutes) + "m" + seconds;
  return sign + std::to_string(minutes / 60) + "h" + std::to_string(minutes % 60) + "m" + seconds;
}

Result<Duration> ParseDuration(std::string_view text) {
  Status bad(Code::kInvalidArgument, "not a duration (such as 1m30s or 250ms): " + Quote(text));
  std::string_view rest = text;
  bool negative = TakeChar(rest, '-');
  if (!negative) TakeChar(rest, '+');
  if (rest == "0") return Duration(0);
  if (rest.empty()) return bad;
  double total = 0;
  while (!rest.empty()) {
    size_t end = rest.find_first_not_of("0123456789.");
    if (end == 0 || end == std::string_view::npos) return bad;
    std::string number(rest.substr(0, end));
    if (number == "." || number.find('.') != number.rfind('.')) return bad;
    rest.remove_prefix(end);
    struct Unit {
      std::string_view name;
      double nanos;
    };
    static constexpr Unit kUnits[] = {{"ns", 1},  {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"ms", 1e6},
                                      {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
    bool found = false;
    for (const Unit& unit : kUnits) {
      if (!ConsumePrefix(rest, unit.name)) continue;
      total += std::stod(number) * unit.nanos;
      found = true;
      break;
    }
    if (!found) return bad;
  }
  return Duration(static_cast<int64_t>(negative ? -total : total));
}

std::string HumanDuration(Duration age) {
  int64_t seconds = age.count() / 1'000'000'000;
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  std::string out;
  int64_t minutes = seconds / 60;
  int64_t hours = seconds / 3600;
  int64_t days = hours / 24;
  if (seconds < 60 * 2) return std::to_string(seconds) + "s";
  if (minutes < 10) {
    out = std::to_string(minutes) + "m";
    AppendUnit(out, seconds % 60, "s");
  } else if (minutes < 60 * 3) {
    out = std::to_string(minutes) + "m";
  } else if (hours < 8) {
    out = std::to_string(hours) + "h";
    AppendUnit(out, minutes % 60, "m");
  } else if (hours < 48) {
    out = std::to_string(hours) + "h";
  } else if (hours < 24 * 8) {
    out = std::to_string(days) + "d";
    AppendUnit(out, hours % 24, "h");
  } else if (hours < 24 * 365 * 2) {
    out = std::to_string(days) + "d";
  } else if (hours < 24 * 365 * 8) {
    out = std::to_string(hours / 24 / 365) + "y";
    AppendUnit(out, days % 365, "d");
  } else {
    out = std::to_string(hours / 24 / 365) + "y";
  }
  return out;
}

}  // namespace kp
