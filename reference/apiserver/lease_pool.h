// Leases for objects that the store drops by itself. One lease serves all objects of a while, as upstream's
// lease manager has it: a lease for each would be a second write for each.
#pragma once

#include <map>
#include <vector>

#include "reference/base/completion.h"
#include "reference/client/etcd.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

class LeasePool {
 public:
  LeasePool(runtime::Env& env, client::EtcdClient& store) : env_(env), store_(store) {}

  // A lease that lives at least `seconds` from now.
  void Get(int64_t seconds, Completion<Result<int64_t>> done);

 private:
  struct Pool {
    int64_t lease = 0;
    Time renew_at;
    std::vector<Completion<Result<int64_t>>> waiting;
  };

  runtime::Env& env_;
  client::EtcdClient& store_;
  std::map<int64_t, Pool> pools_;  // by lifetime
  Alive alive_;
};

}  // namespace kp::apiserver
