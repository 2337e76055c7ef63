// kubeproof up: a cluster of local processes, until Ctrl-C.
#include <cstdio>

#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "fixtures/process_cluster.h"
#include "reference/base/strings.h"

namespace kp::cli {
namespace {

int Usage(const std::string& message) { return Complain("up", message, kUsage); }

// Writes the kubeconfig where the user wants it.
Status SaveKubeconfig(fixtures::ProcessCluster& cluster, const std::string& path) {
  runtime::Disk& disk = cluster.posix_env().disk();
  if (disk.Exists(path)) {
    if (Status removed = disk.Remove(path); !removed.ok()) return removed;
  }
  auto file = disk.Open(path, runtime::Disk::OpenMode::kCreate);
  if (!file.ok()) return file.status();
  return (*file)->Write(0, cluster.kubeconfig());
}

}  // namespace

int RunUp(int argc, char** argv) {
  fixtures::ProcessClusterOptions options;
  options.program = "/proc/self/exe";
  std::string kubeconfig;
  std::vector<std::string> etcd_servers;
  std::string timeout = "60s";
  Flags flags;
  flags.Integer("nodes", &options.nodes);
  flags.Integer("members", &options.members);
  flags.Integer("port", &options.apiserver_port);
  flags.Text("data-dir", &options.data_dir);
  flags.Text("kubeconfig", &kubeconfig);
  flags.Text("log-level", &options.log_level);
  flags.Text("timeout", &timeout);
  flags.List("etcd-servers", &etcd_servers);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Usage(status.message());
  if (options.nodes < 0 || options.nodes > 100) return Usage("--nodes: want 0 to 100");
  if (options.members < 1 || options.members > 9) return Usage("--members: want 1 to 9");
  auto budget = ParseDuration(timeout);
  if (!budget.ok()) return Usage("--timeout: " + budget.status().message());
  for (std::string_view server : etcd_servers) {
    ConsumePrefix(server, "http://");
    options.etcd_servers.emplace_back(server);
  }
  auto cluster = fixtures::ProcessCluster::Start(options);
  if (!cluster.ok()) return Complain("up", cluster.status().message(), kEnvironment);
  runtime::posix::PosixEnv& env = (*cluster)->posix_env();
  env.HandleSignals([&](int) { env.Stop(0); });
  Time started = env.Now();
  Status ready = (*cluster)->AwaitReady(*budget);
  if (ready.code() == Code::kAborted) return kAborted;
  if (!ready.ok()) return Complain("up", ready.message(), kEnvironment);
  std::string path = (*cluster)->KubeconfigPath();
  if (!kubeconfig.empty()) {
    path = kubeconfig;
    if (Status saved = SaveKubeconfig(**cluster, path); !saved.ok()) {
      return Complain("up", "--kubeconfig: " + saved.message(), kEnvironment);
    }
  }
  std::printf("%d store member%s, %d node%s ready after %s. Ctrl-C ends it.\nexport KUBECONFIG=%s\n", options.members,
              options.members == 1 ? "" : "s", options.nodes, options.nodes == 1 ? "" : "s",
              FormatDuration(std::chrono::round<std::chrono::milliseconds>(env.Now() - started)).c_str(), path.c_str());
  std::fflush(stdout);
  return env.Run();
}

}  // namespace kp::cli
