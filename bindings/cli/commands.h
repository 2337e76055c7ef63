// The subcommands of `kubeproof`. Each is a file of its own, cmd_<name>.cc, which owns its flags.
#pragma once

#include <string_view>
#include <vector>

namespace kp::cli {

// What `kubeproof` exits with; a component that crashed ends by its signal instead.
enum ExitCode {
  kPass = 0,
  kFailures = 1,
  kUsage = 2,
  kEnvironment = 3,
  kAborted = 4,
};

struct Command {
  std::string_view name;
  std::string_view help;  // one line
  // argv[0] is the subcommand's name; the result is the exit code.
  int (*run)(int argc, char** argv);
};

// In the order of --help.
const std::vector<Command>& Commands();

}  // namespace kp::cli
