// kubeproof guard: outlives the process that started it, and cleans up after it. Not for people.
//
// Reads its input until that ends, which is when the starter is gone, however it ended; then removes the
// folder. A process group of its own keeps it from the terminal's Ctrl-C.
#include <sys/types.h>
#include <unistd.h>

#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "fixtures/process_child.h"

namespace kp::cli {

int RunGuard(int argc, char** argv) {
  std::string folder;
  Flags flags;
  flags.Text("remove", &folder);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Complain("guard", status.message(), kUsage);
  // Only what MakeTemporaryFolder names: this deletes without asking.
  if (folder.find("/kubeproof-") == std::string::npos)
    return Complain("guard", "--remove names no folder of ours", kUsage);
  setpgid(0, 0);
  char buffer[64];
  while (read(STDIN_FILENO, buffer, sizeof buffer) > 0) {
  }
  // The cluster's processes die by signal at the same moment; a file that one writes meanwhile is met by the
  // second pass.
  for (int pass = 0; pass < 20; ++pass) {
    fixtures::RemoveTemporaryFolder(folder);
    if (access(folder.c_str(), F_OK) != 0) break;
    usleep(50'000);  // tidy: allow sleep, because there is no loop to wait on any more
  }
  return kPass;
}

}  // namespace kp::cli
