// Tells people what happened to an object: core/v1 Events, repeated ones counted up.
#pragma once

#include <map>
#include <string>

#include "reference/client/kube.h"

namespace kp::client {

class EventRecorder {
 public:
  EventRecorder(runtime::Env& env, KubeClient& client, std::string component, std::string host = "");

  // `type` is "Normal" or "Warning"; `reason` one CamelCase word. Best effort: a failure is not repeated.
  void Record(const api::Value& regarding, std::string_view type, std::string_view reason, std::string_view message);

 private:
  struct Known {
    std::string ns;
    std::string name;
    int64_t count = 1;
  };

  runtime::Env& env_;
  KubeClient& client_;
  std::string component_;
  std::string host_;
  Random random_;
  std::map<std::string, Known> known_;
  Alive alive_;
};

}  // namespace kp::client
