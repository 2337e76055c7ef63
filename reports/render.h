// A run as files: results.json (the record itself), junit.xml for CI, summary.md for people in a
// hurry, report.html for people with a question. All return the whole text; callers write it.
#pragma once

#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reports/results.h"

namespace kp::reports {

std::string RenderJson(const RunRecord& run);
// kInvalidArgument for text that is not a results.json, or of a schema version unknown here.
Result<RunRecord> ParseJson(std::string_view text);

// One testsuite a back end, one testcase a result. Not applicable and skipped are <skipped/>,
// inconclusive is an <error/>, an expected failure is <skipped/> with its reason.
std::string RenderJunit(const RunRecord& run);

std::string RenderSummary(const RunRecord& run);

// One page with everything in it, no other file and no network needed. Passing results beyond the
// first of a behaviour and back end lose their steps and timeline, or a thousand seeds would make
// a page that no browser opens.
std::string RenderHtml(const RunRecord& run);

}  // namespace kp::reports
