#include "bindings/cli/commands.h"

namespace kp::cli {

int RunVersion(int argc, char** argv);

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"version", "print the version", RunVersion},
  };
  return commands;
}

}  // namespace kp::cli
