#include <algorithm>

#include "reference/scheduler/plugin.h"

namespace kp::scheduler {

const std::vector<std::unique_ptr<Plugin>>& Plugins() {
  static const auto* plugins = [] {
    // The first filter that refuses names the reason, so the order shows in messages. As upstream's
    // pkg/scheduler/apis/config/v1/default_plugins.go has it.
    auto* list = new std::vector<std::unique_ptr<Plugin>>();
    list->push_back(MakeNodeUnschedulable());
    list->push_back(MakeNodeName());
    list->push_back(MakeTaintToleration());
    list->push_back(MakeNodeAffinity());
    list->push_back(MakeNodePorts());
    list->push_back(MakeNodeResourcesFit());
    list->push_back(MakeBalancedAllocation());
    return list;
  }();
  return *plugins;
}

void NormalizeToMax(std::vector<int64_t>& scores, bool reverse) {
  int64_t most = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
  for (int64_t& score : scores) {
    int64_t scaled = most == 0 ? 0 : score * kMaxScore / most;
    score = reverse ? kMaxScore - scaled : scaled;
  }
}

}  // namespace kp::scheduler
