// kubeproof behaviours: the catalogue with its tests, its last results, and what is still unproven.
#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "bindings/cli/commands.h"
#include "bindings/cli/flags.h"
#include "bindings/cli/kill_matrix.h"
#include "bindings/cli/run_folder.h"
#include "conformance/behaviour.h"
#include "conformance/catalogue.h"

namespace kp::cli {
namespace {

using conformance::Behaviour;
using conformance::Catalogue;
using conformance::Entry;
using conformance::Level;
using reports::Outcome;

constexpr const char* kBackends[] = {"sim", "process", "remote"};

struct Row {
  const Entry* entry = nullptr;
  std::vector<std::string> tests;              // "file:line name"
  std::map<std::string, std::string> results;  // by back end
  bool proven = false;                         // some mutant failed it
};

// The worst of several seeds, in the order of interest.
std::map<std::string, std::map<std::string, std::string>> LastResults(const reports::RunRecord& run) {
  std::map<std::pair<std::string, std::string>, std::set<Outcome>> seen;
  for (const reports::TestResult& result : run.results) seen[{result.id, result.backend}].insert(result.outcome);
  std::map<std::string, std::map<std::string, std::string>> results;
  for (const auto& [key, outcomes] : seen) {
    const auto* worst = std::ranges::find_if(reports::kOutcomes, [&](Outcome o) { return outcomes.contains(o); });
    results[key.first][key.second] = reports::OutcomeName(*worst);
  }
  return results;
}

std::vector<Row> MakeRows(const Catalogue& catalogue, const std::optional<reports::RunRecord>& run,
                          const std::optional<KillMatrix>& matrix) {
  std::map<std::string_view, std::vector<std::string>> tests;
  for (const Behaviour& behaviour : conformance::RegisteredBehaviours()) {
    std::string where = std::string(behaviour.file) + ":" + std::to_string(behaviour.line);
    if (!behaviour.variant.empty()) where += " " + std::string(behaviour.variant);
    tests[behaviour.id].push_back(std::move(where));
  }
  const auto results = run ? LastResults(*run) : std::map<std::string, std::map<std::string, std::string>>();
  const std::set<std::string> proven = matrix ? Killers(*matrix) : std::set<std::string>();
  std::vector<Row> rows;
  for (const auto& [id, entry] : catalogue.entries) {
    Row row{&entry, tests[id], {}, proven.contains(id)};
    for (const char* backend : kBackends) {
      const auto found = results.find(id);
      if (found != results.end() && found->second.contains(backend)) row.results[backend] = found->second.at(backend);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

bool IsUnproven(const Row& row) { return row.entry->level == Level::kMust && !row.tests.empty() && !row.proven; }

void PrintJson(const std::vector<Row>& rows, bool with_matrix) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    nlohmann::ordered_json results = nlohmann::ordered_json::object();
    for (const char* backend : kBackends) {
      const auto found = row.results.find(backend);
      results[backend] = found == row.results.end() ? nlohmann::ordered_json() : nlohmann::ordered_json(found->second);
    }
    nlohmann::ordered_json item = {{"id", row.entry->id},
                                   {"level", conformance::LevelName(row.entry->level)},
                                   {"source", row.entry->sources},
                                   {"tests", row.tests},
                                   {"results", results}};
    if (!row.entry->untested.empty()) item["untested"] = row.entry->untested;
    if (with_matrix) item["unproven"] = IsUnproven(row);
    list.push_back(std::move(item));
  }
  std::printf("%s\n", nlohmann::ordered_json{{"behaviours", list}}.dump(2).c_str());
}

void PrintTable(const std::vector<Row>& rows, bool with_matrix) {
  std::printf("%-6s %-14s %-14s %-14s %s\n", "LEVEL", "SIM", "PROCESS", "REMOTE", "BEHAVIOUR");
  std::map<Level, std::pair<int, int>> coverage;  // tested, all
  int unproven = 0;
  for (const Row& row : rows) {
    const auto result = [&](const char* backend) {
      const auto found = row.results.find(backend);
      return found == row.results.end() ? std::string("-") : found->second;
    };
    std::string note;
    if (!row.entry->untested.empty()) note = "  (untested: " + row.entry->untested + ")";
    if (with_matrix && IsUnproven(row)) note = "  (unproven)";
    unproven += with_matrix && IsUnproven(row) ? 1 : 0;
    std::printf("%-6s %-14s %-14s %-14s %s%s\n", std::string(conformance::LevelName(row.entry->level)).c_str(),
                result("sim").c_str(), result("process").c_str(), result("remote").c_str(), row.entry->id.c_str(),
                note.c_str());
    auto& [tested, all] = coverage[row.entry->level];
    tested += row.tests.empty() ? 0 : 1;
    ++all;
  }
  for (const auto& [level, counts] : coverage) {
    std::printf("%s: %d of %d tested\n", std::string(conformance::LevelName(level)).c_str(), counts.first,
                counts.second);
  }
  if (with_matrix) {
    std::printf("must without a mutant that fails it: %d (unproven)\n", unproven);
  } else {
    std::printf("no kill matrix yet: `kubeproof mutants` shows which tests have been seen to fail\n");
  }
}

}  // namespace

int RunBehaviours(int argc, char** argv) {
  const auto complain = [](ExitCode code, const std::string& message) {
    std::fprintf(stderr, "kubeproof behaviours: %s\n", message.c_str());
    return code;
  };
  std::string output;
  std::string results;
  Flags flags;
  flags.Text("output", &output);
  flags.Text("results", &results);
  std::vector<char*> arguments = WithLongOutput(argc, argv);
  if (Status status = flags.Parse(static_cast<int>(arguments.size()), arguments.data()); !status.ok()) {
    return complain(kUsage, status.message() + "; flags: -o json, --results FILE");
  }
  if (!output.empty() && output != "json") return complain(kUsage, "-o: want json");
  std::optional<reports::RunRecord> run = ReadLatestRun();
  if (!results.empty()) {
    Result<reports::RunRecord> chosen = ReadRun(results);
    if (!chosen.ok()) return complain(kUsage, chosen.error().message());
    run = std::move(chosen).value();
  }
  const std::optional<KillMatrix> matrix = ReadKillMatrix();
  const std::vector<Row> rows = MakeRows(conformance::BuiltinCatalogue(), run, matrix);
  output == "json" ? PrintJson(rows, matrix.has_value()) : PrintTable(rows, matrix.has_value());
  return kPass;
}

}  // namespace kp::cli
