// kubeproof explore raft: every state that a small cluster can get into, tried with the real raft::Node.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "bindings/cli/bench.h"
#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "bindings/cli/flags.h"
#include "properties/raft/explore.h"
#include "properties/raft/state_set.h"
#include "reference/base/mutant.h"

namespace kp::cli {
namespace {

using properties::Exploration;
using properties::Explorer;
using properties::Scope;

constexpr const char* kHelp =
    "usage: kubeproof explore raft [--terms N] [--commands N] [--messages N] [--duplicates N] [--crashes N]\n"
    "                              [--heartbeats N] [--async-disk] [--pre-vote] [--max-states N]\n"
    "Tries all orders of deliveries, losses, elections, proposals and the faults that are asked for, in a cluster of\n"
    "three, and prints the shortest way to a broken law. Without flags: 2 terms, 2 commands, 3 messages in flight.\n";

constexpr size_t kStatesBetweenReports = 1 << 20;

int64_t PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

void PrintFigures(const Exploration& result, double seconds) {
  std::printf("%llu distinct states, %llu transitions, %llu steps deep\n",
              static_cast<unsigned long long>(result.states), static_cast<unsigned long long>(result.transitions),
              static_cast<unsigned long long>(result.depth));
  std::printf("%zu distinct states of one member, %zu steps of the real node, %zu distinct messages\n",
              result.member_states, result.member_steps, result.messages);
  std::printf("%.1f s of CPU, %.0f states/s, %lld MB at most\n", seconds, static_cast<double>(result.states) / seconds,
              static_cast<long long>(PeakMegabytes()));
}

int Tell(const Exploration& result) {
  if (result.violation) {
    std::printf("%s\nThe shortest way there:\n", result.violation->c_str());
    for (size_t i = 0; i < result.trace.size(); ++i) std::printf("%3zu. %s\n", i + 1, result.trace[i].c_str());
    return kFailures;
  }
  if (!result.complete) {
    std::printf("Stopped before the end; no law was broken so far.\n");
    return kAborted;
  }
  std::printf("Explored to the end: no law can be broken in this scope.\n");
  if (ActiveMutant().empty()) return kPass;
  std::printf("The mutant %s is not seen in it.\n", ActiveMutant().c_str());
  return kFailures;
}

int ExploreRaft(const Scope& scope, size_t max_states) {
  const double start = CpuSeconds();
  std::printf("%s\n", scope.ToString().c_str());
  Explorer explorer(scope);
  const size_t portion = max_states == 0 ? kStatesBetweenReports : std::min(kStatesBetweenReports, max_states);
  while (explorer.Advance(portion) && (max_states == 0 || explorer.result().states < max_states)) {
    std::fprintf(stderr, "%llu states so far\n", static_cast<unsigned long long>(explorer.result().states));
  }
  const Exploration result = explorer.result();
  PrintFigures(result, std::max(CpuSeconds() - start, 1e-3));
  return Tell(result);
}

}  // namespace

int RunExplore(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) == "--help") {
    std::fputs(kHelp, argc < 2 ? stderr : stdout);
    return argc < 2 ? kUsage : kPass;
  }
  if (std::string_view(argv[1]) != "raft") return Complain("explore", "want: explore raft", kUsage);
  int terms = 2;
  int commands = 2;
  int messages = 3;
  int duplicates = 0;
  int crashes = 0;
  int heartbeats = 0;
  int max_states = 0;
  bool async_disk = false;
  bool pre_vote = false;
  Flags flags;
  flags.Integer("terms", &terms);
  flags.Integer("commands", &commands);
  flags.Integer("messages", &messages);
  flags.Integer("duplicates", &duplicates);
  flags.Integer("crashes", &crashes);
  flags.Integer("heartbeats", &heartbeats);
  flags.Integer("max-states", &max_states);
  flags.Boolean("async-disk", &async_disk);
  flags.Boolean("pre-vote", &pre_vote);
  if (Status status = flags.Parse(argc - 1, argv + 1); !status.ok()) {
    return Complain("explore", status.message(), kUsage);
  }
  const auto within = [](int value, size_t most) { return value >= 0 && static_cast<size_t>(value) <= most; };
  if (!within(terms, properties::kMaxTerms - 1) || !within(messages, properties::kMaxInFlight) ||
      !within(commands, 9) || !within(duplicates, 9) || !within(crashes, 9) || !within(heartbeats, 9)) {
    return Complain("explore", "at most 3 terms, 4 messages, and 9 of everything else", kUsage);
  }
  const Scope scope{
      .terms = static_cast<size_t>(terms),
      .commands = static_cast<size_t>(commands),
      .messages = static_cast<size_t>(messages),
      .duplicates = static_cast<size_t>(duplicates),
      .crashes = static_cast<size_t>(crashes),
      .heartbeats = static_cast<size_t>(heartbeats),
      .disk = async_disk ? properties::LocalStates::Disk::kAsynchronous : properties::LocalStates::Disk::kSynchronous,
      .pre_vote = pre_vote};
  return ExploreRaft(scope, static_cast<size_t>(max_states));
}

}  // namespace kp::cli
