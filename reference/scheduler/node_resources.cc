#include <cmath>

#include "reference/base/mutant.h"
#include "reference/scheduler/plugin.h"

namespace kp::scheduler {
namespace {

class FitFilter : public FilterState {
 public:
  explicit FitFilter(const PodInfo& pod) : requests_(pod.requests) {}

  std::vector<std::string> Filter(const NodeInfo& node) const override {
    std::vector<std::string> reasons;
    if (node.pod_count + 1 > node.allowed_pods) reasons.emplace_back("Too many pods");
    auto check = [&](int64_t want, int64_t allocatable, int64_t used, std::string_view name) {
      if (want > 0 && want > allocatable - used) reasons.push_back("Insufficient " + std::string(name));
    };
    if (KP_MUTANT("scheduler-ignores-requests")) return reasons;
    check(requests_.milli_cpu, node.allocatable.milli_cpu, node.requested.milli_cpu, "cpu");
    check(requests_.memory, node.allocatable.memory, node.requested.memory, "memory");
    check(requests_.ephemeral, node.allocatable.ephemeral, node.requested.ephemeral, "ephemeral-storage");
    for (const auto& [name, amount] : requests_.scalars) {
      check(amount, node.allocatable.Scalar(name), node.requested.Scalar(name), name);
    }
    return reasons;
  }

 private:
  Resources requests_;
};

// LeastAllocated: the mean of the free shares of cpu and memory.
class LeastAllocatedScore : public ScoreState {
 public:
  explicit LeastAllocatedScore(const PodInfo& pod) : milli_cpu_(pod.scored_milli_cpu), memory_(pod.scored_memory) {}

  int64_t Score(const NodeInfo& node) const override {
    auto free = [](int64_t allocatable, int64_t requested) {
      if (allocatable <= 0 || requested > allocatable) return int64_t{0};
      return (allocatable - requested) * kMaxScore / allocatable;
    };
    int64_t cpu = free(node.allocatable.milli_cpu, node.scored_milli_cpu + milli_cpu_);
    int64_t memory = free(node.allocatable.memory, node.scored_memory + memory_);
    int64_t score = (cpu + memory) / 2;
    return KP_MUTANT("scheduler-most-allocated") ? kMaxScore - score : score;
  }

 private:
  int64_t milli_cpu_;
  int64_t memory_;
};

class NodeResourcesFit : public Plugin {
 public:
  std::string_view name() const override { return "NodeResourcesFit"; }
  std::unique_ptr<FilterState> PrepareFilter(const PodInfo& pod) const override {
    return std::make_unique<FitFilter>(pod);
  }
  std::unique_ptr<ScoreState> PrepareScore(const PodInfo& pod) const override {
    return std::make_unique<LeastAllocatedScore>(pod);
  }
};

// Prefers nodes whose cpu and memory would be used in equal shares: 100 less the standard deviation of the
// two, which is half their distance.
class BalancedScore : public ScoreState {
 public:
  explicit BalancedScore(const PodInfo& pod) : milli_cpu_(pod.requests.milli_cpu), memory_(pod.requests.memory) {}

  int64_t Score(const NodeInfo& node) const override {
    auto share = [](int64_t requested, int64_t allocatable) {
      if (allocatable <= 0) return 1.0;
      return std::min(1.0, static_cast<double>(requested) / static_cast<double>(allocatable));
    };
    double cpu = share(node.requested.milli_cpu + milli_cpu_, node.allocatable.milli_cpu);
    double memory = share(node.requested.memory + memory_, node.allocatable.memory);
    return static_cast<int64_t>((1.0 - std::abs(cpu - memory) / 2) * kMaxScore);
  }

 private:
  int64_t milli_cpu_;
  int64_t memory_;
};

class BalancedAllocation : public Plugin {
 public:
  std::string_view name() const override { return "NodeResourcesBalancedAllocation"; }
  std::unique_ptr<ScoreState> PrepareScore(const PodInfo& pod) const override {
    // A pod that asks for nothing changes no balance.
    if (pod.requests.milli_cpu == 0 && pod.requests.memory == 0) return nullptr;
    return std::make_unique<BalancedScore>(pod);
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeNodeResourcesFit() { return std::make_unique<NodeResourcesFit>(); }
std::unique_ptr<Plugin> MakeBalancedAllocation() { return std::make_unique<BalancedAllocation>(); }

}  // namespace kp::scheduler
