#include "reference/base/mutant.h"
#include "reference/scheduler/plugin.h"

namespace kp::scheduler {
namespace {

using api::Value;

// core/v1 Toleration: an empty key with Exists tolerates every taint, an empty effect every effect.
bool Tolerates(const Value& toleration, const Value& taint) {
  if (!toleration["effect"].empty() && !(toleration["effect"] == taint["effect"])) return false;
  if (!toleration["key"].empty() && !(toleration["key"] == taint["key"])) return false;
  if (toleration["operator"].AsString("Equal") == "Exists") return true;
  return !toleration["key"].empty() && toleration["value"].AsString() == taint["value"].AsString();
}

bool Tolerated(const Value& tolerations, const Value& taint) {
  for (const Value& toleration : tolerations.items()) {
    if (Tolerates(toleration, taint)) return true;
  }
  return false;
}

class TaintFilter : public FilterState {
 public:
  explicit TaintFilter(Value tolerations) : tolerations_(std::move(tolerations)) {}

  std::vector<std::string> Filter(const NodeInfo& node) const override {
    if (!node.repels) return {};
    for (const Value& taint : node.taints.items()) {
      std::string_view effect = taint["effect"].AsString();
      if (effect != "NoSchedule" && effect != "NoExecute") continue;
      if (Tolerated(tolerations_, taint) || KP_MUTANT("scheduler-ignores-taints")) continue;
      return {"node(s) had untolerated taint {" + taint["key"].str() + ": " + taint["value"].str() + "}"};
    }
    return {};
  }

 private:
  Value tolerations_;
};

// Counts the PreferNoSchedule taints that the pod does not tolerate: the fewer the better.
class TaintScore : public ScoreState {
 public:
  explicit TaintScore(Value tolerations) : tolerations_(std::move(tolerations)) {}

  int64_t Score(const NodeInfo& node) const override {
    if (!node.discourages) return 0;
    int64_t intolerable = 0;
    for (const Value& taint : node.taints.items()) {
      if (taint["effect"].AsString() == "PreferNoSchedule" && !Tolerated(tolerations_, taint)) ++intolerable;
    }
    return intolerable;
  }
  void Normalize(std::vector<int64_t>& scores) const override { NormalizeToMax(scores, true); }

 private:
  Value tolerations_;
};

class TaintToleration : public Plugin {
 public:
  std::string_view name() const override { return "TaintToleration"; }
  int64_t weight() const override { return 3; }
  std::unique_ptr<FilterState> PrepareFilter(const PodInfo& pod) const override {
    return std::make_unique<TaintFilter>(pod.pod.At({"spec", "tolerations"}));
  }
  std::unique_ptr<ScoreState> PrepareScore(const PodInfo& pod) const override {
    return std::make_unique<TaintScore>(pod.pod.At({"spec", "tolerations"}));
  }
};

// spec.unschedulable, as `kubectl cordon` sets it. Tolerated by who tolerates the taint of that name.
class UnschedulableFilter : public FilterState {
 public:
  std::vector<std::string> Filter(const NodeInfo& node) const override {
    if (!node.unschedulable || KP_MUTANT("scheduler-uses-cordoned-nodes")) return {};
    return {"node(s) were unschedulable"};
  }
};

class NodeUnschedulable : public Plugin {
 public:
  std::string_view name() const override { return "NodeUnschedulable"; }
  std::unique_ptr<FilterState> PrepareFilter(const PodInfo& pod) const override {
    Value taint = api::Obj({{"key", "node.kubernetes.io/unschedulable"}, {"effect", "NoSchedule"}});
    if (Tolerated(pod.pod.At({"spec", "tolerations"}), taint)) return nullptr;
    return std::make_unique<UnschedulableFilter>();
  }
};

}  // namespace

std::unique_ptr<Plugin> MakeTaintToleration() { return std::make_unique<TaintToleration>(); }
std::unique_ptr<Plugin> MakeNodeUnschedulable() { return std::make_unique<NodeUnschedulable>(); }

}  // namespace kp::scheduler
