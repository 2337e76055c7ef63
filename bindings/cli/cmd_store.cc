// kubeproof store: one member of the etcd v3 store, with etcd's flag names.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "bindings/cli/commands.h"
#include "bindings/cli/store_flags.h"
#include "bindings/cli/store_folder.h"
#include "reference/runtime/posix/posix_env.h"
#include "reference/runtime/posix/scheduling.h"
#include "reference/store/server.h"

namespace kp::cli {
namespace {

constexpr Duration kJoinTimeout = 30s;

void Announce(int fd, const std::string& address) {
  const std::string port = address.substr(address.rfind(':') + 1);
  const std::string line =
      "{\"pid\":" + std::to_string(getpid()) + ",\"address\":\"" + address + "\",\"port\":" + port + "}\n";
  if (write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::fprintf(stderr, "kubeproof store: --ready-fd %d cannot be written\n", fd);
  }
  close(fd);
}

void WaitForHandOver(runtime::posix::PosixEnv& env, const store::Member& member, Time deadline) {
  if (!member.is_leader() || env.Now() >= deadline) return env.Stop(0);
  env.After(10ms, [&env, &member, deadline] { WaitForHandOver(env, member, deadline); });
}

// A member that joins has to be told of the cluster before it can start.
Status AskFirst(runtime::posix::PosixEnv& env, store::ServerOptions* options) {
  if (!store::NeedsToJoin(env, *options)) return {};
  std::optional<Result<store::ClusterView>> view;
  const auto question =
      store::AskToJoin(env, *options, [&view](Result<store::ClusterView> answer) { view = std::move(answer); });
  if (Status status = env.RunUntil([&view] { return view.has_value(); }, kJoinTimeout); !status.ok()) return status;
  if (!view->ok()) return view->error();
  options->joined = std::move(**view);
  return {};
}

int Complain(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "kubeproof store: %s\n", message.c_str());
  return code;
}

}  // namespace

int RunStoreRestore(int argc, char** argv);

int RunStore(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "restore") return RunStoreRestore(argc - 1, argv + 1);
  if (argc > 1 && argv[1][0] != '-') return RunStoreFolder(argc - 1, argv + 1);
  StoreFlags store;
  Flags flags;
  store.AddTo(flags);
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::printf("%s", std::string(StoreHelp()).c_str());
    return kPass;
  }
  Status parsed = flags.Parse(argc, argv);
  if (parsed.ok())
    parsed = flags.ParseEnvironment("ETCD_", [](const std::string& name) { return getenv(name.c_str()); });
  if (!parsed.ok()) return Complain(parsed.message(), kUsage);
  if (store.die_with_parent) runtime::posix::DieWithParent();
  runtime::posix::PreferShortSlices();
  runtime::posix::PosixEnv env({.name = store.options.name,
                                .least_severity = store.log_level == "debug"  ? runtime::Severity::kDebug
                                                  : store.log_level == "info" ? runtime::Severity::kInfo
                                                                              : runtime::Severity::kWarning,
                                .volatile_disk = store.volatile_disk});
  if (Status status = store.Complete(env.disk()); !status.ok()) return Complain(status.message(), kUsage);
  for (const std::string& name : flags.ignored()) {
    env.Log(runtime::Severity::kInfo, "store", "--" + name + " has no effect here");
  }
  store::Member* member = nullptr;
  // The leader hands over first, so that a planned stop costs the cluster no election.
  const auto on_signal = [&](int signal) {
    if (signal == SIGUSR2) env.PowerCut();
    const bool leads = member != nullptr && member->is_leader() && member->membership().Voters().size() > 1;
    if (!leads) return env.Stop(0);
    member->ResignLeadership();
    WaitForHandOver(env, *member, env.Now() + member->options().election_timeout);
  };
  std::vector<int> signals = {SIGTERM, SIGINT};
  if (store.volatile_disk) signals.push_back(SIGUSR2);
  env.HandleSignals(on_signal, signals);
  // Not what a supervisor should start again.
  store.options.on_removed = [&env] { env.Stop(0); };
  if (Status status = AskFirst(env, &store.options); !status.ok()) return Complain(status.message(), kEnvironment);
  const auto server = store::Server::Start(env, store.options);
  if (!server.ok()) {
    const Status& why = server.error();
    return Complain(why.message(), why.code() == Code::kInvalidArgument ? kUsage : kEnvironment);
  }
  member = &(*server)->member();
  env.Log(runtime::Severity::kInfo, "store", "serving clients on " + (*server)->ClientAddress());
  if (store.ready_fd >= 0) Announce(store.ready_fd, (*server)->ClientAddress());
  return env.Run();
}

}  // namespace kp::cli
