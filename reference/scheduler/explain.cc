#include "reference/scheduler/explain.h"

#include <algorithm>

#include "reference/base/strings.h"

namespace kp::scheduler {

using api::Value;

Decision ExplainPod(const Value& pod, const std::vector<Value>& nodes, const std::vector<Value>& pods) {
  Snapshot snapshot;
  for (const Value& node : nodes) snapshot.SetNode(node);
  for (const Value& other : pods) {
    bool self = other.At({"metadata", "uid"}) == pod.At({"metadata", "uid"});
    if (self || !OccupiesNode(other)) continue;
    auto info = std::make_shared<const PodInfo>(other);
    std::string node = info->node;
    snapshot.AddPod(std::move(info), node);
  }
  Decision decision = Cycle::Explain(PodInfo(pod.Without({"spec", "nodeName"})), snapshot);
  std::sort(decision.verdicts.begin(), decision.verdicts.end(), [](const NodeVerdict& a, const NodeVerdict& b) {
    return a.total != b.total ? a.total > b.total : a.node < b.node;
  });
  return decision;
}

std::string FormatExplanation(const Value& pod, const Decision& decision) {
  std::string text = "pod " + pod.At({"metadata", "namespace"}).str() + "/" + pod.At({"metadata", "name"}).str();
  const Value& node = pod.At({"spec", "nodeName"});
  if (!node.empty()) text += " is on " + node.str() + "; if it came now it";
  text += decision.node.empty() ? " fits nowhere: " + decision.message : " would go to " + decision.node;
  text += "\n";
  for (const NodeVerdict& verdict : decision.verdicts) {
    text += "  " + verdict.node + ": ";
    std::vector<std::string> parts;
    if (verdict.refused_by.empty()) {
      text += "score " + std::to_string(verdict.total) + " = ";
      for (const auto& [plugin, score] : verdict.scores) parts.push_back(plugin + " " + std::to_string(score));
    } else {
      text += "refused by " + verdict.refused_by + ": ";
      parts = verdict.reasons;
    }
    for (size_t i = 0; i < parts.size(); ++i) {
      text += (i == 0 ? "" : verdict.refused_by.empty() ? " + " : ", ") + parts[i];
    }
    text += "\n";
  }
  text += "filters in order: ";
  bool first = true;
  for (const auto& plugin : Plugins()) {
    // Those that only score have nothing to refuse.
    if (plugin->name() == "NodeResourcesBalancedAllocation") continue;
    text += (first ? "" : ", ") + std::string(plugin->name());
    first = false;
  }
  return text + "\n";
}

}  // namespace kp::scheduler
