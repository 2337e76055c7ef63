// What the component subcommands share: the process around one component.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bindings/cli/flags.h"
#include "reference/client/kube.h"
#include "reference/runtime/actor.h"
#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {

// Flags that every component takes: --name, --log-level, --ready-fd, --die-with-parent.
struct ProcessFlags {
  std::string name;
  std::string log_level = "info";
  int ready_fd = -1;
  bool die_with_parent = false;

  void AddTo(Flags& flags);
};

// One line on stderr, in the name of the subcommand; `code` back.
int Complain(std::string_view subcommand, std::string_view message, int code);

runtime::posix::PosixOptions PosixOptionsOf(const ProcessFlags& flags);

// Reads a kubeconfig file and what it names.
Result<client::KubeClientOptions> ReadKubeconfig(runtime::Disk& disk, const std::string& path,
                                                 const std::string& context = "");

// Makes the component on an Env and serves until SIGTERM or SIGINT. With --ready-fd, one JSON line
// {"pid": ..., "port": ...} once `port` answers; components without a port are ready when they are made.
int RunComponent(std::string_view subcommand, const ProcessFlags& flags,
                 const std::function<Result<std::unique_ptr<runtime::Actor>>(runtime::Env&)>& make);

// Writes the --ready-fd line.
void Announce(int ready_fd, int port);

}  // namespace kp::cli
