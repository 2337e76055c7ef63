#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/scheduler/plugin.h"

namespace kp::scheduler {
namespace {

using api::Value;

// One requirement of a NodeSelectorTerm on the value of a label or field; null when it is absent.
bool Meets(const Value& requirement, const Value& actual) {
  std::string_view op = requirement["operator"].AsString();
  if (op == "Exists") return !actual.is_null();
  if (op == "DoesNotExist") return actual.is_null();
  bool listed = false;
  for (const Value& value : requirement["values"].items()) listed |= !actual.is_null() && value == actual;
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  auto have = ParseInt(actual.AsString());
  auto bound = ParseInt(requirement["values"][0].AsString());
  if (!have || !bound || actual.is_null()) return false;
  if (op == "Gt") return *have > *bound;
  if (op == "Lt") return *have < *bound;
  return false;
}

// A term's requirements are ANDed; a term without any matches nothing.
bool MatchesTerm(const Value& term, const Value& node) {
  if (term["matchExpressions"].empty() && term["matchFields"].empty()) return false;
  for (const Value& requirement : term["matchExpressions"].items()) {
    const Value& actual = node.At({"metadata", "labels"})[requirement["key"].AsString()];
    if (!Meets(requirement, actual)) return false;
  }
  for (const Value& requirement : term["matchFields"].items()) {
    Value actual = requirement["key"].AsString() == "metadata.name" ? node.At({"metadata", "name"}) : Value();
    if (!Meets(requirement, actual)) return false;
  }
  return true;
}

class AffinityFilter : public FilterState {
 public:
  AffinityFilter(Value selector, Value terms, bool has_terms)
      : selector_(std::move(selector)), terms_(std::move(terms)), has_terms_(has_terms) {}

  std::vector<std::string> Filter(const NodeInfo& node) const override {
    static const char* const kReason = "node(s) didn't match Pod's node affinity/selector";
    if (KP_MUTANT("scheduler-ignores-node-selector")) return {};
    for (const api::Member& want : selector_.members()) {
      if (!(node.node.At({"metadata", "labels"})[want.key.text()] == want.value)) return {kReason};
    }
    if (!has_terms_) return {};
    for (const Value& term : terms_.items()) {
      if (MatchesTerm(term, node.node)) return {};
    }
    return {kReason};
  }

 private:
  Value selector_;
  Value terms_;
  bool has_terms_;
};

class AffinityScore : public ScoreState {
 public:
  explicit AffinityScore(Value preferred) : preferred_(std::move(preferred)) {}

  int64_t Score(const NodeInfo& node) const override {
    int64_t sum = 0;
    if (KP_MUTANT("scheduler-ignores-preferences")) return sum;
    for (const Value& term : preferred_.items()) {
      if (MatchesTerm(term["preference"], node.node)) sum += term["weight"].AsInt();
    }
    return sum;
  }
  void Normalize(std::vector<int64_t>& scores) const override { NormalizeToMax(scores, false); }

 private:
  Value preferred_;
};

class NodeAffinity : public Plugin {
 public:
  std::string_view name() const override { return "NodeAffinity"; }
  int64_t weight() const override { return 2; }

  std::unique_ptr<FilterState> PrepareFilter(const PodInfo& pod) const override {
    const Value& selector = pod.pod.At({"spec", "nodeSelector"});
    const Value& required =
        pod.pod.At({"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"});
    if (selector.empty() && required.is_null()) return nullptr;
    return std::make_unique<AffinityFilter>(selector, required["nodeSelectorTerms"], !required.is_null());
  }

  std::unique_ptr<ScoreState> PrepareScore(const PodInfo& pod) const override {
    const Value& preferred =
        pod.pod.At({"spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"});
    if (preferred.empty()) return nullptr;
    return std::make_unique<AffinityScore>(preferred);
  }
};

class NameFilter : public FilterState {
 public:
  explicit NameFilter(std::string name) : name_(std::move(name)) {}
  std::vector<std::string> Filter(const NodeInfo& node) const override {
    if (node.name == name_) return {};
    return {"node(s) didn't match the requested node name"};
  }

 private:
  std::string name_;
};

class NodeName : public Plugin {
 public:
  std::string_view name() const override { return "NodeName"; }
  std::unique_ptr<FilterState> PrepareFilter(const PodInfo& pod) const override {
    if (pod.node.empty()) return nullptr;
    return std::make_unique<NameFilter>(pod.node);
  }
};

class PortsFilter : public FilterState {
 public:
  explicit PortsFilter(std::vector<HostPort> wanted) : wanted_(std::move(wanted)) {}

  std::vector<std::string> Filter(const NodeInfo& node) const override {
    for (const auto& [pod, taken] : node.host_ports) {
      for (const HostPort& want : wanted_) {
        if (Conflicts(want, taken)) return {"node(s) didn't have free ports for the requested pod ports"};
      }
    }
    return {};
  }

 private:
  static bool Conflicts(const HostPort& a, const HostPort& b) {
    if (a.port != b.port || a.protocol != b.protocol) return false;
    auto every = [](const std::string& ip) { return ip.empty() || ip == "0.0.0.0"; };
    return every(a.ip) || every(b.ip) || a.ip == b.ip;
  }
  std::vector<HostPort> wanted_;
};

class NodePorts : public Plugin {
 public:
  std::string_view name() const override { return "NodePorts"; }
  std::unique_ptr<FilterState> PrepareFilter(const PodInfo& pod) const override {
    if (pod.host_ports.empty()) return nullptr;
    return std::make_unique<PortsFilter>(pod.host_ports);
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeNodeAffinity() { return std::make_unique<NodeAffinity>(); }
std::unique_ptr<Plugin> MakeNodeName() { return std::make_unique<NodeName>(); }
std::unique_ptr<Plugin> MakeNodePorts() { return std::make_unique<NodePorts>(); }

}  // namespace kp::scheduler
