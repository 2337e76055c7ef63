#include "reference/kubelet/pod_worker.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::kubelet {

using api::Value;
using Phase = ContainerState::Phase;

namespace {

constexpr Duration kMinBackoff = 10s;
constexpr Duration kMaxBackoff = 300s;
// After running this long a container is as good as new.
constexpr Duration kBackoffReset = 600s;

}  // namespace

// One call of Step: collects actions and the earliest time at which something is due.
struct PodWorker::Turn {
  const Clock& clock;
  std::vector<Action> actions;
  std::optional<Time>& wake;

  void At(Time when) { wake = std::min(wake.value_or(when), when); }
  void Event(std::string type, std::string reason, std::string message) {
    actions.push_back({Action::Kind::kEvent, "", "", {}, std::move(type), std::move(reason), std::move(message)});
  }
};

PodWorker::PodWorker(Value pod) : pod_(std::move(pod)) {
  for (std::string_view list : {"initContainers", "containers"}) {
    for (const Value& spec : pod_["spec"][list].items()) state_.containers[spec["name"].str()];
  }
  Recover();
}

// A simulated runtime dies with its kubelet: what the status says was running has ended with it.
void PodWorker::Recover() {
  for (std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Value& status : pod_["status"][list].items()) {
      auto at = state_.containers.find(status["name"].str());
      if (at == state_.containers.end() || status["containerID"].empty()) continue;
      ContainerState& state = at->second;
      state.restarts = status["restartCount"].AsInt();
      const Value& ended = status["state"]["terminated"];
      Termination exit;
      exit.id = status["containerID"].str();
      exit.exit_code = static_cast<int>(ended.is_null() ? 137 : ended["exitCode"].AsInt());
      exit.reason = ended.is_null() ? "ContainerStatusUnknown" : ended["reason"].str();
      if (ended.is_null()) exit.message = "The container could not be located when the pod was terminated";
      for (auto [name, time] : {std::pair("startedAt", &exit.started_at), std::pair("finishedAt", &exit.finished_at)}) {
        auto parsed = ParseRfc3339(ended[name].AsString());
        if (parsed.ok()) *time = *parsed;
      }
      state.exit = exit;
      state.phase = Phase::kExited;
    }
  }
}

bool PodWorker::IsTerminating() const { return !pod_.At({"metadata", "deletionTimestamp"}).is_null(); }

const Value* PodWorker::SpecOf(const std::string& container) const {
  for (std::string_view list : {"initContainers", "containers"}) {
    for (const Value& spec : pod_["spec"][list].items()) {
      if (spec["name"].AsString() == container) return &spec;
    }
  }
  return nullptr;
}

bool PodWorker::IsSidecar(const Value& spec) const { return spec["restartPolicy"].AsString() == "Always"; }

bool PodWorker::WillRestart(const Value& spec, const ContainerState& state) const {
  if (IsTerminating() || !state_.final_reason.empty()) return false;
  if (IsSidecar(spec)) return true;
  if (KP_MUTANT("kubelet-never-restarts")) return false;
  std::string_view policy = pod_.At({"spec", "restartPolicy"}).AsString("Always");
  if (KP_MUTANT("kubelet-ignores-restart-policy")) return true;
  if (policy == "Never") return false;
  return policy == "Always" || !state.exit || state.exit->exit_code != 0;
}

bool PodWorker::IsTerminal() const {
  for (const Value& spec : pod_["spec"]["initContainers"].items()) {
    const ContainerState& state = state_.containers.at(spec["name"].str());
    bool failed = state.phase == Phase::kExited && state.exit->exit_code != 0 && !WillRestart(spec, state);
    if (failed && !IsSidecar(spec)) return AllStopped();
  }
  for (const Value& spec : pod_["spec"]["containers"].items()) {
    const ContainerState& state = state_.containers.at(spec["name"].str());
    bool never_ran = state.phase == Phase::kNew || state.phase == Phase::kPullFailed;
    if (never_ran && !state_.final_reason.empty()) continue;
    if (state.phase != Phase::kExited || WillRestart(spec, state)) return false;
  }
  return true;
}

bool PodWorker::AllStopped() const {
  return std::none_of(state_.containers.begin(), state_.containers.end(), [](const auto& entry) {
    return entry.second.phase == Phase::kRunning || entry.second.phase == Phase::kStarting;
  });
}

Duration PodWorker::GraceOf() const {
  int64_t seconds = pod_.At({"spec", "terminationGracePeriodSeconds"}).AsInt(30);
  if (IsTerminating()) seconds = pod_.At({"metadata", "deletionGracePeriodSeconds"}).AsInt(seconds);
  return std::chrono::seconds(seconds);
}

