#include "conformance/behaviours/objects.h"

#include <algorithm>

#include "reference/base/strings.h"

namespace kp::conformance {

namespace {

constexpr std::string_view kImage = "kubeproof/testpod:latest";

Value PodSpec(const std::vector<std::string>& args) {
  // Never pulled: the image is on every node of a bundled cluster.
  Value container = Obj({{"name", "c"}, {"image", kImage}, {"imagePullPolicy", "IfNotPresent"}});
  if (!args.empty()) {
    std::vector<Value> words;
    for (const std::string& arg : args) words.emplace_back(arg);
    container = container.With("args", Value::Array(std::move(words)));
  }
  return Obj({{"containers", Arr({container})}, {"terminationGracePeriodSeconds", 5}});
}

Value Workload(std::string_view kind, std::string_view name, int replicas, const Value& labels) {
  return Obj({{"apiVersion", "apps/v1"},
              {"kind", kind},
              {"metadata", Obj({{"name", name}, {"labels", labels}})},
              {"spec", Obj({{"replicas", replicas},
                            {"selector", Obj({{"matchLabels", labels}})},
                            {"template", PodTemplate(labels)}})}});
}

}  // namespace

Value Named(std::string_view name) { return Obj({{"metadata", Obj({{"name", name}})}}); }

Value WithLabels(const Value& object, const Value& labels) {
  Value all = object.At({"metadata", "labels"});
  if (all.is_null()) all = Value::EmptyObject();
  for (const api::Member& label : labels.members()) all = all.With(label.key.text(), label.value);
  return object.With({"metadata", "labels"}, all);
}

Value Pod(std::string_view name, const Value& labels, const std::vector<std::string>& args) {
  Value pod =
      Obj({{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", Obj({{"name", name}})}, {"spec", PodSpec(args)}});
  return labels.is_null() ? pod : WithLabels(pod, labels);
}

Value PodTemplate(const Value& labels, const std::vector<std::string>& args) {
  return Obj({{"metadata", Obj({{"labels", labels}})}, {"spec", PodSpec(args)}});
}

Value ReplicaSet(std::string_view name, int replicas, const Value& labels) {
  return Workload("ReplicaSet", name, replicas, labels);
}

Value Deployment(std::string_view name, int replicas, const Value& labels) {
  return Workload("Deployment", name, replicas, labels);
}

Value ConfigMap(std::string_view name, const Value& data) {
  Value map = Obj({{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", Obj({{"name", name}})}});
  return data.is_null() ? map : map.With("data", data);
}

Value Service(std::string_view name, const Value& selector, int port) {
  Value service = Obj({{"apiVersion", "v1"},
                       {"kind", "Service"},
                       {"metadata", Obj({{"name", name}})},
                       {"spec", Obj({{"ports", Arr({Obj({{"port", port}, {"protocol", "TCP"}})})}})}});
  return selector.is_null() ? service : service.With({"spec", "selector"}, selector);
}

std::string NameOf(const Value& object) { return object.At({"metadata", "name"}).str(); }
std::string UidOf(const Value& object) { return object.At({"metadata", "uid"}).str(); }
std::string VersionOf(const Value& object) { return object.At({"metadata", "resourceVersion"}).str(); }
bool IsTerminating(const Value& object) { return !object.At({"metadata", "deletionTimestamp"}).is_null(); }

const Value& ControllerOf(const Value& object) {
  for (const Value& owner : object.At({"metadata", "ownerReferences"}).items()) {
    if (owner["controller"].AsBool()) return owner;
  }
  static const auto* null = new Value();
  return *null;
}

const Value& ConditionOf(const Value& object, std::string_view type) {
  for (const Value& condition : object.At({"status", "conditions"}).items()) {
    if (condition["type"].AsString() == type) return condition;
  }
  static const auto* null = new Value();
  return *null;
}

bool HasCondition(const Value& object, std::string_view type, std::string_view status) {
  return ConditionOf(object, type)["status"].AsString() == status;
}

bool IsReady(const Value& pod) { return HasCondition(pod, "Ready", "True"); }

std::vector<Value> ActivePods(Context& t, const std::string& selector) {
  std::vector<Value> pods = t.MustList(client::kPods, {.label_selector = selector});
  std::erase_if(pods, [](const Value& pod) {
    std::string_view phase = pod.At({"status", "phase"}).AsString();
    return IsTerminating(pod) || phase == "Succeeded" || phase == "Failed";
  });
  return pods;
}

std::vector<Value> SetsOf(Context& t, const Value& deployment) {
  std::vector<Value> sets = t.MustList(client::kReplicaSets);
  std::erase_if(sets, [&](const Value& set) { return ControllerOf(set)["uid"].AsString() != UidOf(deployment); });
  auto revision = [](const Value& set) {
    return ParseInt(set.At({"metadata", "annotations", "deployment.kubernetes.io/revision"}).AsString()).value_or(0);
  };
  std::sort(sets.begin(), sets.end(), [&](const Value& a, const Value& b) { return revision(a) < revision(b); });
  return sets;
}

Value AwaitRollout(Context& t, const std::string& name) {
  return t.EventuallyObject(client::kDeployments, name, "the roll-out is complete", [](const Value& d) {
    int64_t wanted = d.At({"spec", "replicas"}).AsInt();
    const Value& status = d["status"];
    return status["observedGeneration"].AsInt() >= d.At({"metadata", "generation"}).AsInt() &&
           status["updatedReplicas"].AsInt() == wanted && status["replicas"].AsInt() == wanted &&
           status["availableReplicas"].AsInt() == wanted;
  });
}

std::vector<Value> EventsAbout(Context& t, const Value& object, std::string_view reason) {
  std::vector<Value> events = t.MustList(client::kEvents, {.field_selector = "involvedObject.uid=" + UidOf(object)});
  std::erase_if(events, [&](const Value& event) { return event["reason"].AsString() != reason; });
  return events;
}

}  // namespace kp::conformance
