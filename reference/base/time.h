// Time as the components see it. `Time` is a monotonic instant of one process, `WallTime` the
// calendar; both come from runtime::Env only, in nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace kp {

using Duration = std::chrono::nanoseconds;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ns;

struct MonotonicClock {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};
using Time = MonotonicClock::time_point;

// Since 1970-01-01T00:00:00Z, leap seconds not counted.
struct CalendarClock {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<CalendarClock, Duration>;
  static constexpr bool is_steady = false;
};
using WallTime = CalendarClock::time_point;

// "2025-01-01T00:00:00Z" (metav1.Time) and "2025-01-01T00:00:00.000000Z" (metav1.MicroTime).
std::string FormatRfc3339(WallTime time);
std::string FormatRfc3339Micro(WallTime time);
// Accepts fractions of a second and a numeric zone. kInvalidArgument names the text.
Result<WallTime> ParseRfc3339(std::string_view text);

// Go's duration syntax, as command lines and API fields use it: "1m30s", "250ms", "1.5h".
std::string FormatDuration(Duration duration);
Result<Duration> ParseDuration(std::string_view text);

// Age for people, as `kubectl get` prints it (k8s.io/apimachinery duration.HumanDuration):
// "45s", "3m12s", "5h2m", "4d3h", "2y13d".
std::string HumanDuration(Duration age);

inline double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
inline int64_t Millis(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

}  // namespace kp
