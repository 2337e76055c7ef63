// From the process's arguments to the subcommand that runs.
#pragma once

namespace kp::cli {

// kubeproof [--mutant NAME] SUBCOMMAND [arguments...]; returns the exit code.
int Dispatch(int argc, char** argv);

}  // namespace kp::cli
