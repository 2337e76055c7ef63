// What an apiserver makes sure of itself: the system namespaces, the default roles, and the kubernetes
// Service with its endpoints. Made at the start, and again when somebody deletes it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/api/value.h"
#include "reference/apiserver/storage.h"
#include "reference/base/random.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

struct BootstrapOptions {
  std::string service_address;    // clusterIP of default/kubernetes; empty: no such Service
  std::string advertise_address;  // "10.0.0.1": this server's endpoint
  int port = 6443;
};

class Bootstrap {
 public:
  Bootstrap(runtime::Env& env, Storage& storage, BootstrapOptions options);

  // The caches are ready. `done` runs when all is there for the first time.
  void Start(runtime::Task done);

 private:
  void Ensure(const api::Value& object, runtime::Task done);
  void WatchForDeletion(const api::Value& object);

  runtime::Env& env_;
  Storage& storage_;
  BootstrapOptions options_;
  Random random_;
  size_t left_ = 0;
  runtime::Task done_;
  Alive alive_;
};

}  // namespace kp::apiserver
