#include "reference/kubelet/pod_status.h"

#include <algorithm>
#include <set>

#include "reference/base/mutant.h"

namespace kp::kubelet {

using api::Obj;
using api::Value;
using Phase = ContainerState::Phase;

namespace {

bool IsSidecar(const Value& spec) { return spec["restartPolicy"].AsString() == "Always"; }

Value TerminatedValue(const Termination& exit) {
  Value value = Obj({{"exitCode", exit.exit_code}, {"reason", exit.reason}});
  if (!exit.message.empty()) value = value.With("message", exit.message);
  if (exit.started_at != WallTime{}) value = value.With("startedAt", FormatRfc3339(exit.started_at));
  if (exit.finished_at != WallTime{}) value = value.With("finishedAt", FormatRfc3339(exit.finished_at));
  bool prefixed = exit.id.find("://") != std::string::npos || exit.id.empty();
  return value.With("containerID", prefixed ? exit.id : "simulated://" + exit.id);
}

Value Waiting(std::string_view reason, const std::string& message) {
  Value waiting = Obj({{"reason", reason}});
  if (!message.empty()) waiting = waiting.With("message", message);
  return Obj({{"waiting", waiting}});
}

bool WillRestart(const Value& pod, const Value& spec, const ContainerState& state, bool final) {
  if (final || !pod.At({"metadata", "deletionTimestamp"}).is_null()) return false;
  if (IsSidecar(spec)) return true;
  std::string_view policy = pod.At({"spec", "restartPolicy"}).AsString("Always");
  return policy == "Always" || (policy == "OnFailure" && state.exit && state.exit->exit_code != 0);
}

Value StateValue(const Value& pod, const Value& spec, const ContainerState& state, bool initialized, bool final) {
  std::string_view none = initialized ? "ContainerCreating" : "PodInitializing";
  switch (state.phase) {
    case Phase::kRunning: return Obj({{"running", Obj({{"startedAt", FormatRfc3339(state.started_at)}})}});
    case Phase::kExited:
      // Between two runs it either waits out its back-off or has just ended.
      if (state.waiting_reason == "CrashLoopBackOff" && WillRestart(pod, spec, state, final)) {
        return Waiting(state.waiting_reason, state.waiting_message);
      }
      return Obj({{"terminated", TerminatedValue(*state.exit)}});
    case Phase::kPullFailed: return Waiting(state.waiting_reason, state.waiting_message);
    default: return Waiting(none, "");
  }
}

Value ContainerStatus(const PodWorker& worker, const Value& spec, bool initialized) {
  const ContainerState& state = worker.state().containers.at(spec["name"].str());
  bool final = !worker.state().final_reason.empty();
  Value now = StateValue(worker.pod(), spec, state, initialized, final);
  Value status = Obj({{"name", spec["name"]},
                      {"image", spec["image"]},
                      {"imageID", state.id.empty() ? Value("") : spec["image"]},
                      {"ready", state.ready},
                      {"started", state.phase == Phase::kRunning && state.started},
                      {"restartCount", state.restarts},
                      {"state", now},
                      {"lastState", Value::EmptyObject()}});
  if (!state.id.empty()) status = status.With("containerID", "simulated://" + state.id);
  const std::optional<Termination>& last = now.Has("waiting") && state.exit ? state.exit : state.last;
  if (last && !KP_MUTANT("kubelet-forgets-the-former-run"))
    status = status.With("lastState", Obj({{"terminated", TerminatedValue(*last)}}));
  return status;
}

struct Tally {
  int waiting = 0;
  int running = 0;
  int stopped = 0;
  int succeeded = 0;
};

Tally Count(const PodWorker& worker) {
  Tally tally;
  for (const Value& spec : worker.pod()["spec"]["containers"].items()) {
    const ContainerState& state = worker.state().containers.at(spec["name"].str());
    if (state.phase == Phase::kRunning) {
      ++tally.running;
    } else if (state.exit || state.last) {
      ++tally.stopped;
      tally.succeeded += state.exit && state.exit->exit_code == 0;
    } else {
      ++tally.waiting;
    }
  }
  return tally;
}

enum class Init : unsigned char { kPending, kDone, kFailed };

Init InitOf(const PodWorker& worker) {
  for (const Value& spec : worker.pod()["spec"]["initContainers"].items()) {
    const ContainerState& state = worker.state().containers.at(spec["name"].str());
    if (IsSidecar(spec)) {
      if (state.restarts == 0 && state.phase != Phase::kRunning && !state.exit) return Init::kPending;
      continue;
    }
    if (state.phase != Phase::kExited) return Init::kPending;
    if (state.exit->exit_code == 0) continue;
    bool again = WillRestart(worker.pod(), spec, state, !worker.state().final_reason.empty());
    return again ? Init::kPending : Init::kFailed;
  }
  return Init::kDone;
}

// Upstream's rules (kubernetes pkg/kubelet getPhase). An ended pod stays ended.
std::string PhaseOf(const PodWorker& worker, Init init) {
  std::string before = worker.pod().At({"status", "phase"}).str();
  if (before == "Succeeded" || before == "Failed") return before;
  if (!worker.state().final_reason.empty()) return "Failed";
  std::string_view policy = worker.pod().At({"spec", "restartPolicy"}).AsString("Always");
  if (init == Init::kFailed && !KP_MUTANT("kubelet-failed-init-is-pending")) return "Failed";
  if (init == Init::kPending) return "Pending";
  Tally tally = Count(worker);
  if (tally.waiting > 0) return "Pending";
  if (tally.stopped > tally.succeeded && policy == "Never" && KP_MUTANT("kubelet-fails-with-the-first"))
    return "Failed";
  if (tally.running > 0) return "Running";
  if (tally.stopped == 0) return "Pending";
  bool ended = worker.IsTerminal() || worker.IsTerminating();
  if (policy == "Always" && !worker.IsTerminating()) return "Running";
  if (tally.succeeded == tally.stopped) return ended ? "Succeeded" : "Running";
  if (policy == "Never" || ended) return KP_MUTANT("kubelet-failed-is-succeeded") ? "Succeeded" : "Failed";
  return "Running";
}

std::string Names(const std::vector<std::string>& names) {
  std::string text = "[";
  for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : " ") + names[i];
  return text + "]";
}

struct Verdict {
  bool holds = true;
  std::string reason;
  std::string message;
};

Verdict ContainersReady(const PodWorker& worker, const std::string& phase) {
  if (phase == "Succeeded" && KP_MUTANT("kubelet-completed-is-ready")) return {};
  if (phase == "Succeeded") return {false, "PodCompleted", ""};
  if (phase == "Failed") return {false, "PodFailed", ""};
  std::vector<std::string> unready;
  for (const Value& spec : worker.pod()["spec"]["containers"].items()) {
    if (!worker.state().containers.at(spec["name"].str()).ready) unready.push_back(spec["name"].str());
  }
  if (unready.empty()) return {};
  return {false, "ContainersNotReady", "containers with unready status: " + Names(unready)};
}

Verdict Initialized(const PodWorker& worker, Init init, const std::string& phase) {
  if (init == Init::kDone) return {true, phase == "Succeeded" ? "PodCompleted" : "", ""};
  std::vector<std::string> left;
  for (const Value& spec : worker.pod()["spec"]["initContainers"].items()) {
    const ContainerState& state = worker.state().containers.at(spec["name"].str());
    if (state.phase != Phase::kExited || state.exit->exit_code != 0) left.push_back(spec["name"].str());
  }
  return {false, "ContainersNotInitialized", "containers with incomplete status: " + Names(left)};
}

Verdict Ready(const PodWorker& worker, const Verdict& containers) {
  if (!containers.holds) return containers;
  for (const Value& gate : worker.pod()["spec"]["readinessGates"].items()) {
    bool open = false;
    for (const Value& condition : worker.pod()["status"]["conditions"].items()) {
      open |= condition["type"] == gate["conditionType"] && condition["status"].AsString() == "True";
    }
    if (!open && !KP_MUTANT("kubelet-ignores-readiness-gates")) {
      return {false, "ReadinessGatesNotReady",
              "corresponding condition of pod readiness gate \"" + gate["conditionType"].str() + "\" does not exist."};
    }
  }
  return {};
}

bool IsOwnCondition(const Value& condition) {
  static const std::set<std::string, std::less<>> own = {"PodReadyToStartContainers", "Initialized", "Ready",
                                                         "ContainersReady", "PodScheduled"};
  return own.contains(condition["type"].AsString());
}

// Conditions of the kubelet's; those of others (readiness gates) stay.
class Conditions {
 public:
  Conditions(const Value& before, WallTime now) : before_(before), now_(now) {}

