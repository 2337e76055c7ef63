// kubeproof controller-manager: upstream's flag names, where they mean something here.
#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "reference/controllers/manager.h"

namespace kp::cli {
namespace {

struct DurationFlag {
  const char* name;
  std::string text;
  Duration* value;
};

}  // namespace

int RunControllerManager(int argc, char** argv) {
  ProcessFlags process{.name = "controller-manager"};
  std::string kubeconfig;
  std::string root_ca_file;
  controllers::ManagerOptions options;
  std::vector<std::string> controllers;
  DurationFlag durations[] = {
      {"node-monitor-period", "", &options.node_lifecycle.monitor_period},
      {"node-monitor-grace-period", "", &options.node_lifecycle.grace_period},
  };
  Flags flags;
  process.AddTo(flags);
  flags.Text("kubeconfig", &kubeconfig);
  flags.Text("root-ca-file", &root_ca_file);
  flags.Text("cluster-cidr", &options.cluster_cidr);
  flags.Boolean("leader-elect", &options.leader_elect);
  flags.List("controllers", &controllers);
  for (DurationFlag& duration : durations) flags.Text(duration.name, &duration.text);
  for (const char* ignored :
       {"allocate-node-cidrs", "authentication-kubeconfig", "authorization-kubeconfig", "bind-address",
        "client-ca-file", "cluster-name", "cluster-signing-cert-file", "cluster-signing-key-file",
        "requestheader-client-ca-file", "service-account-private-key-file", "service-cluster-ip-range",
        "use-service-account-credentials"}) {
    flags.Ignored(ignored);
  }
  constexpr const char* kName = "controller-manager";
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Complain(kName, status.message(), kUsage);
  if (kubeconfig.empty()) return Complain(kName, "--kubeconfig is required", kUsage);
  for (const DurationFlag& duration : durations) {
    if (duration.text.empty()) continue;
    auto parsed = ParseDuration(duration.text);
    if (!parsed.ok())
      return Complain(kName, std::string("--") + duration.name + ": " + parsed.status().message(), kUsage);
    *duration.value = *parsed;
  }
  if (!controllers.empty()) options.controllers = controllers;
  return RunComponent(kName, process, [&](runtime::Env& env) -> Result<std::unique_ptr<runtime::Actor>> {
    auto client = ReadKubeconfig(env.disk(), kubeconfig);
    if (!client.ok()) return client.status();
    if (!root_ca_file.empty()) {
      auto ca = env.disk().ReadAll(root_ca_file);
      if (!ca.ok()) return ca.status();
      options.root_ca_pem = *ca;
    }
    options.client = *client;
    options.identity = process.name + "_" + env.random().Fork("identity").Uuid();
    auto made = controllers::Manager::Create(env, options);
    if (!made.ok()) return made.status();
    return runtime::HoldActor<std::unique_ptr<controllers::Manager>>(std::move(*made));
  });
}

}  // namespace kp::cli
