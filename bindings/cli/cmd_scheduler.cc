// kubeproof scheduler: upstream's flag names, where they mean something here.
#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "reference/scheduler/scheduler.h"

namespace kp::cli {

int RunScheduler(int argc, char** argv) {
  ProcessFlags process{.name = "scheduler"};
  std::string kubeconfig;
  scheduler::SchedulerOptions options;
  Flags flags;
  process.AddTo(flags);
  flags.Text("kubeconfig", &kubeconfig);
  flags.Boolean("leader-elect", &options.leader_elect);
  flags.Text("scheduler-name", &options.scheduler_name);
  flags.Boolean("bind-by-patch", &options.bind_by_patch);
  for (const char* ignored : {"authentication-kubeconfig", "authorization-kubeconfig", "bind-address", "config"}) {
    flags.Ignored(ignored);
  }
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Complain("scheduler", status.message(), kUsage);
  if (kubeconfig.empty()) return Complain("scheduler", "--kubeconfig is required", kUsage);
  return RunComponent("scheduler", process, [&](runtime::Env& env) -> Result<std::unique_ptr<runtime::Actor>> {
    auto client = ReadKubeconfig(env.disk(), kubeconfig);
    if (!client.ok()) return client.status();
    options.client = *client;
    options.identity = process.name + "_" + env.random().Fork("identity").Uuid();
    auto made = scheduler::Scheduler::Create(env, options);
    if (!made.ok()) return made.status();
    return runtime::HoldActor<std::unique_ptr<scheduler::Scheduler>>(std::move(*made));
  });
}

}  // namespace kp::cli
