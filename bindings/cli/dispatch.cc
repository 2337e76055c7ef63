#include "bindings/cli/dispatch.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "bindings/cli/commands.h"
#include "reference/base/mutant.h"

namespace kp::cli {
namespace {

void PrintHelp() {
  std::printf(
      "usage: kubeproof [--mutant NAME] SUBCOMMAND [arguments...]\n"
      "Proves that a Kubernetes behaves as documented, also while it is being broken.\n\nsubcommands:\n");
  size_t width = 0;
  for (const Command& command : Commands()) width = std::max(width, command.name.size());
  for (const Command& command : Commands()) {
    std::printf("  %-*s  %s\n", static_cast<int>(width), std::string(command.name).c_str(),
                std::string(command.help).c_str());
  }
  std::printf("  %-*s  %s\n\n", static_cast<int>(width), "test", "run the project's own tests (by the wrapper script)");
  std::printf(
      "`kubeproof SUBCOMMAND --help` shows a subcommand's flags.\n"
      "exit codes: 0 pass, 1 failures, 2 usage, 3 environment, 4 timed out or aborted\n");
}

int UsageError(const std::string& message) {
  std::fprintf(stderr, "kubeproof: %s; see kubeproof --help\n", message.c_str());
  return kUsage;
}

}  // namespace

int Dispatch(int argc, char** argv) {
  int next = 1;
  if (next < argc && std::string_view(argv[next]) == "--mutant") {
    if (next + 1 >= argc) return UsageError("--mutant needs a name");
#ifdef KP_NO_MUTANTS
    return UsageError("this build has no mutants");
#else
    SetActiveMutant(argv[next + 1]);
    next += 2;
#endif
  }
  if (next >= argc) return UsageError("a subcommand is missing");
  const std::string_view name = argv[next];
  if (name == "--help" || name == "-h" || name == "help") {
    PrintHelp();
    return kPass;
  }
  for (const Command& command : Commands()) {
    if (command.name == name || (name == "--version" && command.name == "version")) {
      return command.run(argc - next, argv + next);
    }
  }
  if (name.starts_with('-')) return UsageError("unknown flag '" + std::string(name) + "'");
  return UsageError("unknown subcommand '" + std::string(name) + "'");
}

}  // namespace kp::cli
