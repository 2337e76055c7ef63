#include "reference/runtime/log_line.h"

namespace kp::runtime {

std::string FormatLogLine(Severity severity, WallTime time, std::string_view process, std::string_view component,
                          std::string_view message) {
  static constexpr char kLetters[] = "DIWE";
  std::string line(1, kLetters[static_cast<size_t>(severity)]);
  line += ' ';
  line += FormatRfc3339Micro(time);
  line += ' ';
  line += process;
  line += ' ';
  line += component;
  line += ": ";
  for (char c : message) {
    if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      line += ' ';
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace kp::runtime
