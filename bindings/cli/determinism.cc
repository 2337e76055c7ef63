#include "bindings/cli/determinism.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>

#include "bindings/cli/commands.h"
#include "bindings/cli/job_pool.h"
#include "bindings/cli/sim_host.h"

namespace kp::cli {
namespace {

// A transcript's text is some hundred bytes an entry; this many are read back through a pipe.
constexpr size_t kKeptEntries = 2'000'000;

std::string Transcript(const PlannedJob& planned, const ClusterShape& shape, bool with_entries) {
  fixtures::SimClusterOptions options = SimOptions(shape, *planned.entry, planned.job);
  options.kept_draws = with_entries ? kKeptEntries : 0;
  fixtures::SimCluster cluster(options);
  const reports::TestResult result = RunInSim(cluster, shape, *planned.entry, planned.job);
  const auto& log = cluster.world().draw_log();
  std::string text = std::to_string(log.hash()) + " after " + std::to_string(log.count()) + " entries, " +
                     std::string(reports::OutcomeName(result.outcome)) + "\n";
  for (const std::string& entry : log.entries()) text += entry + "\n";
  return text;
}

// What must not matter to a simulation: where its memory lies and what is in it, the folder, the time zone.
void DisturbProcess() {
  mallopt(M_PERTURB, 0x5a);
  static std::vector<std::string> ballast;
  for (size_t size = 1; size < 4096; size += 7) ballast.emplace_back(size, 'x');
  setenv("TZ", "Pacific/Chatham", 1);
  tzset();
  CHECK(chdir("/") == 0);
}

// Line by line, without copying transcripts that may be large.
std::string FirstDifference(std::string_view a, std::string_view b) {
  // The first line is the hash, which differs; the entries say where.
  size_t number = 0;
  while (!a.empty() || !b.empty()) {
    const std::string_view line_a = a.substr(0, a.find('\n'));
    const std::string_view line_b = b.substr(0, b.find('\n'));
    if (number > 0 && line_a != line_b) {
      return "entry " + std::to_string(number) + ":\n  " + std::string(line_a) + "\n  " + std::string(line_b);
    }
    a.remove_prefix(std::min(a.size(), line_a.size() + 1));
    b.remove_prefix(std::min(b.size(), line_b.size() + 1));
    ++number;
  }
  return "the kept entries agree: the difference is behind the first " + std::to_string(kKeptEntries);
}

// Runs each job of `which` twice; the two transcripts of each.
std::map<size_t, std::pair<std::string, std::string>> RunTwice(runtime::posix::PosixEnv& env, const Plan& plan,
                                                               const ConformOptions& options,
                                                               const std::vector<size_t>& which, bool with_entries) {
  std::map<size_t, std::pair<std::string, std::string>> transcripts;
  JobPool pool(env, {.workers = options.jobs > 0 ? options.jobs : 2, .deadline = options.job_timeout});
  size_t next = 0;
  pool.Run([&] { return next < 2 * which.size() ? std::optional(next++) : std::nullopt; },
           [&](size_t index) {
             if (index % 2 == 1) DisturbProcess();
             return Transcript(plan.jobs[which[index / 2]], options.shape, with_entries);
           },
           [&](size_t index, JobEnd end) {
             auto& [first, second] = transcripts[which[index / 2]];
             (index % 2 == 0 ? first : second) =
                 end.kind == JobEnd::Kind::kDone ? end.output : "no result: " + end.reason;
           });
  return transcripts;
}

}  // namespace

int CheckDeterminism(const Plan& plan, const ConformOptions& options) {
  runtime::posix::PosixEnv env({.name = "kubeproof"});
  std::vector<size_t> all;
  for (size_t i = 0; i < plan.jobs.size(); ++i) all.push_back(i);
  int differing = 0;
  for (const auto& [index, transcripts] : RunTwice(env, plan, options, all, false)) {
    if (transcripts.first == transcripts.second) continue;
    ++differing;
    std::printf("%s (seed %llu): %s    and: %s", plan.jobs[index].job.behaviour.name().c_str(),
                static_cast<unsigned long long>(plan.jobs[index].job.seed), transcripts.first.c_str(),
                transcripts.second.c_str());
    const auto again = RunTwice(env, plan, options, {index}, true);
    std::printf("  %s\n", FirstDifference(again.at(index).first, again.at(index).second).c_str());
  }
  std::printf("%zu simulated worlds run twice, %d with two different transcripts\n", plan.jobs.size(), differing);
  return differing == 0 && !plan.jobs.empty() ? kPass : kFailures;
}

int PrintTranscripts(const Plan& plan, const ConformOptions& options) {
  runtime::posix::PosixEnv env({.name = "kubeproof"});
  std::vector<std::string> lines(plan.jobs.size(), "no result\n");
  JobPool pool(env, {.workers = options.jobs > 0 ? options.jobs : 2, .deadline = options.job_timeout});
  size_t next = 0;
  bool all = true;
  pool.Run([&] { return next < lines.size() ? std::optional(next++) : std::nullopt; },
           [&](size_t index) { return Transcript(plan.jobs[index], options.shape, false); },
           [&](size_t index, JobEnd end) {
             if (end.kind == JobEnd::Kind::kDone) {
               lines[index] = std::move(end.output);
             } else {
               all = false;
             }
           });
  for (size_t i = 0; i < lines.size(); ++i) {
    std::printf("%s seed %llu: %s", plan.jobs[i].job.behaviour.name().c_str(),
                static_cast<unsigned long long>(plan.jobs[i].job.seed), lines[i].c_str());
  }
  return all ? kPass : kFailures;
}

}  // namespace kp::cli