std::vector<Action> PodWorker::Step(const Clock& clock, std::optional<Time>& wake) {
  Turn turn{clock, {}, wake};
  CheckDeadline(turn);
  bool ending = IsTerminating() || !state_.final_reason.empty();
  if (ending || IsTerminal()) {
    StopAll(turn);
    using SandboxPhase = PodState::SandboxPhase;
    bool pending = state_.sandbox == SandboxPhase::kStarting;
    if (KP_MUTANT("kubelet-waits-out-the-grace-period") && state_.stop_deadline) {
      turn.At(*state_.stop_deadline);
      pending |= turn.clock.now < *state_.stop_deadline;
    }
    if (AllStopped() && !pending) {
      if (state_.sandbox == SandboxPhase::kReady) {
        state_.sandbox = SandboxPhase::kRemoving;
        turn.actions.push_back({Action::Kind::kRemoveSandbox, "", "", {}, "", "", ""});
      }
      bool gone = state_.sandbox == SandboxPhase::kRemoved || state_.sandbox == SandboxPhase::kNone;
      if (gone && IsTerminating() && !state_.reported_gone) {
        state_.reported_gone = true;
        turn.actions.push_back({Action::Kind::kFinish, "", "", {}, "", "", ""});
      }
    }
    return std::move(turn.actions);
  }
  if (state_.sandbox == PodState::SandboxPhase::kNone) {
    if (clock.now < state_.sandbox_retry) {
      turn.At(state_.sandbox_retry);
      return std::move(turn.actions);
    }
    state_.sandbox = PodState::SandboxPhase::kStarting;
    turn.actions.push_back({Action::Kind::kRunSandbox, "", "", {}, "", "", ""});
  }
  if (state_.sandbox != PodState::SandboxPhase::kReady) return std::move(turn.actions);
  if (InitDone(turn)) {
    for (const Value& spec : pod_["spec"]["containers"].items()) Drive(spec, turn);
  }
  return std::move(turn.actions);
}

