// What a run found: the record that is written to results.json and that every report is made from.
// The schema is versioned; a field may be added without a new version, never renamed or removed.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/base/time.h"

namespace kp::reports {

inline constexpr int kSchemaVersion = 1;

enum class Outcome {
  kPass,
  kFail,
  kNotApplicable,    // the cluster lacks what the behaviour needs
  kInconclusive,     // a fault overlapped a strict bound, or the run ended before a verdict
  kExpectedFailure,  // known, with a reason and an expiry in the message
  kSkipped,          // chosen, but not run (dry run, aborted run)
};
// "not-applicable" and so on, as in results.json.
std::string_view OutcomeName(Outcome outcome);
Result<Outcome> ParseOutcome(std::string_view name);
// In the order of interest.
inline constexpr Outcome kOutcomes[] = {Outcome::kFail, Outcome::kInconclusive,  Outcome::kExpectedFailure,
                                        Outcome::kPass, Outcome::kNotApplicable, Outcome::kSkipped};

// A behaviour as the catalogue described it when the run was made.
struct SourceNote {
  std::string id;
  std::string words;
  std::string page;
  bool operator==(const SourceNote&) const = default;
};
struct BehaviourNote {
  std::string id;
  std::string level;
  std::vector<SourceNote> sources;
  std::string since;
  std::vector<std::string> maps_to;
  std::string given;
  std::string when;
  std::string then;
  bool operator==(const BehaviourNote&) const = default;
};

// One thing that the test did or saw, at a time since its start.
struct Step {
  Duration at{};
  std::string text;
  std::string detail;
  bool ok = true;
  bool operator==(const Step&) const = default;
};

// One thing that happened to an object or, for faults, to a part of the cluster.
struct TimelineEntry {
  Duration at{};
  std::string object;  // "Pod default/web-0", "fault"
  std::string event;   // "ADDED", "MODIFIED", "partition"
  std::string detail;
  bool operator==(const TimelineEntry&) const = default;
};

struct TestResult {
  std::string id;    // the behaviour's
  std::string test;  // "" or the name of one of several tests of it
  std::string backend;
  uint64_t seed = 0;
  Outcome outcome = Outcome::kSkipped;
  Duration duration{};  // of the wall clock, also in the simulator
  std::string message;
  std::vector<Step> steps;
  std::vector<TimelineEntry> timeline;
  std::string recipe;  // the command line that repeats it

  std::string_view area() const { return std::string_view(id).substr(0, id.find('/')); }
  bool operator==(const TestResult&) const = default;
};

struct RunRecord {
  int schema_version = kSchemaVersion;
  std::string tool;  // "kubeproof 0.1.0"
  WallTime started{};
  Duration duration{};
  std::vector<std::string> backends;
  uint64_t seed = 0;
  std::string server;   // who answered: our own build, or a remote cluster's version and name
  std::string mutant;   // the deliberate bug that was on: such a run proves tests, not a cluster
  std::string command;  // the command line
  std::string aborted;  // why the run ended early, else ""
  std::vector<BehaviourNote> behaviours;
  std::vector<TestResult> results;
  bool operator==(const RunRecord&) const = default;
};

using Counts = std::map<Outcome, int>;
Counts CountOutcomes(const RunRecord& run);
std::map<std::string, Counts, std::less<>> CountByArea(const RunRecord& run);
// Ids with a failure or without a verdict: what --rerun-failed runs.
std::set<std::string> FailedIds(const RunRecord& run);
// True when nothing failed, something passed, the run went to its end, and no mutant was on.
bool Passed(const RunRecord& run);

}  // namespace kp::reports
