#include "bindings/cli/mutant_run.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bindings/cli/property_host.h"
#include "conformance/selection.h"
#include "properties/property.h"
#include "reference/base/mutant.h"

namespace kp::cli {

using chaos::Mutant;
using conformance::Entry;
using reports::Outcome;

namespace {

constexpr const char* kGroup = "tests";

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

void AddOnce(std::vector<std::string>& list, std::string_view text) {
  if (!Contains(list, text)) list.emplace_back(text);
}

// Some properties hold by stopping the process.
bool StopsAsItShould(const PlannedJob& planned, const EndedJob& ended) {
  const properties::Property* property = properties::FindProperty(planned.job.behaviour.id);
  return property != nullptr && !property->stops.empty() && ended.crashed &&
         ended.result.message.find(property->stops) != std::string::npos;
}

std::string FirstLine(const std::string& text) { return text.substr(0, std::min<size_t>(text.find('\n'), 120)); }

}  // namespace

MutantRun::MutantRun(const MutantRunOptions& options, std::vector<Mutant> mutants)
    : options_(options),
      mutants_(std::move(mutants)),
      env_({.name = "kubeproof"}),
      pool_(env_, {.workers = options.jobs, .deadline = 120s}),
      progress_(isatty(STDERR_FILENO) != 0, env_.Now()),
      properties_(MakePropertyHost(0)),
      one_seed_(MakePropertyHost(1)) {
  plain_.push_back(MakeSimHost({}));
  faulted_.push_back(MakeSimHost({.members = 3, .faults = true}));
  for (const Mutant& mutant : mutants_) {
    MutantRow row;
    row.name = mutant.name;
    row.component = mutant.component;
    row.breaks = mutant.breaks;
    row.faults = mutant.faults;
    matrix_.rows.push_back(std::move(row));
  }
}

Result<bool> MutantRun::Run() {
  conformance::Selection selection;
  selection.ids = options_.ids;
  auto entries = conformance::Select(conformance::BuiltinCatalogue(), selection);
  if (!entries.ok()) return entries.error();
  entries_ = std::move(entries).value();
  env_.HandleSignals([this](int) { pool_.Stop(); });
  const auto run = [this] {
    progress_.Expect(kGroup, static_cast<int>(trials_.size() - next_trial_), options_.jobs);
    return pool_.Run([this] { return Next(); }, [this](size_t task) { return Work(task); },
                     [this](size_t task, JobEnd end) { Take(task, std::move(end)); });
  };
  for (size_t i = 0; i < mutants_.size(); ++i) PlanNamed(i);
  bool completed = run();
  if (completed) NameIdle();
  if (completed && !options_.likely) {
    for (size_t i = 0; i < mutants_.size(); ++i) PlanOthers(i);
    completed = run();
  }
  progress_.Finish();
  for (MutantRow& row : matrix_.rows) {
    for (std::vector<std::string>* ids : {&row.by, &row.crashed, &row.without_faults}) std::ranges::sort(*ids);
  }
  return completed;
}

std::vector<PlannedJob> MutantRun::JobsOf(const std::vector<std::string>& ids, bool faults) {
  std::vector<const Entry*> entries;
  std::ranges::copy_if(entries_, std::back_inserter(entries), [&](const Entry* e) { return Contains(ids, e->id); });
  return MakePlan(entries, conformance::RegisteredBehaviours(), faults ? faulted_ : plain_,
                  {1, faults ? options_.seeds : 1})
      .jobs;
}

void MutantRun::PlanNamed(size_t mutant) {
  const Mutant& m = mutants_[mutant];
  for (PlannedJob& job : JobsOf(m.by, m.faults)) trials_.push_back({mutant, std::move(job)});
  if (options_.ids.empty()) {
    for (const std::string& id : m.properties) trials_.push_back({mutant, PlanProperty(id, m.seed, *properties_)});
  }
  if (!m.faults) return;
  for (PlannedJob& job : JobsOf(m.by, false)) {
    // A test that breaks things itself is the same without a nemesis.
    if (!BreaksByItself(*job.entry)) trials_.push_back({mutant, std::move(job), true});
  }
}

// The likely ones first, for a kill ends a mutant's trials: what noticed it in the last run, then what is of its
// area.
void MutantRun::PlanOthers(size_t mutant) {
  const Mutant& m = mutants_[mutant];
  if (matrix_.rows[mutant].killed && !options_.full) return;
  std::vector<std::string> earlier;
  if (const std::optional<KillMatrix> last = ReadKillMatrix()) {
    for (const MutantRow& row : last->rows) {
      if (row.name == m.name) earlier = row.by;
    }
  }
  std::vector<std::string> ids;
  for (const Entry* entry : entries_) {
    if (!Contains(m.by, entry->id)) ids.push_back(entry->id);
  }
  std::vector<PlannedJob> jobs = JobsOf(ids, m.faults);
  std::ranges::stable_partition(jobs, [&](const PlannedJob& j) { return Contains(earlier, j.job.behaviour.id); });
  for (PlannedJob& job : jobs) trials_.push_back({mutant, std::move(job)});
}

bool MutantRun::Wanted(const Trial& trial) const {
  const MutantRow& row = matrix_.rows[trial.mutant];
  if (trial.without_faults) return true;
  const std::string_view id = trial.planned.job.behaviour.id;
  if (Contains(row.by, id)) return false;  // one seed is enough
  const Mutant& m = mutants_[trial.mutant];
  return options_.full || !row.killed || Contains(m.by, id) || Contains(m.properties, id);
}

std::optional<size_t> MutantRun::Next() {
  if (!comparisons_.empty()) {
    tasks_.push_back({std::move(comparisons_.front()), std::nullopt});
    comparisons_.pop_front();
    return tasks_.size() - 1;
  }
  for (; next_trial_ < trials_.size() && !Wanted(trials_[next_trial_]); ++next_trial_) {
    progress_.Expect(kGroup, -1, options_.jobs);
  }
  if (next_trial_ == trials_.size()) return std::nullopt;
  tasks_.push_back({trials_[next_trial_].planned, next_trial_});
  ++next_trial_;
  return tasks_.size() - 1;
}

std::string MutantRun::Work(size_t task) const {
  const Task& t = tasks_[task];
  SetActiveMutant(t.trial ? mutants_[trials_[*t.trial].mutant].name : "");
  return RunAndPrint(t.planned);
}

void MutantRun::Take(size_t task, JobEnd end) {
  const EndedJob ended = ResultOfEnd(tasks_[task].planned.job, std::move(end));
  progress_.Ended(kGroup, ended.result.duration, false, env_.Now());
  if (tasks_[task].trial) return TakeTrial(*tasks_[task].trial, ended);
  TakeComparison(tasks_[task].planned, ended);
}

void MutantRun::TakeTrial(size_t trial, const EndedJob& ended) {
  MutantRow& row = matrix_.rows[trials_[trial].mutant];
  ++row.tried;
  if (ended.result.outcome != Outcome::kFail) return;
  // A crash, or a cluster that does not come up, is no verdict of the test.
  if (ended.crashed || ended.result.message.starts_with(kSetupFailed)) return AddOnce(row.crashed, ended.result.id);
  PlannedJob planned = trials_[trial].planned;
  if (planned.host == properties_.get()) planned = PlanProperty(ended.result.id, ended.result.seed, *one_seed_);
  const JobKey key = {planned.job.behaviour.name(), planned.job.seed, planned.host};
  const Suspicion suspicion{trial, ended.result.message};
  if (const auto known = sound_.find(key); known != sound_.end()) {
    if (known->second) Note(suspicion);
    return;
  }
  std::vector<Suspicion>& waiting = suspicions_[key];
  waiting.push_back(suspicion);
  if (waiting.size() > 1) return;
  comparisons_.push_back(std::move(planned));
  progress_.Expect(kGroup, 1, options_.jobs);
}

void MutantRun::TakeComparison(const PlannedJob& planned, const EndedJob& ended) {
  const JobKey key = {planned.job.behaviour.name(), planned.job.seed, planned.host};
  const bool sound = sound_[key] = ended.result.outcome == Outcome::kPass || StopsAsItShould(planned, ended);
  const std::vector<Suspicion> waiting = std::exchange(suspicions_[key], {});
  if (!sound) return progress_.Say("left out, for it fails without a mutant: " + planned.job.recipe);
  for (const Suspicion& suspicion : waiting) Note(suspicion);
}

void MutantRun::Note(const Suspicion& suspicion) {
  const Trial& trial = trials_[suspicion.trial];
  const std::string_view id = trial.planned.job.behaviour.id;
  MutantRow& row = matrix_.rows[trial.mutant];
  if (trial.without_faults) return AddOnce(row.without_faults, id);
  AddOnce(row.by, id);
  if (std::exchange(row.killed, true)) return;
  progress_.Say("killed  " + row.name + " by " + std::string(id) + ": " + FirstLine(suspicion.message));
}

void MutantRun::NameIdle() {
  for (size_t i = 0; i < mutants_.size(); ++i) {
    for (const auto* named : {&mutants_[i].by, &mutants_[i].properties}) {
      for (const std::string& id : *named) {
        const bool tried =
            options_.ids.empty() || std::ranges::any_of(entries_, [&](const Entry* e) { return e->id == id; });
        if (tried && !Contains(matrix_.rows[i].by, id)) matrix_.rows[i].idle.push_back(id);
      }
    }
  }
}

}  // namespace kp::cli
