// kubeproof store dump|verify|repair-tail: a member's data folder, looked at while the member does not run.
#pragma once

namespace kp::cli {

// argv[0] is the verb. Exit codes: kPass; kFailures when the folder is damaged, with file and offset; kEnvironment when
// it cannot be read.
int RunStoreFolder(int argc, char** argv);

}  // namespace kp::cli