  void Put(std::string_view type, const Verdict& verdict) {
    Value condition = Obj({{"type", type}, {"status", verdict.holds ? "True" : "False"}, {"lastProbeTime", Value()}});
    if (!verdict.reason.empty()) condition = condition.With("reason", verdict.reason);
    if (!verdict.message.empty()) condition = condition.With("message", verdict.message);
    Value since = FormatRfc3339(now_);
    for (const Value& old : before_.items()) {
      if (old["type"].AsString() == type && old["status"] == condition["status"]) since = old["lastTransitionTime"];
    }
    own_.push_back(condition.With("lastTransitionTime", since));
  }

  Value All() {
    for (const Value& old : before_.items()) {
      if (!IsOwnCondition(old)) own_.push_back(old);
    }
    return Value::Array(std::move(own_));
  }

 private:
  const Value& before_;
  WallTime now_;
  std::vector<Value> own_;
};

}  // namespace

Value PodStatusOf(const PodWorker& worker, const std::string& node_ip, WallTime now) {
  std::string host_ip = KP_MUTANT("kubelet-tells-the-wrong-host") ? worker.state().ip : node_ip;
  const Value& pod = worker.pod();
  const PodState& state = worker.state();
  Init init = InitOf(worker);
  std::string phase = PhaseOf(worker, init);
  Conditions conditions(pod["status"]["conditions"], now);
  bool sandbox = state.sandbox == PodState::SandboxPhase::kReady;
  Verdict containers = ContainersReady(worker, phase);
  conditions.Put("PodReadyToStartContainers", {sandbox, "", ""});
  conditions.Put("Initialized", Initialized(worker, init, phase));
  conditions.Put("Ready", Ready(worker, containers));
  conditions.Put("ContainersReady", containers);
  if (!KP_MUTANT("kubelet-does-not-tell-that-it-has-the-pod")) conditions.Put("PodScheduled", {true, "", ""});
  Value status = pod["status"].With("phase", phase).With("conditions", conditions.All());
  status = status.With("hostIP", host_ip).With("hostIPs", api::Arr({Obj({{"ip", host_ip}})}));
  if (!state.ip.empty()) {
    status = status.With("podIP", state.ip).With("podIPs", api::Arr({Obj({{"ip", state.ip}})}));
  }
  if (!status.Has("startTime")) status = status.With("startTime", FormatRfc3339(now));
  if (!state.final_reason.empty()) {
    status = status.With("reason", state.final_reason).With("message", state.final_message);
  }
  for (auto [list, name] :
       {std::pair("initContainers", "initContainerStatuses"), std::pair("containers", "containerStatuses")}) {
    std::vector<Value> statuses;
    bool initialized = init == Init::kDone || std::string_view(list) == "initContainers";
    for (const Value& spec : pod["spec"][list].items()) {
      statuses.push_back(ContainerStatus(worker, spec, initialized));
    }
    if (!statuses.empty()) status = status.With(name, Value::Array(std::move(statuses)));
  }
  return status;
}

