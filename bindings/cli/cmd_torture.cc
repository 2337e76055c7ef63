// kubeproof torture store: a store of real processes, killed, stopped and cut from its power under load, again and
// again. Every acknowledged write must be there afterwards, and every watcher must have seen all of them.
#include <algorithm>
#include <cstdio>

#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "bindings/cli/store_peer.h"
#include "bindings/cli/torture_load.h"

namespace kp::cli {
namespace {

enum class Fault : unsigned char { kKill, kPause, kPowerCut };
constexpr const char* kFaultNames[] = {"kill", "pause", "power cut"};

struct TortureFlags {
  int cycles = 20;
  int members = 3;
  int writers = 8;
  int watchers = 3;
  int seed = 1;
  bool verbose = false;
};

class Torture {
 public:
  Torture(const TortureFlags& flags, std::string folder) : flags_(flags), folder_(std::move(folder)) {}

  Status Run() {
    auto group =
        StoreGroup::Start(env_, {.kind = StoreKind::kOurs,
                                 .members = flags_.members,
                                 .folder = folder_,
                                 // Small, so that segments and snapshots come and go in every few cycles.
                                 .flags = {"--volatile-disk", "--snapshot-count=500", "--wal-segment-kib=256"}});
    if (!group.ok()) return group.status();
    group_ = std::move(*group);
    TortureLoad load(env_, group_->endpoints(), flags_.writers, flags_.watchers);
    if (Status status = load.Start(); !status.ok()) return status;
    for (int cycle = 1; cycle <= flags_.cycles; ++cycle) {
      load.Resume();
      if (Status status = Cycle(cycle); !status.ok()) return status;
      load.Pause();
      if (!env_.RunUntil([&] { return load.idle(); }, 30s).ok()) return Wrong(cycle, "writes that never end");
      auto wrong = load.Judge();
      if (!wrong.ok()) return Wrong(cycle, wrong.status().ToString());
      if (!wrong->empty()) return Wrong(cycle, *wrong);
    }
    std::printf("%d cycles with %d members: %d kills, %d pauses, %d power cuts of one or more members;\n",
                flags_.cycles, flags_.members, faults_[0], faults_[1], faults_[2]);
    std::printf(
        "%lld writes acknowledged and all found, %lld of unknown outcome, %lld events seen by %d watchers, "
        "none lost, doubled or out of order\n",
        static_cast<long long>(load.acknowledged()), static_cast<long long>(load.unknown()),
        static_cast<long long>(load.events()), flags_.watchers);
    return {};
  }

 private:
  Status Wrong(int cycle, const std::string& what) const {
    return {Code::kDataLoss, "cycle " + std::to_string(cycle) + ", seed " + std::to_string(flags_.seed) + ": " + what};
  }

  // One fault on some of the members while the load goes on.
  Status Cycle(int cycle) {
    env_.RunFor(std::chrono::milliseconds(20 + random_.Below(120)));
    const auto fault = static_cast<Fault>(random_.Below(3));
    std::vector<size_t> victims;
    const uint64_t most = random_.Chance(0.3) ? group_->size() : 1 + group_->size() / 2;
    for (size_t i = 0; i < group_->size(); ++i) victims.push_back(i);
    for (size_t i = victims.size(); i > 1; --i) std::swap(victims[i - 1], victims[random_.Below(i)]);
    victims.resize(1 + random_.Below(most));
    ++faults_[static_cast<size_t>(fault)];
    if (flags_.verbose) {
      std::printf("cycle %d: %s of %zu members\n", cycle, kFaultNames[static_cast<size_t>(fault)], victims.size());
    }
    return fault == Fault::kPause ? PauseAndResume(victims) : EndAndRestart(cycle, fault, victims);
  }

  Status PauseAndResume(const std::vector<size_t>& victims) {
    for (const size_t victim : victims) group_->Signal(victim, SIGSTOP);
    // Long enough for another leader, or only for a few heartbeats.
    env_.RunFor(std::chrono::milliseconds(random_.Chance(0.3) ? 2500 : 50 + random_.Below(400)));
    for (const size_t victim : victims) group_->Signal(victim, SIGCONT);
    return group_->AwaitReady(30s);
  }

  Status EndAndRestart(int cycle, Fault fault, const std::vector<size_t>& victims) {
    for (const size_t victim : victims) {
      if (fault == Fault::kPowerCut) {
        group_->Signal(victim, SIGUSR2);
      } else {
        group_->Kill(victim);
      }
    }
    for (const size_t victim : victims) {
      if (!env_.RunUntil([&] { return !group_->Running(victim); }, 10s).ok()) {
        return Wrong(cycle, "a member did not end");
      }
      group_->Kill(victim);
    }
    env_.RunFor(std::chrono::milliseconds(random_.Below(200)));
    for (const size_t victim : victims) {
      if (Status status = group_->Spawn(victim); !status.ok()) return status;
    }
    Status ready = group_->AwaitReady(30s);
    return ready.ok() ? ready : Wrong(cycle, ready.message());
  }

  const TortureFlags& flags_;
  const std::string folder_;
  runtime::posix::PosixEnv env_{{.name = "torture"}};
  Random random_ = Random(static_cast<uint64_t>(flags_.seed)).Fork("torture");
  std::unique_ptr<StoreGroup> group_;
  int faults_[3] = {};
};

}  // namespace

int RunTorture(int argc, char** argv) {
  TortureFlags options;
  Flags flags;
  flags.Integer("cycles", &options.cycles);
  flags.Integer("members", &options.members);
  flags.Integer("writers", &options.writers);
  flags.Integer("watchers", &options.watchers);
  flags.Integer("seed", &options.seed);
  flags.Boolean("verbose", &options.verbose);
  const bool named = argc > 1 && std::string_view(argv[1]) == "store";
  const Status parsed = named ? flags.Parse(argc - 1, argv + 1) : Status(Code::kInvalidArgument, "want: torture store");
  if (!parsed.ok()) {
    return Complain("torture", parsed.message() + "; usage: torture store [--cycles N] [--members N] [--seed N]",
                    kUsage);
  }
  if (options.members < 1 || options.members > 9 || options.cycles < 1 || options.writers < 1 || options.watchers < 0) {
    return Complain("torture", "want 1 to 9 members, and a positive number of cycles and writers", kUsage);
  }
  Result<std::string> folder = fixtures::MakeTemporaryFolder("kubeproof-torture-");
  if (!folder.ok()) return Complain("torture", folder.status().message(), kEnvironment);
  const Status status = Torture(options, *folder).Run();
  if (!status.ok()) {
    // Kept for whoever looks into it.
    return Complain("torture", status.message() + "; data and logs: " + *folder, kFailures);
  }
  fixtures::RemoveTemporaryFolder(*folder);
  return kPass;
}

}  // namespace kp::cli
