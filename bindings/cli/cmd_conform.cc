// kubeproof conform: checks the catalogued behaviours and writes down what it found.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "bindings/cli/commands.h"
#include "bindings/cli/conform_options.h"
#include "bindings/cli/conform_plan.h"
#include "bindings/cli/determinism.h"
#include "bindings/cli/fault_tally.h"
#include "bindings/cli/job_results.h"
#include "bindings/cli/progress.h"
#include "bindings/cli/run_folder.h"
#include "bindings/cli/version.h"
#include "conformance/expected_failure.h"
#include "conformance/known_deviations.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::cli {
namespace {

using conformance::Entry;
using fixtures::Backend;
using reports::Outcome;
using reports::RunRecord;

int Complain(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "kubeproof conform: %s\n", message.c_str());
  return code;
}

Result<std::vector<const Entry*>> SelectEntries(ConformOptions& options) {
  if (!options.rerun_from.empty()) {
    Result<RunRecord> earlier = ReadRun(options.rerun_from);
    if (!earlier.ok()) return earlier.error();
    const std::set<std::string> failed = reports::FailedIds(*earlier);
    if (failed.empty()) return Status(Code::kInvalidArgument, "nothing failed in " + options.rerun_from);
    options.selection.rerun = failed;
  }
  return conformance::Select(conformance::BuiltinCatalogue(), options.selection);
}

std::vector<std::unique_ptr<BackendHost>> MakeHosts(const ConformOptions& options) {
  std::vector<std::unique_ptr<BackendHost>> hosts;
  for (Backend backend : options.backends) {
    switch (backend) {
      case Backend::kSim: hosts.push_back(MakeSimHost(options.shape)); break;
      case Backend::kProcess:
        hosts.push_back(options.shape.etcd_endpoints.empty() ? MakeProcessHost(options.shape)
                                                             : MakeStoreHost(options.shape));
        break;
      case Backend::kRemote: hosts.push_back(MakeRemoteHost(options.shape)); break;
    }
  }
  return hosts;
}

void PrintList(const std::vector<const Entry*>& entries) {
  for (const Entry* entry : entries) {
    std::printf("%-6s %s\n", std::string(conformance::LevelName(entry->level)).c_str(), entry->id.c_str());
  }
}

void PrintDryRun(const Plan& plan) {
  for (const PlannedJob& planned : plan.jobs) {
    std::printf("would run       %-8s seed %-4llu %s\n", planned.job.backend.c_str(),
                static_cast<unsigned long long>(planned.job.seed), planned.job.behaviour.name().c_str());
  }
  for (const reports::TestResult& result : plan.settled) {
    std::printf("%-15s %-8s           %s: %s\n", std::string(reports::OutcomeName(result.outcome)).c_str(),
                result.backend.c_str(), result.id.c_str(), result.message.c_str());
  }
  std::printf("dry run: %zu tests would run; nothing was checked\n", plan.jobs.size());
}

// One run of the command, after its arguments made sense.
class ConformRun {
 public:
  ConformRun(const ConformOptions& options, Plan plan, std::vector<std::unique_ptr<BackendHost>>& hosts)
      : options_(options),
        plan_(std::move(plan)),
        hosts_(hosts),
        env_({.name = "kubeproof"}),
        progress_(isatty(STDERR_FILENO) != 0, env_.Now()) {}

  int Run(const std::vector<const Entry*>& entries) {
    env_.HandleSignals([this](int) { Abort("interrupted"); });
    DescribeRun(entries);
    Result<std::string> folder = MakeRunFolder(options_.out, run_.started);
    if (!folder.ok()) return Complain(kEnvironment, folder.error().message());
    for (auto& host : hosts_) {
      if (!NeedsHost(*host)) continue;
      if (Status status = host->Start(); !status.ok()) {
        return Complain(kEnvironment, std::string(host->name()) + ": " + status.message());
      }
      run_.server += (run_.server.empty() ? "" : "; ") + host->ServerIdentity();
    }
    if (Status status = ReadExpectations(); !status.ok()) return Complain(kUsage, status.message());
    RunJobs();
    std::ranges::stable_sort(run_.results, {}, [](const reports::TestResult& r) {
      return std::tuple(std::string_view(r.id), std::string_view(r.test), std::string_view(r.backend), r.seed);
    });
    run_.duration = env_.Now() - started_;
    if (Status status = WriteRun(*folder, run_); !status.ok()) return Complain(kEnvironment, status.message());
    PrintSummary(*folder);
    if (!run_.aborted.empty()) return kAborted;
    return reports::Passed(run_) ? kPass : kFailures;
  }

