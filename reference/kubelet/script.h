// What a simulated container does, read off its command line.
//
// Understood are the commands of the test image (`kubeproof/testpod`): `exit CODE [--after=T]`, `crash
// [--after=T]`, `oom [--after=T]`, `sleep [T]`, `stubborn` (ignores SIGTERM), `http`, `tcp`, `echo`; and of
// a shell `sh -c` with `sleep`, `exit`, `true`, `false`, `echo` joined by `;` or `&&`. Anything else runs
// until it is stopped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/base/time.h"

namespace kp::kubelet {

struct Script {
  // When it ends by itself; nothing: never.
  std::optional<Duration> ends_after;
  int exit_code = 0;
  std::string reason;  // "" lets the exit code tell: Completed or Error
  bool ignores_sigterm = false;
  bool serves = false;  // answers httpGet, tcpSocket and grpc probes
};

Script ReadScript(const std::vector<std::string>& command, const std::vector<std::string>& args);

}  // namespace kp::kubelet
