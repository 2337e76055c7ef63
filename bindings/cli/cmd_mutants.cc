// kubeproof mutants: switches on one deliberate bug after the other and shows which tests notice.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <set>
#include <tuple>

#include "bindings/cli/commands.h"
#include "bindings/cli/flags.h"
#include "bindings/cli/job_results.h"
#include "bindings/cli/kill_matrix.h"
#include "bindings/cli/progress.h"
#include "chaos/mutants.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::cli {
namespace {

using chaos::Mutant;
using reports::Outcome;

struct MutantOptions {
  std::string output;
  std::string name;
  std::vector<std::string> ids;
  int seeds = 3;  // of the faulted ones; without faults one seed tells as much as three
  int jobs = 2;
  bool full = false;
  bool likely = false;
};

int Complain(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "kubeproof mutants: %s\n", message.c_str());
  return code;
}

constexpr const char* kUsageText =
    "flags: -o json, --name NAME, --id ID,..., --seeds N (of faulted runs), --jobs N, --full (do not stop at the first "
    "kill), --likely (only behaviours that are expected to notice)";

// One test under one mutant.
struct Trial {
  size_t mutant;
  PlannedJob planned;
};

// A job as it is told from others: a test in one simulated world.
using JobKey = std::tuple<std::string, uint64_t, const BackendHost*>;
JobKey KeyOf(const PlannedJob& planned) { return {planned.job.behaviour.name(), planned.job.seed, planned.host}; }

// Those that are expected to notice come first: a kill ends a mutant's trials. Returns how many they are.
size_t PutLikelyKillersFirst(const Mutant& mutant, const std::optional<KillMatrix>& earlier,
                             std::vector<PlannedJob>& jobs) {
  std::vector<std::string> likely = mutant.by;
  if (earlier) {
    for (const MutantRow& row : earlier->rows) {
      if (row.name == mutant.name) likely.insert(likely.end(), row.by.begin(), row.by.end());
    }
  }
  const auto others = std::ranges::stable_partition(jobs, [&](const PlannedJob& planned) {
    return std::ranges::find(likely, planned.job.behaviour.id) != likely.end();
  });
  return jobs.size() - others.size();
}

class MutantRun {
 public:
  MutantRun(const MutantOptions& options, std::vector<Mutant> mutants)
      : options_(options),
        mutants_(std::move(mutants)),
        env_({.name = "kubeproof"}),
        pool_(env_, {.workers = options.jobs, .deadline = 120s}),
        progress_(isatty(STDERR_FILENO) != 0, env_.Now()) {
    plain_.push_back(MakeSimHost({}));
    faulted_.push_back(MakeSimHost({.members = 3, .faults = true}));
    for (const Mutant& mutant : mutants_) matrix_.rows.push_back({mutant.name, mutant.component, mutant.breaks});
  }

  // False when it was interrupted.
  Result<bool> Run() {
    conformance::Selection selection;
    selection.ids = options_.ids;
    if (options_.likely && options_.ids.empty()) {
      for (const Mutant& mutant : mutants_) std::ranges::copy(mutant.by, std::back_inserter(selection.ids));
    }
    const auto entries = conformance::Select(conformance::BuiltinCatalogue(), selection);
    if (!entries.ok()) return entries.error();
    env_.HandleSignals([this](int) { pool_.Stop(); });
    const bool completed = FindSoundTests(*entries) && TryMutants(*entries);
    progress_.Finish();
    for (MutantRow& row : matrix_.rows) {
      for (std::vector<std::string>* ids : {&row.by, &row.crashed}) {
        std::ranges::sort(*ids);
        ids->erase(std::ranges::unique(*ids).begin(), ids->end());
      }
    }
    return completed;
  }

  const KillMatrix& matrix() const { return matrix_; }

 private:
  std::vector<PlannedJob> JobsFor(const std::vector<const conformance::Entry*>& entries, bool faults) {
    const SeedRange seeds{1, faults ? options_.seeds : 1};
    return MakePlan(entries, conformance::RegisteredBehaviours(), faults ? faulted_ : plain_, seeds).jobs;
  }

  // A test that fails without a mutant says nothing about one.
  bool FindSoundTests(const std::vector<const conformance::Entry*>& entries) {
    std::vector<PlannedJob> jobs;
    for (bool faults : {false, true}) {
      if (std::ranges::none_of(mutants_, [&](const Mutant& mutant) { return mutant.faults == faults; })) continue;
      std::ranges::move(JobsFor(entries, faults), std::back_inserter(jobs));
    }
    progress_.Expect("without a mutant", static_cast<int>(jobs.size()), options_.jobs);
    size_t next = 0;
    return pool_.Run([&] { return next < jobs.size() ? std::optional(next++) : std::nullopt; },
                     [&](size_t index) { return RunAndPrint(jobs[index]); },
                     [&](size_t index, JobEnd end) {
                       const EndedJob ended = ResultOfEnd(jobs[index].job, std::move(end));
                       progress_.Ended("without a mutant", ended.result.duration, false, env_.Now());
                       if (ended.result.outcome == Outcome::kPass) return;
                       unsound_.insert(KeyOf(jobs[index]));
                       if (ended.result.outcome == Outcome::kFail) {
                         progress_.Say("left out, for it fails without a mutant: " + ended.result.recipe);
                       }
                     });
  }

