// kube-controller-manager: the controllers of one process, active while it holds the lease.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/client/leader_election.h"
#include "reference/controllers/node.h"
#include "reference/controllers/runner.h"

namespace kp::controllers {

struct ManagerOptions {
  client::KubeClientOptions client;
  std::string identity;  // in the lease; unique per process
  bool leader_elect = true;
  // As --controllers: names, "*" for all, "-name" for all but that one.
  std::vector<std::string> controllers = {"*"};
  std::string root_ca_pem;
  std::string cluster_cidr = "10.244.0.0/16";
  NodeLifecycleOptions node_lifecycle;
};

// The names that `controllers` may hold.
std::vector<std::string> ControllerNames();

class Manager {
 public:
  // kInvalidArgument for an unknown controller name or bad client options.
  static Result<std::unique_ptr<Manager>> Create(runtime::Env& env, const ManagerOptions& options);
  ~Manager();

  bool leading() const { return informers_ != nullptr; }
  // All controllers have nothing to do.
  bool Idle() const;

 private:
  Manager(runtime::Env& env, const ManagerOptions& options, std::unique_ptr<client::KubeClient> client);
  void Lead();

  runtime::Env& env_;
  ManagerOptions options_;
  std::unique_ptr<client::KubeClient> client_;
  std::unique_ptr<client::LeaderElector> elector_;
  std::unique_ptr<Informers> informers_;
  std::vector<std::unique_ptr<ControllerRunner>> runners_;
};

}  // namespace kp::controllers
