#include "conformance/behaviours/pods/pods.h"

#include <algorithm>

#include "reference/base/time.h"

namespace kp::conformance {

using client::kPods;

Value Container(std::string_view name, const std::vector<std::string>& args) {
  return Pod("p", Value(), args)["spec"]["containers"][0].With("name", name);
}

Value PodOf(std::string_view name, std::initializer_list<Value> containers) {
  return Pod(name).With({"spec", "containers"}, Arr(containers));
}

Value IdlePod(std::string_view name) {
  return Pod(name).With({"spec", "nodeSelector"}, Obj({{"kubeproof.test/no-node", "has-this"}}));
}

Value WithPolicy(const Value& pod, std::string_view restart_policy) {
  return pod.With({"spec", "restartPolicy"}, restart_policy);
}

Value WithProbe(const Value& pod, std::string_view kind, std::string_view command, int failure_threshold) {
  Value probe = Obj(
      {{"exec", Obj({{"command", Arr({command})}})}, {"periodSeconds", 1}, {"failureThreshold", failure_threshold}});
  return pod.With({"spec", "containers"}, Arr({pod["spec"]["containers"][0].With(kind, probe)}));
}

const Value& StatusOf(const Value& pod, std::string_view container) {
  for (std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Value& status : pod["status"][list].items()) {
      if (status["name"].AsString() == container) return status;
    }
  }
  static const auto* null = new Value();
  return *null;
}

int64_t RestartsOf(const Value& pod, std::string_view container) {
  return StatusOf(pod, container)["restartCount"].AsInt();
}

bool HasPhase(const Value& pod, std::string_view phase) { return pod.At({"status", "phase"}).AsString() == phase; }

Value AwaitPhase(Context& t, std::string_view name, std::string_view phase) {
  return t.EventuallyObject(kPods, std::string(name), "phase " + std::string(phase),
                            [&](const Value& pod) { return HasPhase(pod, phase); });
}

Value AwaitReadyPod(Context& t, std::string_view name) {
  return t.EventuallyObject(kPods, std::string(name), "the pod is ready", IsReady);
}

void KeepsPhase(Context& t, std::string_view name, std::string_view phase) {
  t.Always(
      "phase " + std::string(phase), [&] { return HasPhase(t.MustGet(kPods, std::string(name)), phase); }, 1s);
}

int64_t SecondsBetween(const Value& from, const Value& to) {
  auto start = ParseRfc3339(from.AsString());
  auto end = ParseRfc3339(to.AsString());
  if (!start.ok() || !end.ok()) return -1;
  return std::chrono::floor<std::chrono::seconds>(*end - *start).count();
}

bool NamesField(const api::ApiStatus& status, std::string_view field) {
  auto causes = status.causes();
  return std::any_of(causes.begin(), causes.end(), [&](const auto& cause) { return cause.field == field; });
}

}  // namespace kp::conformance
