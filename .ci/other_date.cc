// Preloaded into a program, it shows another date: years later, with the clocks that only count left alone. For the
// test that a simulation does not depend on the day it is run.
#include <dlfcn.h>
#include <sys/time.h>

#include <ctime>

namespace {

constexpr time_t kLater = 1234 * 86400 + 56789;

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real = reinterpret_cast<int (*)(clockid_t, timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += kLater;
  return result;
}

extern "C" int gettimeofday(timeval* time, void*) {
  timespec now;
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / 1000};
  return result;
}

extern "C" time_t time(time_t* out) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
