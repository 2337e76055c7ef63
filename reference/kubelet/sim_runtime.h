// A container runtime without containers: programs are read off command lines (script.h) and take place in
// the Env's time. It keeps its state in memory; a restarted kubelet finds nothing running.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "reference/kubelet/runtime.h"
#include "reference/kubelet/script.h"
#include "reference/runtime/env.h"

namespace kp::kubelet {

class SimRuntime : public ContainerRuntime {
 public:
  SimRuntime(runtime::Env& env, std::string node_ip);

  std::string Version() const override { return "simulated://0.1.0"; }
  void RunSandbox(const SandboxConfig& config, Completion<Result<Sandbox>> done) override;
  void RemoveSandbox(const std::string& id, Completion<Status> done) override;
  bool HasImage(const std::string& image) const override { return images_.contains(image); }
  // Images whose name says "missing" cannot be pulled.
  void PullImage(const std::string& image, Completion<Status> done) override;
  void StartContainer(const ContainerConfig& config, Completion<Result<std::string>> done) override;
  void StopContainer(const std::string& id, Duration grace) override;
  void Probe(const std::string& id, const api::Value& probe, Completion<bool> done) override;
  void RunHook(const std::string& id, const api::Value& handler, Completion<Status> done) override;
  void OnExit(std::function<void(const ContainerExit&)> on_exit) override { on_exit_ = std::move(on_exit); }
  void SetPodCidr(const std::string& cidr) override;

 private:
  struct Container {
    std::string sandbox_id;
    Script script;
    runtime::TimerId timer;
    runtime::TimerId kill_timer;
  };

  std::string NextAddress();
  void Exit(const std::string& id, int code, std::string reason);

  runtime::Env& env_;
  std::string node_ip_;
  Random random_;
  std::string cidr_base_;  // "10.244.1."; "": the node has no pod subnet yet
  int next_host_ = 2;
  std::map<std::string, std::string> sandboxes_;  // id -> address
  std::set<std::string> addresses_;
  std::map<std::string, Container> containers_;
  std::set<std::string> images_;
  std::function<void(const ContainerExit&)> on_exit_;
  Alive alive_;
};

}  // namespace kp::kubelet
