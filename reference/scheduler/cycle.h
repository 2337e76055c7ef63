// One scheduling decision: a pod and the nodes as they are -> a node, or reasons. No effects.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/scheduler/plugin.h"

namespace kp::scheduler {

struct CycleOptions {
  // Looks at no more feasible nodes than upstream does in large clusters (percentageOfNodesToScore: adaptive,
  // 50 % less one for every 125 nodes, at least 5 % and 100 nodes).
  bool sample_nodes = true;
};

struct NodeVerdict {
  std::string node;
  std::string refused_by;            // the plugin; "" when the node is feasible
  std::vector<std::string> reasons;  // its words
  // By plugin, weight applied; of feasible nodes.
  std::vector<std::pair<std::string, int64_t>> scores;
  int64_t total = 0;
};

struct Decision {
  std::string node;                   // "" when the pod fits nowhere
  std::string message;                // then: "0/3 nodes are available: 1 Insufficient cpu, 2 ..."
  std::vector<NodeVerdict> verdicts;  // only when asked for
};

class Cycle {
 public:
  Cycle(CycleOptions options, Random random) : options_(options), random_(std::move(random)) {}

  Decision Decide(const PodInfo& pod, const Snapshot& snapshot);
  // The same decision about every node, with each plugin's say; changes nothing, ties by name.
  static Decision Explain(const PodInfo& pod, const Snapshot& snapshot);

 private:
  CycleOptions options_;
  Random random_;
  size_t next_start_ = 0;  // sampling goes round, so that all nodes are used evenly
};

}  // namespace kp::scheduler
