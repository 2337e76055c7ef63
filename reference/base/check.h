// CHECK: a condition that only a bug can break. Always on, in every build.
//
//   CHECK(commit <= last) << "commit " << commit << " beyond log end " << last;
//
// prints file, line, condition and the message on stderr and aborts.
#pragma once

#include <sstream>
#include <string>

namespace kp {

// Collects the message of a failed CHECK; its destructor ends the process.
class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  [[noreturn]] ~CheckFailure();
  CheckFailure(const CheckFailure&) = delete;
  CheckFailure& operator=(const CheckFailure&) = delete;

  std::ostream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

// Lets the macro below be one expression of type void.
struct CheckVoidify {
  void operator&&(std::ostream&) const {}
};

}  // namespace kp

#define CHECK(condition)             \
  (condition) ? static_cast<void>(0) \
              : ::kp::CheckVoidify() && ::kp::CheckFailure(__FILE__, __LINE__, #condition).stream()

#define CHECK_EQ(a, b) CHECK((a) == (b)) << " (" << (a) << " against " << (b) << ") "
#define CHECK_LE(a, b) CHECK((a) <= (b)) << " (" << (a) << " against " << (b) << ") "
#define CHECK_LT(a, b) CHECK((a) < (b)) << " (" << (a) << " against " << (b) << ") "
#define UNREACHABLE() CHECK(false) << "unreachable "
