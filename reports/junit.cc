#include <cstdio>
#include <initializer_list>

#include "reports/render.h"

namespace kp::reports {
namespace {

// Length of the UTF-8 sequence that starts with this byte, 0 for a byte that starts none.
size_t SequenceLength(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

// XML 1.0 has no way to write most control characters, not even escaped; and bytes that are no
// UTF-8 make readers refuse the file.
std::string Xml(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = SequenceLength(first);
    bool whole = length > 0 && i + length <= text.size();
    for (size_t k = 1; whole && k < length; ++k) whole = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
    if (!whole || (first < 0x20 && first != '\n' && first != '\t')) {
      out += "\xef\xbf\xbd";
      ++i;
      continue;
    }
    switch (first) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += "&#10;"; break;
      case '\t': out += "&#9;"; break;
      default: out += text.substr(i, length);
    }
    i += length;
  }
  return out;
}

std::string SecondsText(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", Seconds(duration));
  return text;
}

std::string Body(const TestResult& result) {
  std::string text = result.message;
  for (const Step& step : result.steps) {
    text += "\n" + SecondsText(step.at) + " s  " + (step.ok ? "" : "FAILED: ") + step.text;
    if (!step.detail.empty()) text += ": " + step.detail;
  }
  if (!result.recipe.empty()) text += "\nreplay: " + result.recipe;
  return text;
}

std::string Verdict(const TestResult& result) {
  if (result.outcome == Outcome::kPass) return "";
  const std::string message = "message=\"" + Xml(result.message) + "\"";
  if (result.outcome == Outcome::kFail) return "<failure " + message + ">" + Xml(Body(result)) + "</failure>";
  if (result.outcome == Outcome::kInconclusive) {
    return "<error type=\"inconclusive\" " + message + ">" + Xml(Body(result)) + "</error>";
  }
  return "<skipped message=\"" + Xml(std::string(OutcomeName(result.outcome)) + ": " + result.message) + "\"/>";
}

std::string TestCase(const TestResult& result) {
  const size_t topic_end = result.id.rfind('/');
  std::string class_name = result.id.substr(0, topic_end);
  for (char& c : class_name) {
    if (c == '/') c = '.';
  }
  std::string name = topic_end == std::string::npos ? result.id : result.id.substr(topic_end + 1);
  if (!result.test.empty()) name += "#" + result.test;
  name += " seed=" + std::to_string(result.seed);
  const std::string verdict = Verdict(result);
  return "    <testcase classname=\"" + Xml(class_name) + "\" name=\"" + Xml(name) + "\" time=\"" +
         SecondsText(result.duration) + "\"" +
         (verdict.empty() ? "/>\n" : ">\n      " + verdict + "\n    </testcase>\n");
}

std::string Sum(const Counts& counts, std::initializer_list<Outcome> outcomes) {
  int sum = 0;
  for (Outcome outcome : outcomes) {
    if (const auto it = counts.find(outcome); it != counts.end()) sum += it->second;
  }
  return std::to_string(sum);
}

std::string Totals(const RunRecord& run) {
  const Counts counts = CountOutcomes(run);
  Duration time{};
  for (const TestResult& result : run.results) time += result.duration;
  return "tests=\"" + std::to_string(run.results.size()) + "\" failures=\"" + Sum(counts, {Outcome::kFail}) +
         "\" errors=\"" + Sum(counts, {Outcome::kInconclusive}) + "\" skipped=\"" +
         Sum(counts, {Outcome::kNotApplicable, Outcome::kExpectedFailure, Outcome::kSkipped}) + "\" time=\"" +
         SecondsText(time) + "\"";
}

}  // namespace

std::string RenderJunit(const RunRecord& run) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += "<testsuites name=\"kubeproof\" " + Totals(run) + ">\n";
  std::map<std::string, RunRecord> suites;
  for (const TestResult& result : run.results) suites[result.backend].results.push_back(result);
  for (const auto& [backend, part] : suites) {
    xml += "  <testsuite name=\"" + Xml(backend) + "\" " + Totals(part) + " timestamp=\"" + FormatRfc3339(run.started) +
           "\">\n    <properties>\n";
    for (const auto& [name, value] : {std::pair{"tool", run.tool}, {"server", run.server}, {"mutant", run.mutant}}) {
      xml += "      <property name=\"" + std::string(name) + "\" value=\"" + Xml(value) + "\"/>\n";
    }
    xml += "    </properties>\n";
    for (const TestResult& result : part.results) xml += TestCase(result);
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

}  // namespace kp::reports
