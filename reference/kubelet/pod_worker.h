// What a kubelet does about one pod: (pod, its state, now) -> actions. No effects, no clock.
//
// The caller carries out the actions and reports by the On... methods, then asks again. Sources: core/v1
// PodSpec field documentation; https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/kubelet/pod_state.h"

namespace kp::kubelet {

struct Action {
  enum class Kind : unsigned char {
    kRunSandbox,
    kRemoveSandbox,
    kPull,     // of `container`'s image, as its imagePullPolicy says
    kStart,    // create and start `container`
    kStop,     // SIGTERM `container`, SIGKILL after `grace`
    kPreStop,  // run its hook
    kPostStart,
    kProbe,   // `probe` of `container`
    kEvent,   // tell `type`, `reason`, `message`
    kFinish,  // everything has ended: the API object may go
  };
  Kind kind;
  std::string container;
  std::string probe;
  Duration grace{};
  std::string type;
  std::string reason;
  std::string message;
};

class PodWorker {
 public:
  // `pod` as first seen; its status tells what an earlier kubelet left.
  explicit PodWorker(api::Value pod);

  void SetPod(api::Value pod) { pod_ = std::move(pod); }
  const api::Value& pod() const { return pod_; }
  const PodState& state() const { return state_; }

  // What to do now. `wake` is when to ask again if nothing happens.
  std::vector<Action> Step(const Clock& clock, std::optional<Time>& wake);

  void OnSandbox(bool ok, const std::string& id, const std::string& ip, const Clock& clock);
  void OnSandboxRemoved();
  void OnPulled(const std::string& container, bool ok, const std::string& error, const Clock& clock);
  void OnStarted(const std::string& container, bool ok, const std::string& id, const std::string& error,
                 const Clock& clock);
  void OnExit(const std::string& id, int code, const std::string& reason, const Clock& clock);
  void OnHook(const std::string& container, bool post_start, bool ok);
  void OnProbe(const std::string& container, const std::string& probe, bool ok, const Clock& clock);

  // All containers have ended and none will start again.
  bool IsTerminal() const;
  bool IsTerminating() const;

 private:
  struct Turn;

  const api::Value* SpecOf(const std::string& container) const;
  bool IsSidecar(const api::Value& spec) const;
  bool WillRestart(const api::Value& spec, const ContainerState& state) const;
  void Recover();
  void CheckDeadline(Turn& turn);
  bool InitDone(Turn& turn);
  void Drive(const api::Value& spec, Turn& turn);
  void Start(const api::Value& spec, ContainerState& state, Turn& turn);
  void DriveProbes(const api::Value& spec, ContainerState& state, Turn& turn);
  void DriveProbe(const api::Value& spec, ContainerState& state, std::string_view kind, Turn& turn);
  void Stop(const api::Value& spec, ContainerState& state, Time by, Turn& turn);
  void StopAll(Turn& turn);
  bool AllStopped() const;
  Duration GraceOf() const;

  api::Value pod_;
  PodState state_;
};

}  // namespace kp::kubelet
