// /healthz, /livez and /readyz: named checks, each also a path of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reference/apiserver/call.h"

namespace kp::apiserver {

class Health {
 public:
  // "" is well; else what is wrong.
  using Check = std::function<void(std::function<void(std::string)> done)>;

  // `ready_only` checks are left out of /livez and /healthz.
  void Add(std::string name, Check check, bool ready_only = false);
  // False when the path is none of the three or names no check.
  bool Serve(const SharedCall& call);

 private:
  struct Named {
    std::string name;
    Check check;
    bool ready_only;
  };
  struct Run;
  std::vector<Named> checks_;
};

}  // namespace kp::apiserver
