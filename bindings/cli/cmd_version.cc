#include <cstdio>

#include "bindings/cli/commands.h"
#include "bindings/cli/version.h"

namespace kp::cli {

std::string_view Version() { return KP_VERSION; }

int RunVersion(int argc, char** argv) {
  if (argc > 1) {
    std::fprintf(stderr, "kubeproof version: takes no arguments, got '%s'\n", argv[1]);
    return kUsage;
  }
  std::printf("kubeproof %s (Kubernetes v1.32, etcd v3 API)\n", KP_VERSION);
  return kPass;
}

}  // namespace kp::cli