 private:
  static int Cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 2;
  }

  // Simulated time is all work; in real time a test mostly waits.
  int Workers(const BackendHost& host) const {
    if (host.OneAtATime()) return 1;
    if (options_.jobs > 0) return options_.jobs;
    return host.backend() == Backend::kSim ? Cores() : 4 * Cores();
  }

  void DescribeRun(const std::vector<const Entry*>& entries) {
    run_.tool = "kubeproof " + std::string(Version());
    run_.started = env_.Wall();
    started_ = env_.Now();
    run_.seed = options_.seed;
    run_.mutant = ActiveMutant();
    run_.command = options_.command;
    for (Backend backend : options_.backends) run_.backends.emplace_back(fixtures::BackendName(backend));
    for (const Entry* entry : entries) run_.behaviours.push_back(NoteOf(*entry, conformance::BuiltinCatalogue()));
    run_.results = plan_.settled;
  }

  bool NeedsHost(const BackendHost& host) const {
    return std::ranges::any_of(plan_.jobs, [&](const PlannedJob& planned) { return planned.host == &host; });
  }

  // The user's list, or ours for the version of a server that is not our own.
  Status ReadExpectations() {
    if (!options_.expected_failures.empty()) {
      const Result<std::string> text = env_.disk().ReadAll(options_.expected_failures);
      if (!text.ok()) return text.status();
      auto list = conformance::ParseDeviations(options_.expected_failures, *text);
      if (!list.ok()) return list.status();
      expected_ = std::move(*list);
      return {};
    }
    for (const auto& host : hosts_) {
      if (const std::string version = host->ServerVersion(); !version.empty()) {
        expected_ = conformance::BuiltinDeviations(version);
      }
    }
    return {};
  }

  void Abort(const std::string& why) {
    if (run_.aborted.empty()) run_.aborted = why;
    if (pool_ != nullptr) pool_->Stop();
  }

  void RunJobs() {
    for (const PlannedJob& planned : plan_.jobs) progress_.Expect(planned.job.backend, 1, Workers(*planned.host));
    progress_.Say("checking " + std::to_string(run_.behaviours.size()) + " behaviours on " +
                  Join(run_.backends, " and ") + ": " + std::to_string(plan_.jobs.size()) + " tests, seed " +
                  std::to_string(options_.seed));
    runtime::Timer limit(env_);
    if (options_.timeout > Duration(0)) {
      limit.Start(options_.timeout, [this] { Abort("timed out after " + FormatDuration(options_.timeout)); });
    }
    std::vector<bool> done(plan_.jobs.size());
    for (const auto& host : hosts_) RunJobsOf(*host, done);
    progress_.Finish();
    for (size_t i = 0; i < done.size(); ++i) {
      if (done[i]) continue;
      reports::TestResult result = conformance::ResultOf(plan_.jobs[i].job);
      result.message = "the run ended before";
      run_.results.push_back(std::move(result));
    }
  }

  void RunJobsOf(const BackendHost& host, std::vector<bool>& done) {
    if (!run_.aborted.empty()) return;
    std::vector<size_t> jobs;
    for (size_t i = 0; i < plan_.jobs.size(); ++i) {
      if (plan_.jobs[i].host == &host) jobs.push_back(i);
    }
    JobPool pool(env_, {.workers = Workers(host), .deadline = options_.job_timeout});
    pool_ = &pool;
    size_t next = 0;
    pool.Run([&] { return next < jobs.size() ? std::optional(jobs[next++]) : std::nullopt; },
             [this](size_t index) { return RunAndPrint(plan_.jobs[index]); },
             [&](size_t index, JobEnd end) {
               done[index] = true;
               Take(index, std::move(end));
             });
    pool_ = nullptr;
  }

  void Take(size_t index, JobEnd end) {
    const Duration took = end.duration;
    reports::TestResult result = ResultOfEnd(plan_.jobs[index].job, std::move(end)).result;
    conformance::Excuse(conformance::BuiltinCatalogue(), env_.Wall(), result);
    conformance::ApplyDeviations(expected_, run_.started, result);
    const bool failed = result.outcome == Outcome::kFail;
    progress_.Ended(result.backend, took, failed, env_.Now());
    faults_.Count(result);
    tls_worlds_ +=
        std::ranges::any_of(result.timeline, [](const auto& e) { return e.object == kWorld && e.event == "tls"; });
    Trim(result);
    if (failed)
      progress_.Say("FAIL " + result.id + " (" + result.backend + ", seed " + std::to_string(result.seed) + ")");
    run_.results.push_back(std::move(result));
  }

  // A campaign's passes beyond a behaviour's first say nothing new, and would make files that nobody can open.
  void Trim(reports::TestResult& result) {
    if (result.outcome != Outcome::kPass || told_.insert({result.id, result.backend}).second) return;
    result.steps.clear();
    result.timeline.clear();
  }

  // Each failing behaviour once a back end, with its first failure and how often.
  void PrintFailures() const {
    std::map<std::pair<std::string, std::string>, std::vector<const reports::TestResult*>> failures;
    for (const reports::TestResult& result : run_.results) {
      if (result.outcome == Outcome::kFail) failures[{result.id, result.backend}].push_back(&result);
    }
    if (!failures.empty()) std::printf("failed:\n");
    for (const auto& [key, results] : failures) {
      const reports::TestResult& first = *results.front();
      std::printf("  %s (%s%s)\n", key.first.c_str(), key.second.c_str(),
                  results.size() > 1 ? (", " + std::to_string(results.size()) + " times").c_str() : "");
      const std::string_view message = first.message;
      std::printf("    %s\n", std::string(message.substr(0, std::min<size_t>(message.find('\n'), 300))).c_str());
      std::printf("    again: %s\n", first.recipe.c_str());
    }
  }

  void PrintSummary(const std::string& folder) const {
    PrintFailures();
    std::printf("%s", faults_.Table().c_str());
    for (const std::string& backend : run_.backends) {
      std::map<Outcome, int> counts;
      for (const reports::TestResult& result : run_.results) {
        if (result.backend == backend) ++counts[result.outcome];
      }
      std::vector<std::string> parts;
      for (const auto& [outcome, number] : counts) {
        parts.push_back(std::to_string(number) + " " + std::string(reports::OutcomeName(outcome)));
      }
      std::printf("%-8s %s\n", (backend + ":").c_str(), Join(parts, ", ").c_str());
    }
    if (tls_worlds_ > 0) std::printf("%d simulated worlds had real TLS on every connection\n", tls_worlds_);
    if (!run_.mutant.empty()) std::printf("mutant %s was on: this proves tests, not a cluster\n", run_.mutant.c_str());
    if (!run_.aborted.empty()) std::printf("aborted: %s\n", run_.aborted.c_str());
    std::printf("%s in %s; report: %s/report.html\n", reports::Passed(run_) ? "PASS" : "NOT PASSED",
                FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(run_.duration)).c_str(),
                folder.c_str());
  }

  const ConformOptions& options_;
  Plan plan_;
  std::vector<std::unique_ptr<BackendHost>>& hosts_;
  runtime::posix::PosixEnv env_;
  JobPool* pool_ = nullptr;  // while jobs run
  Progress progress_;
  Time started_;
  RunRecord run_;
  FaultTally faults_;
  int tls_worlds_ = 0;
  std::vector<conformance::KnownDeviation> expected_;
  std::set<std::pair<std::string, std::string>> told_;  // behaviours and back ends with a pass told in full
};

}  // namespace

int RunConform(int argc, char** argv) {
  Result<ConformOptions> parsed = ParseConformOptions(argc, argv);
  if (!parsed.ok()) return Complain(kUsage, parsed.error().message() + "; see kubeproof conform --help");
  ConformOptions& options = *parsed;
  if (options.help) {
    std::printf("%s", ConformHelp().c_str());
    return kPass;
  }
  const Result<std::vector<const Entry*>> entries = SelectEntries(options);
  if (!entries.ok()) return Complain(kUsage, entries.error().message());
  if (options.list) {
    PrintList(*entries);
    return kPass;
  }
  std::vector<std::unique_ptr<BackendHost>> hosts = MakeHosts(options);
  Plan plan = MakePlan(*entries, conformance::RegisteredBehaviours(), hosts, {options.seed, options.seeds});
  if (options.dry_run) {
    PrintDryRun(plan);
    return kPass;
  }
  if (options.transcripts) return PrintTranscripts(plan, options);
  if (options.check_determinism) return CheckDeterminism(plan, options);
  return ConformRun(options, std::move(plan), hosts).Run(*entries);
}

}  // namespace kp::cli