Value PodStatusPatch(const Value& status) {
  std::vector<Value> conditions;
  for (Value condition : status["conditions"].items()) {
    if (!IsOwnCondition(condition)) continue;
    // A merge keeps what is not named.
    for (std::string_view field : {"reason", "message"}) {
      if (!condition.Has(field)) condition = condition.With(field, Value());
    }
    conditions.push_back(condition);
  }
  Value patch = status.With("conditions", Value::Array(std::move(conditions)));
  for (std::string_view list : {"podIPs", "hostIPs"}) {
    if (!status.Has(list)) continue;
    std::vector<Value> items = {Obj({{"$patch", "replace"}})};
    items.insert(items.end(), status[list].items().begin(), status[list].items().end());
    patch = patch.With(list, Value::Array(std::move(items)));
  }
  return patch;
}

Value WithConditionsOfOthers(const Value& status, const Value& served) {
  std::vector<Value> conditions;
  for (const Value& condition : status["conditions"].items()) {
    if (IsOwnCondition(condition)) conditions.push_back(condition);
  }
  for (const Value& condition : served["conditions"].items()) {
    if (!IsOwnCondition(condition)) conditions.push_back(condition);
  }
  return status.With("conditions", Value::Array(std::move(conditions)));
}

}  // namespace kp::kubelet