  bool TryMutants(const std::vector<const conformance::Entry*>& entries) {
    const std::optional<KillMatrix> earlier = ReadKillMatrix();
    std::vector<Trial> others;  // after the likely killers of all mutants: most matrices are done by then
    for (size_t i = 0; i < mutants_.size(); ++i) {
      std::vector<PlannedJob> jobs = JobsFor(entries, mutants_[i].faults);
      std::erase_if(jobs, [&](const PlannedJob& planned) { return unsound_.contains(KeyOf(planned)); });
      const size_t likely = PutLikelyKillersFirst(mutants_[i], earlier, jobs);
      for (size_t j = 0; j < jobs.size(); ++j) (j < likely ? trials_ : others).push_back({i, std::move(jobs[j])});
    }
    if (!options_.likely) std::ranges::move(others, std::back_inserter(trials_));
    progress_.Expect("with a mutant", static_cast<int>(trials_.size()), options_.jobs);
    size_t next = 0;
    const auto take = [&]() -> std::optional<size_t> {
      for (; next < trials_.size() && !options_.full && matrix_.rows[trials_[next].mutant].killed; ++next) {
        progress_.Expect("with a mutant", -1, options_.jobs);
      }
      if (next == trials_.size()) return std::nullopt;
      return next++;
    };
    const auto work = [this](size_t index) {
      SetActiveMutant(mutants_[trials_[index].mutant].name);
      return RunAndPrint(trials_[index].planned);
    };
    return pool_.Run(take, work, [this](size_t index, JobEnd end) { Take(index, std::move(end)); });
  }

  void Take(size_t index, JobEnd end) {
    const Trial& trial = trials_[index];
    MutantRow& row = matrix_.rows[trial.mutant];
    const EndedJob ended = ResultOfEnd(trial.planned.job, std::move(end));
    ++row.tried;
    progress_.Ended("with a mutant", ended.result.duration, false, env_.Now());
    if (ended.result.outcome != Outcome::kFail) return;
    const std::string id(ended.result.id);
    // A cluster that does not come up is no verdict of the behaviour's test.
    if (ended.crashed || ended.result.message.starts_with(kSetupFailed)) {
      row.crashed.push_back(id);
      return;
    }
    row.by.push_back(id);
    if (std::exchange(row.killed, true)) return;
    const std::string why = ended.result.message.substr(0, std::min<size_t>(ended.result.message.find('\n'), 120));
    progress_.Say("killed  " + row.name + " by " + id + ": " + why);
  }

  const MutantOptions& options_;
  std::vector<Mutant> mutants_;
  runtime::posix::PosixEnv env_;
  JobPool pool_;
  Progress progress_;
  std::vector<std::unique_ptr<BackendHost>> plain_;
  std::vector<std::unique_ptr<BackendHost>> faulted_;
  std::set<JobKey> unsound_;
  std::vector<Trial> trials_;
  KillMatrix matrix_;
};

void PrintTable(const KillMatrix& matrix) {
  int killed = 0;
  for (const MutantRow& row : matrix.rows) {
    killed += row.killed ? 1 : 0;
    std::string by = row.by.empty() ? std::string("-") : row.by.front();
    if (row.by.size() > 1) by += " and " + std::to_string(row.by.size() - 1) + " more";
    if (!row.killed && !row.crashed.empty()) by = "- (crashed in " + row.crashed.front() + ": no kill)";
    std::printf("%-9s %-12s %-42s %s\n", row.killed ? "killed" : "SURVIVED", row.component.c_str(), row.name.c_str(),
                by.c_str());
  }
  std::printf("%d of %zu mutants killed\n", killed, matrix.rows.size());
}

}  // namespace

int RunMutants(int argc, char** argv) {
#ifdef KP_NO_MUTANTS
  (void)argc, (void)argv;
  return Complain(kUsage, "this build has no mutants");
#else
  MutantOptions options;
  Flags flags;
  flags.Text("output", &options.output);
  flags.Text("name", &options.name);
  flags.List("id", &options.ids);
  flags.Integer("seeds", &options.seeds);
  flags.Integer("jobs", &options.jobs);
  flags.Boolean("full", &options.full);
  flags.Boolean("likely", &options.likely);
  std::vector<char*> arguments = WithLongOutput(argc, argv);
  if (Status status = flags.Parse(static_cast<int>(arguments.size()), arguments.data()); !status.ok()) {
    return Complain(kUsage, status.message() + "; " + kUsageText);
  }
  if (!options.output.empty() && options.output != "json") return Complain(kUsage, "-o: want json");
  if (options.seeds < 1 || options.jobs < 1) return Complain(kUsage, "--seeds and --jobs: want at least 1");
  std::vector<Mutant> mutants = chaos::BuiltinMutants();
  if (!options.name.empty()) {
    std::erase_if(mutants, [&](const Mutant& mutant) { return mutant.name != options.name; });
    if (mutants.empty()) return Complain(kUsage, "mutant '" + options.name + "' does not exist");
  }
  MutantRun run(options, std::move(mutants));
  const Result<bool> completed = run.Run();
  if (!completed.ok()) return Complain(kUsage, completed.error().message());
  if (Status status = SaveKillMatrix(run.matrix()); !status.ok()) return Complain(kEnvironment, status.message());
  if (options.output == "json") {
    std::printf("%s", PrintKillMatrixJson(run.matrix()).c_str());
  } else {
    PrintTable(run.matrix());
  }
  if (!*completed) return kAborted;
  // Killing mutants is what tests are for; a survivor is their failure.
  return std::ranges::all_of(run.matrix().rows, &MutantRow::killed) ? kPass : kFailures;
#endif
}

}  // namespace kp::cli
