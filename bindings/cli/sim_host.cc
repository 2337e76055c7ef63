#include "bindings/cli/sim_host.h"

#include <algorithm>

#include "chaos/nemesis.h"

namespace kp::cli {

using conformance::Entry;
using conformance::Job;
using reports::Outcome;
using reports::TestResult;

namespace {

// What a failed test shows of the components' logs.
constexpr size_t kShownLogLines = 60;
constexpr size_t kShownDebugLines = 2000;  // asked for

class SimHost : public BackendHost {
 public:
  explicit SimHost(const ClusterShape& shape) : shape_(shape) {}

  fixtures::Backend backend() const override { return fixtures::Backend::kSim; }
  // A cluster of a job's own is as large as its behaviour needs.
  conformance::Capabilities Offers(const Entry& entry) const override {
    return {{"nodes", std::max<int64_t>(shape_.nodes, Needed(entry, "nodes"))},
            {"members", std::max<int64_t>(shape_.members, Needed(entry, "members"))},
            {"fast-time", 1},
            {"faults", 1},
            {"store", 1},
            {"alone", 1},
            {"identities", 1},
            {"simulated-runtime", 1}};
  }
  TestResult Run(const Job& job, const Entry& entry) override {
    fixtures::SimCluster cluster(SimOptions(shape_, entry, job));
    return RunInSim(cluster, shape_, entry, job);
  }
  std::string ServerIdentity() const override { return "kubeproof, simulated"; }
  std::string RecipeFlags() const override {
    const ClusterShape usual;
    std::string flags = "--backend sim";
    if (shape_.faults) flags += " --faults";
    if (shape_.members != (shape_.faults ? 3 : usual.members)) flags += " --members " + std::to_string(shape_.members);
    if (shape_.tls == TlsChoice::kAlways) flags += " --tls always";
    if (shape_.tls == TlsChoice::kNever) flags += " --tls never";
    if (shape_.nodes != usual.nodes) flags += " --nodes " + std::to_string(shape_.nodes);
    return flags;
  }

 private:
  ClusterShape shape_;
};

TestResult RunBroken(fixtures::SimCluster& cluster, const Job& job) {
  chaos::Nemesis nemesis(cluster, {.seed = StableHash(job.behaviour.name(), job.seed)});
  TestResult result = conformance::RunJob(job, cluster, DisturbanceOf(nemesis));
  for (const auto& [kind, count] : nemesis.counts()) {
    result.timeline.push_back({{}, std::string(kFaultsInjected), kind, std::to_string(count)});
  }
  for (const auto& [kind, count] : nemesis.bites()) {
    result.timeline.push_back({{}, std::string(kFaultsBit), kind, std::to_string(count)});
  }
  for (const auto& [effect, count] : cluster.faults()->Bites()) {
    if (count > 0) result.timeline.push_back({{}, std::string(kFaultEffects), effect, std::to_string(count)});
  }
  return result;
}

void ShowLog(fixtures::SimCluster& cluster, runtime::Severity level, TestResult& result) {
  const auto& lines = cluster.world().log_lines();
  const size_t shown = level < runtime::Severity::kWarning ? kShownDebugLines : kShownLogLines;
  const size_t first = lines.size() > shown ? lines.size() - shown : 0;
  const Duration end = result.timeline.empty() ? Duration(0) : result.timeline.back().at;
  for (size_t i = first; i < lines.size(); ++i) result.timeline.push_back({end, "log", "line", lines[i]});
}

}  // namespace

conformance::Disturbance DisturbanceOf(chaos::Nemesis& nemesis) {
  conformance::Disturbance disturbance;
  disturbance.gate.settle = [&] { return nemesis.Settle(); };
  disturbance.gate.spare = [&](std::string_view component) { nemesis.Spare(component); };
  disturbance.gate.overlapped = [&](Time since) { return nemesis.Overlapped(since); };
  disturbance.gate.resume = [&] { nemesis.Start(); };
  disturbance.begin = [&] { nemesis.Start(); };
  disturbance.end = [&] { return nemesis.Settle(); };
  disturbance.log = [&] { return nemesis.log(); };
  return disturbance;
}

fixtures::SimClusterOptions SimOptions(const ClusterShape& shape, const Entry& entry, const Job& job) {
  fixtures::SimClusterOptions options;
  options.seed = StableHash(job.behaviour.name(), job.seed);
  options.tls = shape.tls == TlsChoice::kDrawn ? Random(options.seed).Fork("tls").Below(10) == 0
                                               : shape.tls == TlsChoice::kAlways;
  options.least_severity = shape.log_level;
  options.members = static_cast<int>(std::max<int64_t>(shape.members, Needed(entry, "members")));
  options.nodes = static_cast<int>(std::max<int64_t>(shape.nodes, Needed(entry, "nodes")));
  options.store_only = entry.area() == kStoreArea;
  return options;
}

TestResult RunInSim(fixtures::SimCluster& cluster, const ClusterShape& shape, const Entry& entry, const Job& job) {
  TestResult result;
  if (!cluster.AwaitReady()) {
    result = conformance::ResultOf(job);
    result.outcome = Outcome::kFail;
    result.message = std::string(kSetupFailed) + "the cluster was not ready in time";
  } else {
    result = shape.faults && !BreaksByItself(entry) ? RunBroken(cluster, job) : conformance::RunJob(job, cluster);
  }
  if (cluster.has_tls())
    result.timeline.insert(result.timeline.begin(), {{}, std::string(kWorld), "tls", "on every connection"});
  if (result.outcome == Outcome::kFail) ShowLog(cluster, shape.log_level, result);
  return result;
}

std::unique_ptr<BackendHost> MakeSimHost(const ClusterShape& shape) { return std::make_unique<SimHost>(shape); }

}  // namespace kp::cli
