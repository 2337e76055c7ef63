// What a kubelet knows of a pod on its node beyond the API object: sandbox, containers, probes, hooks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/time.h"

namespace kp::kubelet {

struct Clock {
  Time now;       // for waiting
  WallTime wall;  // for telling
};

struct Termination {
  int exit_code = 0;
  std::string reason;
  std::string message;
  std::string id;
  WallTime started_at{};
  WallTime finished_at{};
};

// One of startup, liveness, readiness.
struct ProbeState {
  Time due{};
  bool in_flight = false;
  int64_t successes = 0;  // in a row
  int64_t failures = 0;
  bool passed = false;
};

struct ContainerState {
  enum class Phase : unsigned char { kNew, kPulling, kPullFailed, kStarting, kRunning, kExited };
  Phase phase = Phase::kNew;
  std::string id;
  WallTime started_at{};
  int64_t restarts = 0;
  std::optional<Termination> exit;  // of this run
  std::optional<Termination> last;  // of the run before
  std::string waiting_reason;       // "" lets the phase tell
  std::string waiting_message;
  // Of restarts or of pulls: the wait before the next try, and when that is.
  Duration backoff{};
  Time retry_at{};
  std::optional<Time> stop_by;  // it is being stopped; SIGKILL at that time
  bool in_pre_stop = false;
  bool term_sent = false;
  bool kill_sent = false;
  std::string unhealthy;     // the probe that failed too often: the container is to be stopped
  bool post_started = true;  // its postStart hook is done
  bool started = false;      // and its startup probe passed
  bool ready = false;
  std::map<std::string, ProbeState> probes;  // "startupProbe", "livenessProbe", "readinessProbe"
};

struct PodState {
  enum class SandboxPhase : unsigned char { kNone, kStarting, kReady, kRemoving, kRemoved };
  SandboxPhase sandbox = SandboxPhase::kNone;
  std::string sandbox_id;
  std::string ip;
  Time sandbox_retry{};
  std::map<std::string, ContainerState> containers;  // by name, init containers too
  std::optional<Time> stop_deadline;                 // when SIGKILL follows
  // Decided for good: "Failed" by deadline or eviction, with why.
  std::string final_reason;
  std::string final_message;
  bool reported_gone = false;  // the API object's last delete was asked for
};

}  // namespace kp::kubelet
