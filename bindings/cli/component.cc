#include "bindings/cli/component.h"

#include <unistd.h>

#include <cstdio>

#include "bindings/cli/commands.h"
#include "reference/client/kubeconfig.h"
#include "reference/runtime/posix/signals.h"

namespace kp::cli {

void ProcessFlags::AddTo(Flags& flags) {
  flags.Text("name", &name);
  flags.Text("log-level", &log_level);
  flags.Integer("ready-fd", &ready_fd);
  flags.Boolean("die-with-parent", &die_with_parent);
  flags.Ignored("v");
}

int Complain(std::string_view subcommand, std::string_view message, int code) {
  std::fprintf(stderr, "kubeproof %.*s: %.*s\n", static_cast<int>(subcommand.size()), subcommand.data(),
               static_cast<int>(message.size()), message.data());
  return code;
}

runtime::posix::PosixOptions PosixOptionsOf(const ProcessFlags& flags) {
  runtime::posix::PosixOptions options;
  options.name = flags.name;
  options.least_severity = flags.log_level == "debug"  ? runtime::Severity::kDebug
                           : flags.log_level == "info" ? runtime::Severity::kInfo
                                                       : runtime::Severity::kWarning;
  return options;
}

Result<client::KubeClientOptions> ReadKubeconfig(runtime::Disk& disk, const std::string& path,
                                                 const std::string& context) {
  Result<std::string> text = disk.ReadAll(path);
  if (!text.ok()) return text.status();
  std::string folder = path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/'));
  client::KubeconfigFiles files{[&disk, folder](const std::string& name) {
    return disk.ReadAll(name.starts_with("/") ? name : folder + "/" + name);
  }};
  return client::ParseKubeconfig(*text, files, context);
}

void Announce(int ready_fd, int port) {
  if (ready_fd < 0) return;
  std::string line = "{\"pid\":" + std::to_string(getpid()) + ",\"port\":" + std::to_string(port) + "}\n";
  if (write(ready_fd, line.data(), line.size()) < 0) {
    std::fprintf(stderr, "kubeproof: --ready-fd %d cannot be written\n", ready_fd);
  }
  close(ready_fd);
}

int RunComponent(std::string_view subcommand, const ProcessFlags& flags,
                 const std::function<Result<std::unique_ptr<runtime::Actor>>(runtime::Env&)>& make) {
  if (flags.die_with_parent) runtime::posix::DieWithParent();
  runtime::posix::PosixEnv env(PosixOptionsOf(flags));
  env.HandleSignals([&](int) { env.Stop(0); });
  auto component = make(env);
  if (!component.ok()) return Complain(subcommand, component.status().message(), kUsage);
  Announce(flags.ready_fd, 0);
  return env.Run();
}

}  // namespace kp::cli
