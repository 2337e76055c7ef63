// What a kubelet asks of a container runtime. The calls and their meaning are CRI's (runtime.v1), so that a
// CRI socket, an embedded runtime and a simulated one can stand behind it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/completion.h"
#include "reference/base/status.h"
#include "reference/base/time.h"

namespace kp::kubelet {

struct SandboxConfig {
  std::string ns;
  std::string name;
  std::string uid;
  bool host_network = false;
};

struct Sandbox {
  std::string id;
  std::string ip;
};

struct ContainerConfig {
  std::string sandbox_id;
  std::string name;
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
};

struct ContainerExit {
  std::string id;
  int exit_code = 0;
  std::string reason;  // "Completed", "Error", "OOMKilled"
  WallTime finished_at{};
};

// Errors carry what the pod's status tells: kNotFound "ErrImagePull: ..." of a pull that failed.
class ContainerRuntime {
 public:
  virtual ~ContainerRuntime() = default;
  virtual std::string Version() const = 0;  // "simulated://0.1.0"
  virtual void RunSandbox(const SandboxConfig& config, Completion<Result<Sandbox>> done) = 0;
  // Kills what still runs in it and removes it.
  virtual void RemoveSandbox(const std::string& id, Completion<Status> done) = 0;
  virtual bool HasImage(const std::string& image) const = 0;
  virtual void PullImage(const std::string& image, Completion<Status> done) = 0;
  // Creates and starts; the container's id.
  virtual void StartContainer(const ContainerConfig& config, Completion<Result<std::string>> done) = 0;
  // SIGTERM, and SIGKILL after `grace`. The exit is told by OnExit.
  virtual void StopContainer(const std::string& id, Duration grace) = 0;
  // True when the probe (core/v1 Probe: exec, httpGet, tcpSocket, grpc) succeeds.
  virtual void Probe(const std::string& id, const api::Value& probe, Completion<bool> done) = 0;
  // How long a lifecycle handler of the container takes; zero for none.
  virtual void RunHook(const std::string& id, const api::Value& handler, Completion<Status> done) = 0;
  virtual void OnExit(std::function<void(const ContainerExit&)> on_exit) = 0;
  // The subnet that sandboxes get addresses of.
  virtual void SetPodCidr(const std::string& cidr) = 0;
};

}  // namespace kp::kubelet
