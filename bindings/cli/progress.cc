#include "bindings/cli/progress.h"

#include <cstdio>

namespace kp::cli {
namespace {

// Lines of a log that nobody watches need not come often.
constexpr Duration kPlainEvery = 5s;
constexpr Duration kRewriteEvery = 100ms;

// Whole seconds: a guess needs no more.
std::string RoughTime(Duration time) {
  return FormatDuration(std::chrono::duration_cast<std::chrono::seconds>(time + 500ms));
}

}  // namespace

Progress::Progress(bool terminal, Time start) : terminal_(terminal), start_(start), last_line_(start) {}

std::string Progress::Line(Time now) const {
  int ended = 0;
  int expected = 0;
  Duration left{};
  bool known = true;
  for (const auto& [name, group] : groups_) {
    ended += group.ended;
    expected += group.expected;
    if (group.ended > 0) {
      left += group.spent / group.ended * (group.expected - group.ended) / group.workers;
    }
    if (group.ended == 0 && group.expected > 0) known = false;
  }
  std::string line = "[" + std::to_string(ended) + "/" + std::to_string(expected) + "] ";
  if (failed_ > 0) line += std::to_string(failed_) + " failed, ";
  line += RoughTime(now - start_);
  if (ended < expected) line += known ? ", about " + RoughTime(left) + " to go" : ", time to go not known yet";
  return line;
}

void Progress::Ended(const std::string& group, Duration took, bool failed, Time now) {
  Group& entry = groups_[group];
  ++entry.ended;
  entry.spent += took;
  failed_ += failed ? 1 : 0;
  if (now - last_line_ < (terminal_ ? kRewriteEvery : kPlainEvery)) return;
  last_line_ = now;
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", Line(now).c_str());
  std::fflush(stderr);
  line_is_open_ = terminal_;
}

void Progress::Say(const std::string& line) {
  Finish();
  std::fprintf(stderr, "%s\n", line.c_str());
}

void Progress::Finish() {
  if (line_is_open_) std::fprintf(stderr, "\r\033[K");
  line_is_open_ = false;
}

}  // namespace kp::cli
