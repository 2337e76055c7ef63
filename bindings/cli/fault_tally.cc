#include "bindings/cli/fault_tally.h"

#include <cstdio>

#include "bindings/cli/backend_host.h"
#include "reference/base/strings.h"

namespace kp::cli {
namespace {

std::string Row(const std::string& kind, int64_t times, int tests, int of) {
  char line[128];
  std::snprintf(line, sizeof(line), "  %-24s %9lld times, in %3d%% of the tests\n", kind.c_str(),
                static_cast<long long>(times), 100 * tests / of);
  return line;
}

}  // namespace

void FaultTally::Count(const reports::TestResult& result) {
  bool any = false;
  for (const reports::TimelineEntry& entry : result.timeline) {
    std::map<std::string, Tally>* tallies = nullptr;
    if (entry.object == kFaultsInjected) tallies = &injected_;
    if (entry.object == kFaultsBit) tallies = &bit_;
    if (tallies == nullptr) continue;
    Tally& tally = (*tallies)[entry.event];
    const int64_t times = ParseInt(entry.detail).value_or(0);
    tally.times += times;
    tally.tests += times > 0 ? 1 : 0;
    any = true;
  }
  tests_ += any ? 1 : 0;
}

std::string FaultTally::Table() const {
  if (tests_ == 0) return "";
  std::string text = "faults injected in " + std::to_string(tests_) + " tests:\n";
  for (const auto& [kind, tally] : injected_) text += Row(kind, tally.times, tally.tests, tests_);
  text += "and what they did:\n";
  for (const auto& [kind, tally] : bit_) text += Row(kind, tally.times, tally.tests, tests_);
  return text;
}

}  // namespace kp::cli