// spec.activeDeadlineSeconds counts from status.startTime.
void PodWorker::CheckDeadline(Turn& turn) {
  const Value& seconds = pod_["spec"]["activeDeadlineSeconds"];
  auto start = ParseRfc3339(pod_.At({"status", "startTime"}).AsString());
  if (seconds.is_null() || !start.ok() || !state_.final_reason.empty() || IsTerminal()) return;
  Duration left = *start + std::chrono::seconds(seconds.AsInt()) - turn.clock.wall;
  if (left > Duration(0)) return turn.At(turn.clock.now + left);
  if (KP_MUTANT("kubelet-ignores-active-deadline")) return;
  state_.final_reason = "DeadlineExceeded";
  state_.final_message = "Pod was active on the node longer than the specified deadline";
  turn.Event("Normal", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
}

// Init containers run one after the other, each to its success; a sidecar only has to have started.
bool PodWorker::InitDone(Turn& turn) {
  for (const Value& spec : pod_["spec"]["initContainers"].items()) {
    ContainerState& state = state_.containers.at(spec["name"].str());
    bool done = IsSidecar(spec) ? state.phase == Phase::kRunning && state.started
                                : state.phase == Phase::kExited &&
                                      (state.exit->exit_code == 0 || KP_MUTANT("kubelet-goes-on-after-a-failed-init"));
    if (KP_MUTANT("kubelet-starts-before-init")) done = true;
    if (!done || IsSidecar(spec)) Drive(spec, turn);
    if (!done) return false;
  }
  return true;
}

void PodWorker::Drive(const Value& spec, Turn& turn) {
  ContainerState& state = state_.containers.at(spec["name"].str());
  switch (state.phase) {
    case Phase::kNew: return Start(spec, state, turn);
    case Phase::kPullFailed:
      if (turn.clock.now >= state.retry_at) return Start(spec, state, turn);
      if (state.waiting_reason == "ErrImagePull") {
        state.waiting_reason = "ImagePullBackOff";
        state.waiting_message = "Back-off pulling image " + Quote(spec["image"].AsString());
        turn.Event("Normal", "BackOff", state.waiting_message);
      }
      return turn.At(state.retry_at);
    case Phase::kExited:
      if (!WillRestart(spec, state)) return;
      if (turn.clock.now < state.retry_at) return turn.At(state.retry_at);
      ++state.restarts;
      state.last = std::move(state.exit);
      state.exit.reset();
      return Start(spec, state, turn);
    case Phase::kRunning: return DriveProbes(spec, state, turn);
    case Phase::kPulling:
    case Phase::kStarting: return;
  }
}

void PodWorker::Start(const Value& spec, ContainerState& state, Turn& turn) {
  state.phase = Phase::kPulling;
  state.stop_by.reset();
  state.in_pre_stop = state.term_sent = state.kill_sent = false;
  state.started = state.ready = false;
  state.unhealthy.clear();
  state.probes.clear();
  turn.actions.push_back({Action::Kind::kPull, spec["name"].str(), "", {}, "", "", ""});
}

// Startup holds the other two back; liveness ends the container; readiness tells.
void PodWorker::DriveProbes(const Value& spec, ContainerState& state, Turn& turn) {
  if (!state.unhealthy.empty() && !state.stop_by) {
    turn.Event("Normal", "Killing",
               "Container " + spec["name"].str() + " failed " +
                   (state.unhealthy == "startupProbe" ? "startup" : "liveness") + " probe, will be restarted");
    const Value& own = spec[state.unhealthy]["terminationGracePeriodSeconds"];
    Duration grace = own.is_null() ? GraceOf() : Duration(std::chrono::seconds(own.AsInt()));
    return Stop(spec, state, turn.clock.now + grace, turn);
  }
  if (state.stop_by) return Stop(spec, state, *state.stop_by, turn);
  if (!state.started) return DriveProbe(spec, state, "startupProbe", turn);
  for (std::string_view kind : {"livenessProbe", "readinessProbe"}) DriveProbe(spec, state, kind, turn);
}

void PodWorker::DriveProbe(const Value& spec, ContainerState& state, std::string_view kind, Turn& turn) {
  const Value& probe = spec[kind];
  if (probe.is_null()) return;
  auto [at, fresh] = state.probes.try_emplace(std::string(kind));
  ProbeState& run = at->second;
  if (KP_MUTANT("kubelet-ignores-initial-delay")) fresh = false;
  if (fresh) run.due = turn.clock.now + std::chrono::seconds(probe["initialDelaySeconds"].AsInt());
  if (run.in_flight) return;
  if (turn.clock.now < run.due) return turn.At(run.due);
  run.in_flight = true;
  run.due = turn.clock.now + std::chrono::seconds(probe["periodSeconds"].AsInt(10));
  turn.actions.push_back({Action::Kind::kProbe, spec["name"].str(), std::string(kind), {}, "", "", ""});
}

// Begins or goes on with stopping: preStop hook, SIGTERM, SIGKILL at the time given. An earlier time than
// before takes effect.
void PodWorker::Stop(const Value& spec, ContainerState& state, Time by, Turn& turn) {
  if (state.phase != Phase::kRunning) return;
  bool first = !state.stop_by;
  bool sooner = state.stop_by && by < *state.stop_by && !KP_MUTANT("kubelet-ignores-a-shorter-grace");
  state.stop_by = std::min(state.stop_by.value_or(by), by);
  Duration grace = std::max(*state.stop_by - turn.clock.now, Duration(0));
  const Value& hook = spec["lifecycle"]["preStop"];
  if (first) {
    turn.Event("Normal", "Killing", "Stopping container " + spec["name"].str());
    if (!hook.is_null() && grace > Duration(0) && !KP_MUTANT("kubelet-skips-pre-stop")) {
      state.in_pre_stop = true;
      turn.actions.push_back({Action::Kind::kPreStop, spec["name"].str(), "", grace, "", "", ""});
    }
  }
  if (state.in_pre_stop && grace > Duration(0)) return turn.At(*state.stop_by);
  state.in_pre_stop = false;
  bool kill = grace <= Duration(0);
  if (state.term_sent && !sooner && (!kill || state.kill_sent)) return;
  // A hook that used the time up still leaves two seconds for SIGTERM (upstream's minimum).
  if (kill && !state.term_sent && !hook.is_null()) grace = 2s;
  state.term_sent = true;
  state.kill_sent = kill;
  turn.actions.push_back({Action::Kind::kStop, spec["name"].str(), "", grace, "", "", ""});
}

// The containers first, all at once, then the sidecars.
void PodWorker::StopAll(Turn& turn) {
  Duration grace = GraceOf();
  if (KP_MUTANT("kubelet-kills-without-grace")) grace = Duration(0);
  // Earlier when a second deletion asks for less time.
  Time by = turn.clock.now + grace;
  state_.stop_deadline = std::min(state_.stop_deadline.value_or(by), by);
  bool containers_stopped = true;
  for (const Value& spec : pod_["spec"]["containers"].items()) {
    ContainerState& state = state_.containers.at(spec["name"].str());
    containers_stopped &= state.phase != Phase::kRunning && state.phase != Phase::kStarting;
    // Whether it serves is told to the last: traffic may go on to it while there is nothing better.
    if (state.phase == Phase::kRunning && state.started) DriveProbe(spec, state, "readinessProbe", turn);
    Stop(spec, state, *state_.stop_deadline, turn);
  }
  for (const Value& spec : pod_["spec"]["initContainers"].items()) {
    if (containers_stopped || !IsSidecar(spec))
      Stop(spec, state_.containers.at(spec["name"].str()), *state_.stop_deadline, turn);
  }
}

void PodWorker::OnSandbox(bool ok, const std::string& id, const std::string& ip, const Clock& clock) {
  if (!ok) {
    state_.sandbox = PodState::SandboxPhase::kNone;
    state_.sandbox_retry = clock.now + 200ms;
    return;
  }
  state_.sandbox = PodState::SandboxPhase::kReady;
  state_.sandbox_id = id;
  state_.ip = ip;
}

void PodWorker::OnSandboxRemoved() { state_.sandbox = PodState::SandboxPhase::kRemoved; }

void PodWorker::OnPulled(const std::string& container, bool ok, const std::string& error, const Clock& clock) {
  ContainerState& state = state_.containers.at(container);
  if (state.phase != Phase::kPulling) return;
  if (ok || KP_MUTANT("kubelet-runs-without-image")) {
    state.phase = Phase::kStarting;
    state.waiting_reason.clear();
    return;
  }
  state.phase = Phase::kPullFailed;
  state.waiting_reason = error.starts_with("ErrImageNeverPull") ? "ErrImageNeverPull" : "ErrImagePull";
  state.waiting_message = error;
  state.backoff = std::clamp(state.backoff * 2, kMinBackoff, kMaxBackoff);
  state.retry_at = clock.now + state.backoff;
}

void PodWorker::OnStarted(const std::string& container, bool ok, const std::string& id, const std::string& error,
                          const Clock& clock) {
  ContainerState& state = state_.containers.at(container);
  const Value* spec = SpecOf(container);
  if (!ok) {
    state.phase = Phase::kExited;
    state.exit = Termination{128, "StartError", error, id, clock.wall, clock.wall};
    return;
  }
  state.phase = Phase::kRunning;
  state.id = id;
  state.started_at = clock.wall;
  state.waiting_reason.clear();
  state.started = (*spec)["startupProbe"].is_null() || KP_MUTANT("kubelet-ignores-startup");
  state.ready = ((*spec)["readinessProbe"].is_null() || KP_MUTANT("kubelet-ignores-readiness")) && state.started;
  state.post_started = (*spec)["lifecycle"]["postStart"].is_null();
}

void PodWorker::OnExit(const std::string& id, int code, const std::string& reason, const Clock& clock) {
  for (auto& [name, state] : state_.containers) {
    if (state.id != id || state.phase != Phase::kRunning) continue;
    state.phase = Phase::kExited;
    state.ready = false;
    state.started = false;
    state.stop_by.reset();
    state.exit = Termination{code, reason, "", id, state.started_at, clock.wall};
    if (clock.wall - state.started_at > kBackoffReset) state.backoff = Duration(0);
    // The first restart is immediate; each further one waits twice as long.
    state.retry_at = clock.now + state.backoff;
    if (KP_MUTANT("kubelet-no-crash-backoff")) state.retry_at = clock.now;
    if (state.backoff > Duration(0)) {
      state.waiting_reason = "CrashLoopBackOff";
      state.waiting_message = "back-off " + FormatDuration(state.backoff) + " restarting failed container=" + name +
                              " pod=" + pod_.At({"metadata", "name"}).str() + "_" +
                              pod_.At({"metadata", "namespace"}).str() + "(" + pod_.At({"metadata", "uid"}).str() + ")";
    }
    state.backoff = std::clamp(state.backoff * 2, kMinBackoff, kMaxBackoff);
  }
}

void PodWorker::OnHook(const std::string& container, bool post_start, bool ok) {
  ContainerState& state = state_.containers.at(container);
  if (post_start) {
    state.post_started = ok;
  } else if (state.in_pre_stop) {
    state.in_pre_stop = false;
  }
}

void PodWorker::OnProbe(const std::string& container, const std::string& kind, bool ok, const Clock&) {
  ContainerState& state = state_.containers.at(container);
  auto at = state.probes.find(kind);
  if (at == state.probes.end() || state.phase != Phase::kRunning) return;
  ProbeState& run = at->second;
  run.in_flight = false;
  run.successes = ok ? run.successes + 1 : 0;
  run.failures = ok ? 0 : run.failures + 1;
  const Value& probe = (*SpecOf(container))[kind];
  if (run.successes >= probe["successThreshold"].AsInt(1)) run.passed = true;
  if (run.failures >= probe["failureThreshold"].AsInt(3)) run.passed = false;
  bool failed = run.failures >= probe["failureThreshold"].AsInt(3);
  if (kind == "readinessProbe") {
    state.ready = run.passed || KP_MUTANT("kubelet-ignores-readiness");
  } else if (kind == "startupProbe" && run.passed) {
    state.started = true;
    state.ready = (*SpecOf(container))["readinessProbe"].is_null();
  } else if (failed && !KP_MUTANT("kubelet-ignores-liveness")) {
    state.unhealthy = kind;
  }
}

}  // namespace kp::kubelet
