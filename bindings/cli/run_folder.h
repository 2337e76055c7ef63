// The folder of a run: results.json, junit.xml, report.html, summary.md; runs/latest points to the newest.
#pragma once

#include <optional>
#include <string>

#include "reports/results.h"

namespace kp::cli {

// The folder's path: `wanted`, or runs/<time>. Made now, so that a run does not end in "cannot write".
Result<std::string> MakeRunFolder(const std::string& wanted, WallTime started);
Status WriteRun(const std::string& folder, const reports::RunRecord& run);

// Of a folder or of a results.json.
Result<reports::RunRecord> ReadRun(const std::string& path);
// What "latest" points to; nothing when there is no run.
std::optional<reports::RunRecord> ReadLatestRun();

Status WriteFile(const std::string& path, const std::string& text);
Result<std::string> ReadFile(const std::string& path);

}  // namespace kp::cli
