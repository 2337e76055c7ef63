// How fast a simulated cluster runs, idle and under load and faults.
#include "bindings/cli/bench.h"
#include "chaos/nemesis.h"
#include "fixtures/sim_cluster.h"
#include "reference/client/resources.h"
#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {
namespace {

using api::Arr;
using api::Obj;
using api::Value;
using client::kPods;

// One window of virtual time, and what it cost.
struct Window {
  double virtual_seconds = 0;
  double real_seconds = 0;
  double cpu_seconds = 0;
  double events = 0;
  double messages = 0;
  double bytes = 0;
};

Window Observe(fixtures::SimCluster& cluster, Duration time, const runtime::Env& clock) {
  const runtime::sim::Counters before = cluster.world().counters();
  const double cpu = CpuSeconds();
  const Time begin = clock.Now();
  cluster.Pump([] { return false; }, time);
  const runtime::sim::Counters& after = cluster.world().counters();
  return {Seconds(time),
          Seconds(clock.Now() - begin),
          CpuSeconds() - cpu,
          static_cast<double>(after.events - before.events),
          static_cast<double>(after.messages - before.messages),
          static_cast<double>(after.bytes - before.bytes)};
}

// Pods come, are labelled and go, `kPerSecond` changes in all: a pod lives for a second and a half.
class Load {
 public:
  static constexpr int kPerSecond = 20;

  explicit Load(fixtures::SimCluster& cluster) : cluster_(cluster), tick_(cluster.env()) { Next(); }
  uint64_t asked() const { return asked_; }
  uint64_t answered() const { return answered_; }

 private:
  static constexpr uint64_t kChangesPerPod = 3;
  static constexpr uint64_t kGroup = 10;  // pods that are changed in turn

  void Next() {
    tick_.Start(Duration(1s) / kPerSecond, [this] {
      Change(asked_++);
      Next();
    });
  }

  void Change(uint64_t i) {
    const uint64_t pod = i / (kGroup * kChangesPerPod) * kGroup + i % kGroup;
    const std::string name = "load-" + std::to_string(pod);
    const auto done = [this](const api::ApiResult<Value>& result) { answered_ += result.ok() ? 1 : 0; };
    switch (i / kGroup % kChangesPerPod) {
      case 0: {
        const Value container = Obj({{"name", "main"}, {"image", "kubeproof/testpod"}});
        const Value object = Obj({{"apiVersion", "v1"},
                                  {"kind", "Pod"},
                                  {"metadata", Obj({{"name", name}})},
                                  {"spec", Obj({{"containers", Arr({container})}})}});
        return cluster_.client().Create({kPods, "default", "", ""}, object, {}, done);
      }
      case 1: {
        const Value patch = Obj({{"metadata", Obj({{"labels", Obj({{"seen", "yes"}})}})}});
        return cluster_.client().Patch({kPods, "default", name, ""}, client::PatchType::kMerge, patch, {}, done);
      }
      default: return cluster_.client().Delete({kPods, "default", name, ""}, {}, done);
    }
  }

