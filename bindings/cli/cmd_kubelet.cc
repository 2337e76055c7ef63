// kubeproof kubelet: a node with the simulated container runtime. Upstream's flag names.
#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "reference/base/strings.h"
#include "reference/kubelet/kubelet.h"
#include "reference/kubelet/sim_runtime.h"

namespace kp::cli {
namespace {

// "a=b" into the map; kInvalidArgument for anything else.
Status TakePairs(const char* flag, const std::vector<std::string>& pairs, std::map<std::string, std::string>& to) {
  for (const std::string& pair : pairs) {
    size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return {Code::kInvalidArgument, std::string("--") + flag + ": want KEY=VALUE, got " + Quote(pair)};
    }
    to[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return Status::Ok();
}

}  // namespace

int RunKubelet(int argc, char** argv) {
  ProcessFlags process;
  std::string kubeconfig;
  kubelet::KubeletOptions options;
  std::vector<std::string> labels;
  std::vector<std::string> capacity;
  Flags flags;
  process.AddTo(flags);
  flags.Text("kubeconfig", &kubeconfig);
  flags.Text("hostname-override", &options.node.name);
  flags.Text("node-ip", &options.node.ip);
  flags.List("node-labels", &labels);
  flags.List("capacity", &capacity);
  for (const char* ignored : {"config", "container-runtime-endpoint", "register-node"}) flags.Ignored(ignored);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Complain("kubelet", status.message(), kUsage);
  if (kubeconfig.empty()) return Complain("kubelet", "--kubeconfig is required", kUsage);
  if (options.node.name.empty()) return Complain("kubelet", "--hostname-override is required: the node's name", kUsage);
  Status pairs = TakePairs("node-labels", labels, options.node.labels);
  if (pairs.ok()) pairs = TakePairs("capacity", capacity, options.node.resources);
  if (!pairs.ok()) return Complain("kubelet", pairs.message(), kUsage);
  if (process.name.empty()) process.name = "kubelet-" + options.node.name;
  return RunComponent("kubelet", process, [&](runtime::Env& env) -> Result<std::unique_ptr<runtime::Actor>> {
    auto client = ReadKubeconfig(env.disk(), kubeconfig);
    if (!client.ok()) return client.status();
    options.client = *client;
    auto made = kubelet::Kubelet::Create(env, options, std::make_unique<kubelet::SimRuntime>(env, options.node.ip));
    if (!made.ok()) return made.status();
    return runtime::HoldActor<std::unique_ptr<kubelet::Kubelet>>(std::move(*made));
  });
}

}  // namespace kp::cli
