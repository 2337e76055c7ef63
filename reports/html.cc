#include <set>
#include <utility>

#include "reports/render.h"

namespace kp::reports {

// Generated from reports/page/* (kp_embed).
std::vector<std::pair<std::string_view, std::string_view>> EmbeddedPage();

namespace {

std::string_view PageFile(std::string_view name) {
  for (const auto& [path, text] : EmbeddedPage()) {
    if (path.ends_with(name)) return text;
  }
  CHECK(false) << name << " is not embedded";
  return "";
}

// Inside <script> the only text that matters to an HTML parser begins with '<'.
std::string ScriptSafe(std::string_view json) {
  std::string out;
  for (char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

RunRecord WithoutRepeatedDetail(RunRecord run) {
  std::set<std::pair<std::string, std::string>> shown;
  for (TestResult& result : run.results) {
    if (result.outcome != Outcome::kPass) continue;
    if (!shown.emplace(result.id + "#" + result.test, result.backend).second) {
      result.steps.clear();
      result.timeline.clear();
    }
  }
  return run;
}

}  // namespace

std::string RenderHtml(const RunRecord& run) {
  const std::string data = ScriptSafe(RenderJson(WithoutRepeatedDetail(run)));
  std::string page(PageFile("/page.html"));
  // The data last: it may hold the text of a mark.
  for (const auto& [mark, text] : {std::pair<std::string_view, std::string_view>{"/*STYLE*/", PageFile("/page.css")},
                                   {"/*SCRIPT*/", PageFile("/page.js")},
                                   {"/*DATA*/", data}}) {
    const size_t at = page.find(mark);
    CHECK(at != std::string::npos) << mark;
    page.replace(at, mark.size(), text);
  }
  return page;
}

}  // namespace kp::reports