  fixtures::SimCluster& cluster_;
  runtime::Timer tick_;
  uint64_t asked_ = 0;
  uint64_t answered_ = 0;
};

struct Ready {
  std::unique_ptr<fixtures::SimCluster> cluster;
  Status status;
};

Ready MakeCluster(uint64_t seed, bool quick) {
  auto cluster = std::make_unique<fixtures::SimCluster>(fixtures::SimClusterOptions{
      .seed = seed, .members = 3, .nodes = quick ? 2 : 10, .least_severity = runtime::Severity::kError});
  if (!cluster->AwaitReady()) return {nullptr, {Code::kDeadlineExceeded, "the simulated cluster does not get ready"}};
  cluster->Pump([] { return false; }, 20s);
  return {std::move(cluster), {}};
}

Status MeasureIdle(const BenchOptions& options, const runtime::Env& clock, Measures& measures) {
  Measure speed{"idle, 3 members, 10 nodes", "x real time", Target::kAtLeast, 1000, {}};
  Measure cpu{"idle, CPU per virtual second", "ms", Target::kNone, 0, {}};
  Measure messages{"idle, messages per virtual second", "", Target::kNone, 0, {}};
  Measure bytes{"idle, bytes per virtual second", "kB", Target::kNone, 0, {}};
  Measure events{"idle, events per virtual second", "", Target::kNone, 0, {}};
  for (int i = 0; i < options.rounds; ++i) {
    Ready made = MakeCluster(static_cast<uint64_t>(i) + 1, options.quick);
    if (made.cluster == nullptr) return made.status;
    const Window window = Observe(*made.cluster, options.quick ? Duration(2s) : Duration(300s), clock);
    speed.rounds.push_back(window.virtual_seconds / window.real_seconds);
    cpu.rounds.push_back(1000 * window.cpu_seconds / window.virtual_seconds);
    messages.rounds.push_back(window.messages / window.virtual_seconds);
    bytes.rounds.push_back(window.bytes / 1000 / window.virtual_seconds);
    events.rounds.push_back(window.events / window.virtual_seconds);
  }
  measures.insert(measures.end(), {speed, cpu, messages, bytes, events});
  return Status::Ok();
}

Status MeasureLoaded(const BenchOptions& options, const runtime::Env& clock, Measures& measures) {
  Measure calm{"20 pod changes/s, CPU per virtual second", "ms", Target::kNone, 0, {}};
  Measure speed{"20 pod changes/s, a fault a second", "x real time", Target::kAtLeast, 50, {}};
  Measure cpu{"loaded, CPU per virtual second", "ms", Target::kNone, 0, {}};
  Measure operations{"loaded, pod changes that succeeded", "per core-s", Target::kNone, 0, {}};
  Measure faults{"loaded, faults", "per core-s", Target::kNone, 0, {}};
  Measure messages{"loaded, messages per virtual second", "", Target::kNone, 0, {}};
  Measure bytes{"loaded, bytes per virtual second", "kB", Target::kNone, 0, {}};
  Measure events{"loaded, events per virtual second", "", Target::kNone, 0, {}};
  for (int i = 0; i < options.rounds; ++i) {
    Ready made = MakeCluster(static_cast<uint64_t>(i) + 1, options.quick);
    if (made.cluster == nullptr) return made.status;
    chaos::NemesisOptions nemesis_options;
    nemesis_options.seed = static_cast<uint64_t>(i) + 1;
    nemesis_options.schedule.least_gap = 1s;
    nemesis_options.schedule.most_gap = 1s;
    chaos::Nemesis nemesis(*made.cluster, nemesis_options);
    Load load(*made.cluster);
    const Window before = Observe(*made.cluster, options.quick ? Duration(2s) : Duration(30s), clock);
    calm.rounds.push_back(1000 * before.cpu_seconds / before.virtual_seconds);
    const uint64_t answered = load.answered();
    nemesis.Start();
    const Window window = Observe(*made.cluster, options.quick ? Duration(2s) : Duration(60s), clock);
    double injected = 0;
    for (const auto& [kind, count] : nemesis.counts()) injected += count;
    speed.rounds.push_back(window.virtual_seconds / window.real_seconds);
    cpu.rounds.push_back(1000 * window.cpu_seconds / window.virtual_seconds);
    operations.rounds.push_back(static_cast<double>(load.answered() - answered) / window.cpu_seconds);
    faults.rounds.push_back(injected / window.cpu_seconds);
    messages.rounds.push_back(window.messages / window.virtual_seconds);
    bytes.rounds.push_back(window.bytes / 1000 / window.virtual_seconds);
    events.rounds.push_back(window.events / window.virtual_seconds);
  }
  measures.insert(measures.end(), {calm, speed, cpu, operations, faults, messages, bytes, events});
  return Status::Ok();
}

}  // namespace

Result<Measures> BenchSim(const BenchOptions& options) {
  runtime::posix::PosixEnv clock({.name = "bench", .seed = 1});
  Measures measures;
  if (Status status = MeasureIdle(options, clock, measures); !status.ok()) return status;
  if (Status status = MeasureLoaded(options, clock, measures); !status.ok()) return status;
  return measures;
}

}  // namespace kp::cli
