// The extension points of a scheduling cycle. Each plugin is one file; plugins.cc lists them in order.
//
// Filters run in that order on a node until one refuses; scores are 0 to 100 per node, times a weight.
// Source: https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/scheduler/node_info.h"

namespace kp::scheduler {

inline constexpr int64_t kMaxScore = 100;

// Made for one pod: what does not depend on the node is worked out once.
class FilterState {
 public:
  virtual ~FilterState() = default;
  // Why the pod cannot run there, as the API tells it ("Insufficient cpu"); empty when it can.
  virtual std::vector<std::string> Filter(const NodeInfo& node) const = 0;
};

class ScoreState {
 public:
  virtual ~ScoreState() = default;
  virtual int64_t Score(const NodeInfo& node) const = 0;
  // Turns raw scores into 0..100. Plugins whose raw scores already are leave them.
  virtual void Normalize(std::vector<int64_t>& scores) const { (void)scores; }
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual std::string_view name() const = 0;
  // Null when the plugin has nothing to say about this pod: the common case costs nothing per node.
  virtual std::unique_ptr<FilterState> PrepareFilter(const PodInfo& pod) const {
    (void)pod;
    return nullptr;
  }
  virtual std::unique_ptr<ScoreState> PrepareScore(const PodInfo& pod) const {
    (void)pod;
    return nullptr;
  }
  virtual int64_t weight() const { return 1; }
};

// All plugins in filter order: what a node forbids to anyone first, then taints, resources, affinity.
const std::vector<std::unique_ptr<Plugin>>& Plugins();

std::unique_ptr<Plugin> MakeNodeUnschedulable();
std::unique_ptr<Plugin> MakeTaintToleration();
std::unique_ptr<Plugin> MakeNodeResourcesFit();
std::unique_ptr<Plugin> MakeBalancedAllocation();
std::unique_ptr<Plugin> MakeNodeAffinity();
std::unique_ptr<Plugin> MakeNodeName();
std::unique_ptr<Plugin> MakeNodePorts();

// Scales so that the largest becomes 100; `reverse` gives the largest 0. All zero: 0, reversed 100.
void NormalizeToMax(std::vector<int64_t>& scores, bool reverse);

}  // namespace kp::scheduler
