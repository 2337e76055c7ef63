#include <algorithm>

#include "reference/base/strings.h"
#include "reports/render.h"

namespace kp::reports {
namespace {

// A cell of a Markdown table: one line, no bar of its own, no HTML.
std::string Cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '\n': out += ' '; break;
      case '|': out += "\\|"; break;
      case '<': out += "&lt;"; break;
      default: out += c;
    }
  }
  return out;
}

// In backquotes, with two of them where the text holds one.
std::string CodeSpan(std::string_view text) {
  const bool holds_one = text.find('`') != std::string_view::npos;
  return (holds_one ? "`` " : "`") + std::string(text) + (holds_one ? " ``" : "`");
}

std::string Verdict(const RunRecord& run) {
  if (!run.mutant.empty()) return "MUTANT " + CodeSpan(run.mutant) + " was on: this run proves tests, not a cluster";
  if (!run.aborted.empty()) return "ABORTED: " + Cell(run.aborted);
  return Passed(run) ? "PASS" : "FAIL";
}

std::string CountsText(const RunRecord& run) {
  const Counts counts = CountOutcomes(run);
  std::vector<std::string> parts;
  for (Outcome outcome : kOutcomes) {
    const auto it = counts.find(outcome);
    if (it != counts.end()) parts.push_back(std::to_string(it->second) + " " + std::string(OutcomeName(outcome)));
  }
  return parts.empty() ? "no results" : Join(parts, ", ");
}

std::string AreaTable(const RunRecord& run) {
  std::string text =
      "| area | fail | inconclusive | expected failure | pass | not applicable | skipped |\n"
      "|---|---:|---:|---:|---:|---:|---:|\n";
  for (const auto& [area, counts] : CountByArea(run)) {
    text += "| " + Cell(area);
    for (Outcome outcome : kOutcomes) {
      const auto it = counts.find(outcome);
      text += " | " + (it == counts.end() ? std::string() : std::to_string(it->second));
    }
    text += " |\n";
  }
  return text;
}

// A behaviour that fails with a hundred seeds is one entry, told by its first failure.
std::string FailedList(const RunRecord& run) {
  std::map<std::pair<std::string, std::string>, std::vector<const TestResult*>> failures;
  for (const TestResult& result : run.results) {
    if (result.outcome == Outcome::kFail || result.outcome == Outcome::kInconclusive) {
      failures[{result.id, result.backend}].push_back(&result);
    }
  }
  std::string text;
  for (auto& [key, results] : failures) {
    std::ranges::stable_partition(results, [](const TestResult* result) { return result->outcome == Outcome::kFail; });
    const TestResult& first = *results.front();
    text += "- **" + key.first + "** on " + key.second + " (" + std::string(OutcomeName(first.outcome)) + ", seed " +
            std::to_string(first.seed);
    if (results.size() > 1) text += " and " + std::to_string(results.size() - 1) + " more";
    text += "): " + Cell(first.message) + "\n";
    if (!first.recipe.empty()) text += "  replay: " + CodeSpan(first.recipe) + "\n";
  }
  return text;
}

}  // namespace

std::string RenderSummary(const RunRecord& run) {
  std::string text = "# kubeproof: " + Verdict(run) + "\n\n" + CountsText(run) + "\n\n";
  text += "- tool: " + Cell(run.tool) + "\n";
  text += "- server: " + Cell(run.server) + "\n";
  text += "- back ends: " + Cell(Join(run.backends, ", ")) + "\n";
  text += "- seed: " + std::to_string(run.seed) + "\n";
  text += "- started: " + FormatRfc3339(run.started) + ", took " + HumanDuration(run.duration) + "\n";
  if (!run.command.empty()) text += "- command: " + CodeSpan(run.command) + "\n";
  text += "\n" + AreaTable(run);
  if (const std::string failed = FailedList(run); !failed.empty()) text += "\n## Failed\n\n" + failed;
  return text;
}

}  // namespace kp::reports
