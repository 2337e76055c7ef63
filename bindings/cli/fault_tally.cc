#include "bindings/cli/fault_tally.h"

#include <algorithm>
#include <cstdio>

#include "bindings/cli/backend_host.h"
#include "reference/base/strings.h"

namespace kp::cli {

void FaultTally::Count(const reports::TestResult& result) {
  bool any = false;
  for (const reports::TimelineEntry& entry : result.timeline) {
    std::map<std::string, Tally>* tallies = nullptr;
    if (entry.object == kFaultsInjected) tallies = &injected_;
    if (entry.object == kFaultsBit) tallies = &bit_;
    if (entry.object == kFaultEffects) tallies = &effects_;
    if (tallies == nullptr) continue;
    Tally& tally = (*tallies)[entry.event];
    const int64_t times = ParseInt(entry.detail).value_or(0);
    tally.times += times;
    tally.tests += times > 0 ? 1 : 0;
    any = true;
  }
  tests_ += any ? 1 : 0;
}

std::string FaultTally::Cell(const std::map<std::string, Tally>& tallies, const std::string& kind) const {
  const auto found = tallies.find(kind);
  const Tally tally = found == tallies.end() ? Tally{} : found->second;
  char text[64];
  std::snprintf(text, sizeof(text), "%9lld in %3d%%", static_cast<long long>(tally.times), 100 * tally.tests / tests_);
  return text;
}

std::string FaultTally::Table() const {
  if (tests_ == 0) return "";
  auto line = [](const std::string& name, const std::string& cells) {
    std::string padded = name;
    padded.resize(std::max<size_t>(name.size(), 22), ' ');
    return "  " + padded + cells + "\n";
  };
  std::string text =
      "faults injected in " + std::to_string(tests_) + " tests, and what share of the tests they are in:\n";
  text += line("", "        injected       that bit");
  for (const auto& [kind, tally] : injected_) text += line(kind, Cell(injected_, kind) + Cell(bit_, kind));
  text += "their effects:\n";
  for (const auto& [effect, tally] : effects_) text += line(effect, Cell(effects_, effect));
  return text;
}

}  // namespace kp::cli
