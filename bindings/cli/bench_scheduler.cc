// The scheduler's core by upstream's scheduler_perf template SchedulingBasic: pods read, queued, decided on
// and assumed; the API is left out.
//
// Source: https://github.com/kubernetes/kubernetes/tree/v1.32.0/test/integration/scheduler_perf (node-default.yaml,
// pod-default.yaml).
#include "bindings/cli/bench.h"
#include "reference/api/value.h"
#include "reference/base/check.h"
#include "reference/runtime/posix/posix_env.h"
#include "reference/scheduler/cycle.h"
#include "reference/scheduler/queue.h"

namespace kp::cli {
namespace {

using api::Arr;
using api::Obj;
using api::Value;

struct Size {
  int nodes;
  int init_pods;
  int pods;
};

Value Node(int i) {
  const Value capacity = Obj({{"pods", "110"}, {"cpu", "4"}, {"memory", "32Gi"}});
  const Value condition = Obj({{"type", "Ready"}, {"status", "True"}});
  return Obj({{"apiVersion", "v1"},
              {"kind", "Node"},
              {"metadata", Obj({{"name", "scheduler-perf-" + std::to_string(i)}})},
              {"status", Obj({{"capacity", capacity},
                              {"allocatable", capacity},
                              {"phase", "Running"},
                              {"conditions", Arr({condition})}})}});
}

Value Pod(int i) {
  const Value amounts = Obj({{"cpu", "100m"}, {"memory", "500Mi"}});
  const Value container = Obj({{"name", "pause"},
                               {"image", "registry.k8s.io/pause:3.10"},
                               {"ports", Arr({Obj({{"containerPort", 80}, {"protocol", "TCP"}})})},
                               {"resources", Obj({{"limits", amounts}, {"requests", amounts}})}});
  const std::string name = "pod-" + std::to_string(i);
  return Obj({{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata", Obj({{"name", name}, {"namespace", "default"}, {"uid", "uid-" + name}})},
              {"spec", Obj({{"containers", Arr({container})},
                            {"priority", 0},
                            {"restartPolicy", "Always"},
                            {"schedulerName", "default-scheduler"}})},
              {"status", Obj({{"phase", "Pending"}})}});
}

// Decides until the queue is empty.
void Drain(scheduler::Queue& queue, scheduler::Snapshot& snapshot, scheduler::Cycle& cycle, Time now) {
  while (std::shared_ptr<const scheduler::PodInfo> pod = queue.Pop(now)) {
    scheduler::Decision decision = cycle.Decide(*pod, snapshot);
    CHECK(!decision.node.empty()) << decision.message;
    snapshot.AddPod(std::move(pod), decision.node);
  }
}

double PodsPerSecond(const Size& size, bool sample) {
  runtime::posix::PosixEnv env({.name = "bench", .seed = 1});
  scheduler::Snapshot snapshot;
  scheduler::Queue queue;
  scheduler::Cycle cycle({.sample_nodes = sample}, env.random().Fork("bench/ties"));
  for (int i = 0; i < size.nodes; ++i) snapshot.SetNode(Node(i));
  std::vector<Value> pods;
  for (int i = 0; i < size.init_pods + size.pods; ++i) pods.push_back(Pod(i));
  const auto add = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      queue.Add(std::make_shared<const scheduler::PodInfo>(pods[static_cast<size_t>(i)]), env.Now());
    }
  };
  add(0, size.init_pods);
  Drain(queue, snapshot, cycle, env.Now());
  const Time begin = env.Now();
  add(size.init_pods, size.init_pods + size.pods);
  Drain(queue, snapshot, cycle, begin);
  return size.pods / Seconds(env.Now() - begin);
}

}  // namespace

Result<Measures> BenchScheduler(const BenchOptions& options) {
  const Size size = options.quick ? Size{200, 20, 200} : Size{5000, 1000, 50000};
  const std::string name = std::to_string(size.nodes) + " nodes, " + std::to_string(size.pods) + " pods";
  Measure with{name + ", sampling nodes", "pods/s", Target::kAtLeast, 8100, {}};
  Measure without{name + ", all nodes", "pods/s", Target::kNone, 0, {}};
  for (int i = 0; i < options.rounds; ++i) {
    with.rounds.push_back(PodsPerSecond(size, true));
    without.rounds.push_back(PodsPerSecond(size, false));
  }
  return Measures{with, without};
}

}  // namespace kp::cli
