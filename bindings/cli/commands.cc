#include "bindings/cli/commands.h"

namespace kp::cli {

int RunApiserver(int argc, char** argv);
int RunStore(int argc, char** argv);
int RunVersion(int argc, char** argv);

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"apiserver", "serve the Kubernetes API over an etcd v3 store", RunApiserver},
      {"store", "run a member of the etcd v3 store", RunStore},
      {"version", "print the version", RunVersion},
  };
  return commands;
}

}  // namespace kp::cli
