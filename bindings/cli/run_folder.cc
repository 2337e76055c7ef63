#include "bindings/cli/run_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "reports/render.h"

namespace kp::cli {
namespace {

namespace fs = std::filesystem;

const fs::path kRuns = "runs";

Status CannotWrite(const fs::path& path, const std::error_code& error) {
  return Status(Code::kPermissionDenied, "cannot write " + path.string() + ": " + error.message());
}

// "20250101T120000": sorts by time, and no shell minds it.
std::string FolderName(WallTime started) {
  std::string name = FormatRfc3339(started);
  std::erase_if(name, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  return name;
}

void PointLatestTo(const fs::path& folder) {
  std::error_code ignored;  // a convenience: without symlinks there is still the folder
  fs::remove(kRuns / "latest", ignored);
  fs::create_directory_symlink(folder.filename(), kRuns / "latest", ignored);
}

}  // namespace

Result<std::string> MakeRunFolder(const std::string& wanted, WallTime started) {
  std::error_code error;
  if (!wanted.empty()) {
    fs::create_directories(wanted, error);
    if (error) return CannotWrite(wanted, error);
    return wanted;
  }
  fs::create_directories(kRuns, error);
  if (error) return CannotWrite(kRuns, error);
  const fs::path base = kRuns / FolderName(started);
  fs::path folder = base;
  // Two runs may start in one second.
  for (int i = 2; !fs::create_directory(folder, error); ++i) {
    if (error) return CannotWrite(folder, error);
    folder = base.string() + "-" + std::to_string(i);
  }
  PointLatestTo(folder);
  return folder.string();
}

Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return file ? Status::Ok() : Status(Code::kPermissionDenied, "cannot write " + path);
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return Status(Code::kNotFound, "cannot read " + path);
  return text.str();
}

Status WriteRun(const std::string& folder, const reports::RunRecord& run) {
  const std::pair<const char*, std::string> files[] = {{"results.json", reports::RenderJson(run)},
                                                       {"junit.xml", reports::RenderJunit(run)},
                                                       {"report.html", reports::RenderHtml(run)},
                                                       {"summary.md", reports::RenderSummary(run)}};
  for (const auto& [name, text] : files) {
    if (Status status = WriteFile(folder + "/" + name, text); !status.ok()) return status;
  }
  return Status::Ok();
}

Result<reports::RunRecord> ReadRun(const std::string& path) {
  const std::string file = fs::is_directory(path) ? path + "/results.json" : path;
  const Result<std::string> text = ReadFile(file);
  if (!text.ok()) return text.error();
  Result<reports::RunRecord> run = reports::ParseJson(*text);
  if (!run.ok()) return Status(run.error().code(), file + ": " + run.error().message());
  return run;
}

std::optional<reports::RunRecord> ReadLatestRun() {
  Result<reports::RunRecord> run = ReadRun((kRuns / "latest").string());
  if (!run.ok()) return std::nullopt;
  return std::move(run).value();
}

}  // namespace kp::cli
