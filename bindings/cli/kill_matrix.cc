#include "bindings/cli/kill_matrix.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bindings/cli/run_folder.h"
#include "chaos/mutants.h"
#include "conformance/behaviour.h"
#include "conformance/catalogue.h"

namespace kp::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFile = "runs/mutants.json";

std::vector<std::string> Texts(const Json& list) { return list.get<std::vector<std::string>>(); }

}  // namespace

std::string PrintKillMatrixJson(const KillMatrix& matrix) {
  Json rows = Json::array();
  for (const MutantRow& row : matrix.rows) {
    rows.push_back({{"name", row.name},
                    {"component", row.component},
                    {"killed", row.killed},
                    {"by", row.by},
                    {"breaks", row.breaks},
                    {"faults", row.faults},
                    {"crashed", row.crashed},
                    {"without_faults", row.without_faults},
                    {"idle", row.idle},
                    {"tried", row.tried}});
  }
  return Json{{"mutants", rows}, {"unproven", Unproven(matrix)}}.dump(2) + "\n";
}

Result<KillMatrix> ParseKillMatrix(const std::string& text) {
  try {
    KillMatrix matrix;
    const Json json = Json::parse(text);
    for (const Json& row : json.at("mutants")) {
      matrix.rows.push_back({row.at("name"), row.at("component"), row.at("breaks"), row.at("faults"), row.at("killed"),
                             Texts(row.at("by")), Texts(row.at("crashed")), Texts(row.at("without_faults")),
                             Texts(row.at("idle")), row.at("tried")});
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
      const auto is_it = [&](const auto& other) { return other.name == row.name; };
      if (std::ranges::none_of(matrix.rows, is_it) && std::ranges::any_of(chaos::BuiltinMutants(), is_it)) {
        all.rows.push_back(row);
      }
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

std::vector<std::string> Unproven(const KillMatrix& matrix) {
  std::set<std::string_view> tested;
  for (const conformance::Behaviour& behaviour : conformance::RegisteredBehaviours()) tested.insert(behaviour.id);
  const std::set<std::string> killers = Killers(matrix);
  std::vector<std::string> unproven;
  for (const auto& [id, entry] : conformance::BuiltinCatalogue().entries) {
    if (entry.level == conformance::Level::kMust && tested.contains(id) && !killers.contains(id))
      unproven.push_back(id);
  }
  return unproven;
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
