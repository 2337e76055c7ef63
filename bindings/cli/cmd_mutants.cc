// kubeproof mutants: switches on one deliberate bug after the other and shows which tests notice.
#include <algorithm>
#include <cstdio>

#include "bindings/cli/commands.h"
#include "bindings/cli/flags.h"
#include "bindings/cli/kill_matrix.h"
#include "bindings/cli/mutant_run.h"
#include "chaos/mutants.h"
#include "reference/base/strings.h"

namespace kp::cli {
namespace {

int Complain(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "kubeproof mutants: %s\n", message.c_str());
  return code;
}

constexpr const char* kUsageText =
    "flags: -o json, --name NAME,..., --id ID,..., --seeds N (of faulted runs), --jobs N, --full (every behaviour "
    "under "
    "every mutant), --likely (none but the tests that are named for a mutant)";

// "x and 2 more", "-" for nothing.
std::string Short(const std::vector<std::string>& ids) {
  if (ids.empty()) return "-";
  return ids.front() + (ids.size() == 1 ? "" : " and " + std::to_string(ids.size() - 1) + " more");
}

void PrintTable(const KillMatrix& matrix) {
  int killed = 0;
  int faults = 0;
  for (const MutantRow& row : matrix.rows) {
    killed += row.killed ? 1 : 0;
    faults += row.killed && row.faults && row.without_faults.empty() ? 1 : 0;
    std::string by = Short(row.by);
    if (!row.killed && !row.crashed.empty()) by = "- (crashed in " + row.crashed.front() + ": no kill)";
    std::printf("%-9s %-12s %-42s %s%s\n", row.killed ? "killed" : "SURVIVED", row.component.c_str(), row.name.c_str(),
                by.c_str(), row.faults ? " (under faults)" : "");
    if (!row.without_faults.empty()) {
      std::printf("          needs no faults: noticed by %s without\n", Short(row.without_faults).c_str());
    }
    if (!row.idle.empty()) std::printf("          not noticed by %s\n", Join(row.idle, ", ").c_str());
  }
  std::printf("%d of %zu mutants killed, %d of them under faults alone\n", killed, matrix.rows.size(), faults);
}

// Of a whole matrix; of a part it would say nothing.
void PrintUnproven(const KillMatrix& matrix) {
  const std::vector<std::string> unproven = Unproven(matrix);
  for (const std::string& id : unproven) std::printf("unproven  must %s: no mutant fails it\n", id.c_str());
  std::printf("%zu behaviours that must hold are unproven\n", unproven.size());
}

}  // namespace

int RunMutants(int argc, char** argv) {
#ifdef KP_NO_MUTANTS
  (void)argc, (void)argv;
  return Complain(kUsage, "this build has no mutants");
#else
  MutantRunOptions options;
  std::string output;
  std::vector<std::string> names;
  Flags flags;
  flags.Text("output", &output);
  flags.List("name", &names);
  flags.List("id", &options.ids);
  flags.Integer("seeds", &options.seeds);
  flags.Integer("jobs", &options.jobs);
  flags.Boolean("full", &options.full);
  flags.Boolean("likely", &options.likely);
  std::vector<char*> arguments = WithLongOutput(argc, argv);
  if (Status status = flags.Parse(static_cast<int>(arguments.size()), arguments.data()); !status.ok()) {
    return Complain(kUsage, status.message() + "; " + kUsageText);
  }
  if (!output.empty() && output != "json") return Complain(kUsage, "-o: want json");
  if (options.seeds < 1 || options.jobs < 1) return Complain(kUsage, "--seeds and --jobs: want at least 1");
  std::vector<chaos::Mutant> mutants = chaos::BuiltinMutants();
  for (const std::string& name : names) {
    if (std::ranges::find(mutants, name, &chaos::Mutant::name) == mutants.end()) {
      return Complain(kUsage, "mutant '" + name + "' does not exist");
    }
  }
  const bool all = names.empty() && options.ids.empty();
  if (!names.empty()) {
    std::erase_if(mutants, [&](const auto& mutant) { return std::ranges::find(names, mutant.name) == names.end(); });
  }
  MutantRun run(options, std::move(mutants));
  const Result<bool> completed = run.Run();
  if (!completed.ok()) return Complain(kUsage, completed.error().message());
  if (Status status = SaveKillMatrix(run.matrix()); !status.ok()) return Complain(kEnvironment, status.message());
  if (output == "json") {
    std::printf("%s", PrintKillMatrixJson(run.matrix()).c_str());
  } else {
    PrintTable(run.matrix());
    if (all && *completed) PrintUnproven(run.matrix());
  }
  if (!*completed) return kAborted;
  // Killing mutants is what tests are for; a survivor is their failure.
  return std::ranges::all_of(run.matrix().rows, &MutantRow::AsExpected) ? kPass : kFailures;
#endif
}

}  // namespace kp::cli
