// Which nodes a pod may go to.
#include <algorithm>

#include "conformance/behaviour.h"
#include "conformance/behaviours/nodes/nodes.h"
#include "reference/base/strings.h"

namespace kp::conformance {

using client::kNodes;
using client::kPods;

namespace {

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// "0/4 nodes are available: 4 Insufficient cpu." -> 4; -1 where the message is of another form.
int64_t NodesOf(std::string_view message) {
  if (!message.starts_with("0/")) return -1;
  message.remove_prefix(2);
  return ParseInt(message.substr(0, message.find(' '))).value_or(-1);
}

Value WithExpression(const Value& pod, const Value& expression) {
  Value term = Obj({{"matchExpressions", Arr({expression})}});
  return pod.With({"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"},
                  Obj({{"nodeSelectorTerms", Arr({term})}}));
}

}  // namespace

BEHAVIOUR("scheduling/assign/picks-up-pods-without-node") {
  Value pod = t.MustCreate(kPods, Pod("p"));
  std::string node = AwaitBound(t, "p");
  t.Expect(t.Get(kNodes, node).ok(), "the node exists: " + node);
  t.Expect(HasCondition(t.MustGet(kPods, "p"), "PodScheduled", "True"), "PodScheduled is True");
  t.Eventually("an event tells of it", [&] {
    for (const Value& event : EventsAbout(t, pod, "Scheduled")) {
      if (event["message"].AsString() == "Successfully assigned " + t.ns() + "/p to " + node) return true;
    }
    return false;
  });
}

BEHAVIOUR("scheduling/assign/leaves-pods-of-another-scheduler") {
  t.MustCreate(kPods, Pod("other").With({"spec", "schedulerName"}, "nobody"));
  t.MustCreate(kPods, Pod("own"));
  AwaitBound(t, "own");
  t.Always(
      "the other one stays as it is",
      [&] {
        Value pod = t.MustGet(kPods, "other");
        return !IsBound(pod) && ConditionOf(pod, "PodScheduled").is_null();
      },
      1s);
}

BEHAVIOUR("scheduling/fit/counts-nodes-by-reason") {
  // Nodes that other tests make meanwhile are told from these three by a label.
  constexpr const char* kLabel = "kubeproof.test/fit";
  std::string mark = t.UniqueName("fit");
  for (const char* memory : {"8Gi", "8Gi", "64Mi"}) {
    BareNode(t, {.cpu = "1", .memory = memory, .labels = Obj({{kLabel, mark}})});
  }
  Value pod = WithRequest(WithRequest(PodForLabel("p", kLabel, mark), "cpu", "2"), "memory", "1Gi")
                  .With({"spec", "tolerations"}, Arr({Obj({{"operator", "Exists"}})}));
  pod = t.MustCreate(kPods, pod);
  std::string message = AwaitUnschedulable(t, "p", " 3 Insufficient cpu");
  int64_t others = NodesOf(message) - 3;
  t.Expect(others >= t.cluster().nodes(), "the message counts the nodes: " + message);
  const std::string mismatch = " " + std::to_string(others) + " node(s) didn't match Pod's node affinity/selector";
  for (const std::string& words :
       {std::string(" nodes are available: "), std::string(" 1 Insufficient memory"), mismatch}) {
    t.Expect(Contains(message, words), "it has \"" + words + "\": " + message);
  }
  t.ExpectEq(t.MustGet(kPods, "p").At({"status", "phase"}), "Pending", "phase");
  t.Eventually("an event tells the same", [&] {
    for (const Value& event : EventsAbout(t, pod, "FailedScheduling")) {
      if (Contains(event["message"].AsString(), " nodes are available: ")) return true;
    }
    return false;
  });
}

BEHAVIOUR("scheduling/fit/fills-a-node-to-the-brim-and-no-further") {
  std::string node = BareNode(t, {.cpu = "2"});
  for (const char* name : {"a", "b", "c", "d", "e"})
    t.MustCreate(kPods, WithRequest(PodFor(name, node), "cpu", "500m"));
  auto bound = [&] {
    std::vector<Value> pods = t.MustList(kPods);
    return std::count_if(pods.begin(), pods.end(), IsBound);
  };
  t.Eventually("four of five have the node", [&] { return bound() == 4; });
  t.Always(
      "the fifth does not", [&] { return bound() == 4; }, 2s);
  for (const Value& pod : t.MustList(kPods)) {
    if (!IsBound(pod)) AwaitUnschedulable(t, NameOf(pod), "Insufficient cpu");
  }
}

BEHAVIOUR("scheduling/fit/counts-memory-and-number-of-pods") {
  std::string node = BareNode(t, {.memory = "1Gi", .pods = 2});
  t.MustCreate(kPods, WithRequest(PodFor("a", node), "memory", "600Mi"));
  AwaitBound(t, "a");
  t.MustCreate(kPods, WithRequest(PodFor("b", node), "memory", "600Mi"));
  AwaitUnschedulable(t, "b", "1 Insufficient memory");
  t.MustDelete(kPods, "b");
  t.MustCreate(kPods, PodFor("c", node));
  AwaitBound(t, "c");
  t.MustCreate(kPods, PodFor("d", node));
  AwaitUnschedulable(t, "d", "1 Too many pods");
}

BEHAVIOUR("scheduling/fit/limits-stand-in-for-requests") {
  std::string node = BareNode(t, {.cpu = "1"});
  auto limited = [&](std::string_view name) {
    Value pod = PodFor(name, node);
    Value container = pod["spec"]["containers"][0].With("resources", Obj({{"limits", Obj({{"cpu", "600m"}})}}));
    return pod.With({"spec", "containers"}, Arr({container}));
  };
  t.MustCreate(kPods, limited("a"));
  AwaitBound(t, "a");
  t.MustCreate(kPods, limited("b"));
  AwaitUnschedulable(t, "b", "Insufficient cpu");
}

BEHAVIOUR("scheduling/selector/wants-all-labels") {
  std::string mark = t.UniqueName("m");
  std::string node = BareNode(t, {.labels = Obj({{"mark", mark}, {"disk", "ssd"}})});
  t.MustCreate(kPods, PodForLabel("fits", "mark", mark).With({"spec", "nodeSelector", "disk"}, "ssd"));
  t.MustCreate(kPods, PodForLabel("misfits", "mark", mark).With({"spec", "nodeSelector", "disk"}, "hdd"));
  t.ExpectEq(AwaitBound(t, "fits"), node, "the node with both labels");
  AwaitUnschedulable(t, "misfits", "node(s) didn't match Pod's node affinity/selector");
}

BEHAVIOUR("scheduling/affinity/operators-of-required-terms") {
  std::string node = BareNode(t, {.labels = Obj({{"disk", "ssd"}, {"generation", "5"}})});
  auto expression = [](std::string_view key, std::string_view op, std::initializer_list<Value> values) {
    Value e = Obj({{"key", key}, {"operator", op}});
    return values.size() == 0 ? e : e.With("values", Arr(values));
  };
  const std::vector<std::pair<Value, bool>> table = {
      {expression("disk", "In", {"hdd", "ssd"}), true}, {expression("disk", "In", {"hdd"}), false},
      {expression("disk", "NotIn", {"hdd"}), true},     {expression("disk", "NotIn", {"hdd", "ssd"}), false},
      {expression("absent", "NotIn", {"x"}), true},     {expression("disk", "Exists", {}), true},
      {expression("absent", "Exists", {}), false},      {expression("absent", "DoesNotExist", {}), true},
      {expression("disk", "DoesNotExist", {}), false},  {expression("generation", "Gt", {"4"}), true},
      {expression("generation", "Gt", {"5"}), false},   {expression("generation", "Lt", {"6"}), true},
      {expression("generation", "Lt", {"5"}), false},   {expression("absent", "Gt", {"1"}), false},
  };
  auto name = [](size_t row) { return "row-" + std::to_string(row); };
  for (size_t row = 0; row < table.size(); ++row) {
    t.MustCreate(kPods, WithExpression(PodFor(name(row), node), table[row].first));
  }
  for (size_t row = 0; row < table.size(); ++row) {
    const Value& e = table[row].first;
    t.Step(name(row) + ": " + e["key"].str() + " " + e["operator"].str() + (table[row].second ? " fits" : " does not"));
    if (table[row].second) {
      AwaitBound(t, name(row));
    } else {
      AwaitUnschedulable(t, name(row));
    }
  }
}

BEHAVIOUR("scheduling/affinity/terms-are-alternatives") {
  std::string node = BareNode(t, {.labels = Obj({{"disk", "ssd"}})});
  auto term = [](std::string_view value) {
    return Obj({{"matchExpressions", Arr({Obj({{"key", "disk"}, {"operator", "In"}, {"values", Arr({value})}})})}});
  };
  auto with_terms = [&](std::string_view name, const Value& terms) {
    return PodFor(name, node)
        .With({"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"},
              Obj({{"nodeSelectorTerms", terms}}));
  };
  t.MustCreate(kPods, with_terms("either", Arr({term("hdd"), term("ssd")})));
  t.MustCreate(kPods, with_terms("neither", Arr({term("hdd"), term("tape")})));
  AwaitBound(t, "either");
  AwaitUnschedulable(t, "neither");
}

BEHAVIOUR("scheduling/taints/keep-away-what-does-not-tolerate-them") {
  std::string node = BareNode(t);
  AddTaint(t, node, Obj({{"key", "gpu"}, {"value", "yes"}, {"effect", "NoSchedule"}}));
  auto with = [&](std::string_view name, const Value& toleration) {
    Value pod = PodFor(name, node);
    return pod.With({"spec", "tolerations"}, pod["spec"]["tolerations"].Append(toleration));
  };
  t.MustCreate(kPods, PodFor("none", node));
  t.MustCreate(kPods, with("wrong", Obj({{"key", "gpu"}, {"operator", "Equal"}, {"value", "no"}})));
  t.MustCreate(kPods, with("effect", Obj({{"key", "gpu"}, {"operator", "Exists"}, {"effect", "NoExecute"}})));
  t.MustCreate(kPods, with("equal", Obj({{"key", "gpu"}, {"value", "yes"}, {"effect", "NoSchedule"}})));
  t.MustCreate(kPods, with("exists", Obj({{"key", "gpu"}, {"operator", "Exists"}})));
  t.MustCreate(kPods, with("all", Obj({{"operator", "Exists"}})));
  for (const char* name : {"equal", "exists", "all"}) AwaitBound(t, name);
  for (const char* name : {"none", "wrong", "effect"}) {
    AwaitUnschedulable(t, name, "node(s) had untolerated taint {gpu: yes}");
  }
}

BEHAVIOUR("scheduling/unschedulable/node-gets-no-pod") {
  std::string node = BareNode(t);
  t.MustPatch(kNodes, node, client::PatchType::kMerge, Obj({{"spec", Obj({{"unschedulable", true}})}}));
  t.MustCreate(kPods, PodFor("p", node));
  AwaitUnschedulable(t, "p", "node(s) were unschedulable");
  t.MustPatch(kNodes, node, client::PatchType::kMerge, Obj({{"spec", Obj({{"unschedulable", false}})}}));
  t.ExpectEq(AwaitBound(t, "p"), node, "the node once it is schedulable");
}

}  // namespace kp::conformance
