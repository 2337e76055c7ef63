#include "reports/results.h"

namespace kp::reports {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass: return "pass";
    case Outcome::kFail: return "fail";
    case Outcome::kNotApplicable: return "not-applicable";
    case Outcome::kInconclusive: return "inconclusive";
    case Outcome::kExpectedFailure: return "expected-failure";
    case Outcome::kSkipped: return "skipped";
  }
  CHECK(false) << "outcome " << static_cast<int>(outcome);
  return "";
}

Result<Outcome> ParseOutcome(std::string_view name) {
  for (Outcome outcome : kOutcomes) {
    if (OutcomeName(outcome) == name) return outcome;
  }
  return Status(Code::kInvalidArgument, "unknown outcome '" + std::string(name) + "'");
}

Counts CountOutcomes(const RunRecord& run) {
  Counts counts;
  for (const TestResult& result : run.results) ++counts[result.outcome];
  return counts;
}

std::map<std::string, Counts, std::less<>> CountByArea(const RunRecord& run) {
  std::map<std::string, Counts, std::less<>> areas;
  for (const TestResult& result : run.results) ++areas[std::string(result.area())][result.outcome];
  return areas;
}

std::set<std::string> FailedIds(const RunRecord& run) {
  std::set<std::string> ids;
  for (const TestResult& result : run.results) {
    if (result.outcome == Outcome::kFail || result.outcome == Outcome::kInconclusive) ids.insert(result.id);
  }
  return ids;
}

bool Passed(const RunRecord& run) {
  const Counts counts = CountOutcomes(run);
  return !counts.contains(Outcome::kFail) && counts.contains(Outcome::kPass) && run.aborted.empty() &&
         run.mutant.empty();
}

}  // namespace kp::reports
