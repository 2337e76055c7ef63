#include "bindings/cli/kill_matrix.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bindings/cli/run_folder.h"

namespace kp::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFile = "runs/mutants.json";

}  // namespace

std::string PrintKillMatrixJson(const KillMatrix& matrix) {
  Json rows = Json::array();
  for (const MutantRow& row : matrix.rows) {
    rows.push_back({{"name", row.name},
                    {"component", row.component},
                    {"killed", row.killed},
                    {"by", row.by},
                    {"breaks", row.breaks},
                    {"crashed", row.crashed},
                    {"tried", row.tried}});
  }
  return Json{{"mutants", rows}}.dump(2) + "\n";
}

Result<KillMatrix> ParseKillMatrix(const std::string& text) {
  try {
    KillMatrix matrix;
    const Json json = Json::parse(text);
    for (const Json& row : json.at("mutants")) {
      matrix.rows.push_back({row.at("name"), row.at("component"), row.at("breaks"), row.at("killed"),
                             row.at("by").get<std::vector<std::string>>(),
                             row.at("crashed").get<std::vector<std::string>>(), row.at("tried")});
    }
    return matrix;
  } catch (const Json::exception& error) {
    return Status(Code::kInvalidArgument, std::string("not a kill matrix: ") + error.what());
  }
}

std::optional<KillMatrix> ReadKillMatrix() {
  const Result<std::string> text = ReadFile(kFile);
  if (!text.ok()) return std::nullopt;
  Result<KillMatrix> matrix = ParseKillMatrix(*text);
  if (!matrix.ok()) return std::nullopt;
  return std::move(matrix).value();
}

Status SaveKillMatrix(const KillMatrix& matrix) {
  KillMatrix all = matrix;
  if (const std::optional<KillMatrix> earlier = ReadKillMatrix()) {
    for (const MutantRow& row : earlier->rows) {
      const bool known = std::ranges::any_of(matrix.rows, [&](const MutantRow& r) { return r.name == row.name; });
      if (!known) all.rows.push_back(row);
    }
  }
  std::error_code ignored;  // the write says whether there is a folder
  std::filesystem::create_directories("runs", ignored);
  return WriteFile(kFile, PrintKillMatrixJson(all));
}

std::set<std::string> Killers(const KillMatrix& matrix) {
  std::set<std::string> killers;
  for (const MutantRow& row : matrix.rows) killers.insert(row.by.begin(), row.by.end());
  return killers;
}

std::vector<char*> WithLongOutput(int argc, char** argv) {
  static char long_name[] = "--output";
  std::vector<char*> arguments(argv, argv + argc);
  for (char*& argument : arguments) {
    if (std::string_view(argument) == "-o") argument = long_name;
  }
  return arguments;
}

}  // namespace kp::cli
