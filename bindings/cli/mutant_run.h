// Runs tests under one deliberate bug after the other and notes which of them notice.
//
// First each mutant meets the tests that are named for it, all of them: that is what makes a test proven.
// A mutant that they leave alive meets the other behaviours until one notices. A mutant that shows only under
// faults must go unnoticed by the same tests without. A test counts when it passes without the mutant: that
// is checked for those that failed, once each.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bindings/cli/conform_plan.h"
#include "bindings/cli/job_pool.h"
#include "bindings/cli/job_results.h"
#include "bindings/cli/kill_matrix.h"
#include "bindings/cli/progress.h"
#include "chaos/mutants.h"

namespace kp::cli {

struct MutantRunOptions {
  std::vector<std::string> ids;  // behaviours to which it is confined
  int seeds = 20;                // of faulted runs; without faults one seed tells as much as twenty
  int jobs = 2;
  bool full = false;    // every behaviour under every mutant
  bool likely = false;  // none but the tests that are named for a mutant
};

class MutantRun {
 public:
  MutantRun(const MutantRunOptions& options, std::vector<chaos::Mutant> mutants);

  // False when it was interrupted. An error when the options name no behaviour.
  Result<bool> Run();
  const KillMatrix& matrix() const { return matrix_; }

 private:
  // A job as it is told from others: a test in one simulated world.
  using JobKey = std::tuple<std::string, uint64_t, const BackendHost*>;
  struct Trial {
    size_t mutant = 0;
    PlannedJob planned;
    bool without_faults = false;  // it must not notice
  };
  // With the mutant on, or the sound reference to be compared with.
  struct Task {
    PlannedJob planned;
    std::optional<size_t> trial;
  };
  // What failed with its mutant and waits for the verdict without.
  struct Suspicion {
    size_t trial;
    std::string message;
  };

  std::vector<PlannedJob> JobsOf(const std::vector<std::string>& ids, bool faults);
  void PlanNamed(size_t mutant);
  void PlanOthers(size_t mutant);
  bool Wanted(const Trial& trial) const;
  std::optional<size_t> Next();
  std::string Work(size_t task) const;
  void Take(size_t task, JobEnd end);
  void TakeTrial(size_t trial, const EndedJob& ended);
  void TakeComparison(const PlannedJob& planned, const EndedJob& ended);
  void Note(const Suspicion& suspicion);
  void NameIdle();

  const MutantRunOptions& options_;
  std::vector<chaos::Mutant> mutants_;
  runtime::posix::PosixEnv env_;
  JobPool pool_;
  Progress progress_;
  std::vector<std::unique_ptr<BackendHost>> plain_;
  std::vector<std::unique_ptr<BackendHost>> faulted_;
  std::unique_ptr<BackendHost> properties_;
  std::unique_ptr<BackendHost> one_seed_;  // of a property, to see it hold without the mutant
  std::vector<const conformance::Entry*> entries_;
  std::vector<Trial> trials_;
  size_t next_trial_ = 0;
  std::vector<Task> tasks_;
  std::deque<PlannedJob> comparisons_;  // to be run before any further trial
  std::map<JobKey, bool> sound_;        // verdicts of comparisons
  std::map<JobKey, std::vector<Suspicion>> suspicions_;
  KillMatrix matrix_;
};

}  // namespace kp::cli
