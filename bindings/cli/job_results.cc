#include "bindings/cli/job_results.h"

#include <utility>

#include "reports/render.h"

namespace kp::cli {
namespace {

// Enough for a CHECK's message and a sanitizer's first frames.
constexpr size_t kShownStderr = 2000;

}  // namespace

std::string RunAndPrint(const PlannedJob& planned) {
  reports::RunRecord envelope;
  envelope.results.push_back(planned.host->Run(planned.job, *planned.entry));
  return reports::RenderJson(envelope);
}

EndedJob ResultOfEnd(const conformance::Job& job, JobEnd end) {
  EndedJob ended;
  if (end.kind == JobEnd::Kind::kDone) {
    Result<reports::RunRecord> envelope = reports::ParseJson(end.output);
    if (envelope.ok() && envelope->results.size() == 1) {
      ended.result = std::move(envelope->results[0]);
      ended.result.duration = end.duration;
      return ended;
    }
    end.reason = "its result was cut off";
  }
  ended.crashed = true;
  ended.result = conformance::ResultOf(job);
  ended.result.outcome = reports::Outcome::kFail;
  ended.result.duration = end.duration;
  std::string words = end.stderr_tail;
  if (words.size() > kShownStderr) words.erase(0, words.size() - kShownStderr);
  const char* what = end.kind == JobEnd::Kind::kTimedOut ? "timed out: " : "crashed: ";
  ended.result.message = what + end.reason + (words.empty() ? "" : "\n" + words);
  return ended;
}

}  // namespace kp::cli
