#include "reference/scheduler/cycle.h"

#include <algorithm>

#include "reference/base/mutant.h"

namespace kp::scheduler {
namespace {

struct Filters {
  explicit Filters(const PodInfo& pod) {
    for (const auto& plugin : Plugins()) {
      if (auto state = plugin->PrepareFilter(pod)) states.emplace_back(plugin->name(), std::move(state));
    }
  }
  // The verdict of the first plugin that refuses.
  bool Allows(const NodeInfo& node, std::string_view& plugin, std::vector<std::string>& reasons) const {
    for (const auto& [name, state] : states) {
      reasons = state->Filter(node);
      if (reasons.empty()) continue;
      plugin = name;
      return false;
    }
    return true;
  }
  std::vector<std::pair<std::string_view, std::unique_ptr<FilterState>>> states;
};

struct Scores {
  std::vector<int64_t> totals;
  std::vector<std::pair<std::string, std::vector<int64_t>>> by_plugin;
};

Scores ScoreAll(const PodInfo& pod, const std::vector<const NodeInfo*>& nodes, bool keep) {
  Scores scores;
  scores.totals.assign(nodes.size(), 0);
  std::vector<int64_t> raw(nodes.size());
  for (const auto& plugin : Plugins()) {
    auto state = plugin->PrepareScore(pod);
    if (state == nullptr) continue;
    for (size_t i = 0; i < nodes.size(); ++i) raw[i] = state->Score(*nodes[i]);
    state->Normalize(raw);
    for (size_t i = 0; i < nodes.size(); ++i) {
      raw[i] *= plugin->weight();
      scores.totals[i] += raw[i];
    }
    if (keep) scores.by_plugin.emplace_back(plugin->name(), raw);
  }
  return scores;
}

std::string Message(size_t nodes, const std::map<std::string, size_t>& counts) {
  std::string message = "0/" + std::to_string(nodes) + " nodes are available";
  if (nodes == 0) return "no nodes available to schedule pods";
  // Upstream sorts the finished words, count included.
  std::vector<std::string> words;
  for (const auto& [reason, count] : counts) words.push_back(std::to_string(count) + " " + reason);
  std::sort(words.begin(), words.end());
  for (size_t i = 0; i < words.size(); ++i) message += (i == 0 ? ": " : ", ") + words[i];
  return message + ".";
}

size_t FeasibleWanted(size_t nodes, bool sample) {
  if (!sample || nodes <= 100) return nodes;
  size_t percent = nodes / 125 >= 45 ? 5 : 50 - nodes / 125;
  return std::max<size_t>(100, nodes * percent / 100);
}

}  // namespace

Decision Cycle::Decide(const PodInfo& pod, const Snapshot& snapshot) {
  Filters filters(pod);
  const std::vector<NodeInfo*>& nodes = snapshot.nodes();
  size_t wanted = FeasibleWanted(nodes.size(), options_.sample_nodes);
  std::vector<const NodeInfo*> feasible;
  feasible.reserve(wanted);
  std::map<std::string, size_t> counts;
  std::string_view plugin;
  std::vector<std::string> reasons;
  size_t looked = 0;
  if (next_start_ >= nodes.size()) next_start_ = 0;
  for (; looked < nodes.size() && feasible.size() < wanted; ++looked) {
    const NodeInfo& node = *nodes[next_start_];
    if (++next_start_ == nodes.size()) next_start_ = 0;
    if (filters.Allows(node, plugin, reasons)) {
      feasible.push_back(&node);
    } else {
      for (const std::string& reason : reasons) ++counts[reason];
      if (KP_MUTANT("scheduler-counts-no-nodes")) counts[reasons.front()] = 1;
    }
  }
  if (feasible.empty()) return {"", Message(nodes.size(), counts), {}};
  if (feasible.size() == 1) return {feasible[0]->name, "", {}};
  Scores scores = ScoreAll(pod, feasible, false);
  int64_t best = *std::max_element(scores.totals.begin(), scores.totals.end());
  // Each of the best is chosen with equal probability.
  auto skip = random_.Below(static_cast<uint64_t>(std::ranges::count(scores.totals, best)));
  size_t chosen = 0;
  while (scores.totals[chosen] != best || skip-- > 0) ++chosen;
  return {feasible[chosen]->name, "", {}};
}

Decision Cycle::Explain(const PodInfo& pod, const Snapshot& snapshot) {
  Filters filters(pod);
  Decision decision;
  std::vector<const NodeInfo*> feasible;
  std::vector<size_t> place;
  std::map<std::string, size_t> counts;
  for (const NodeInfo* node : snapshot.nodes()) {
    NodeVerdict verdict;
    verdict.node = node->name;
    std::string_view plugin;
    if (filters.Allows(*node, plugin, verdict.reasons)) {
      feasible.push_back(node);
      place.push_back(decision.verdicts.size());
    } else {
      verdict.refused_by = plugin;
      for (const std::string& reason : verdict.reasons) ++counts[reason];
    }
    decision.verdicts.push_back(std::move(verdict));
  }
  Scores scores = ScoreAll(pod, feasible, true);
  const NodeVerdict* best = nullptr;
  for (size_t i = 0; i < feasible.size(); ++i) {
    NodeVerdict& verdict = decision.verdicts[place[i]];
    for (const auto& [name, values] : scores.by_plugin) verdict.scores.emplace_back(name, values[i]);
    verdict.total = scores.totals[i];
    if (best == nullptr || verdict.total > best->total) best = &verdict;
  }
  if (best != nullptr) {
    decision.node = best->node;
  } else {
    decision.message = Message(snapshot.nodes().size(), counts);
  }
  return decision;
}

}  // namespace kp::scheduler
