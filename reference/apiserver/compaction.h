// Lets the store forget what is older than one to two intervals, as upstream's apiserver does every five
// minutes. Several servers do it side by side: the later call is refused and nobody minds.
#pragma once

#include "reference/client/etcd.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

class Compaction {
 public:
  Compaction(runtime::Env& env, client::EtcdClient& store, Duration interval)
      : env_(env), store_(store), interval_(interval), timer_(env) {}

  void Start() {
    if (interval_ > Duration(0)) timer_.Start(interval_, [this] { Run(); });
  }

 private:
  void Run() {
    if (last_ > 0) {
      store_.Compact(last_, alive_.Wrap([this](const Status& status) {
        if (!status.ok()) env_.Log(runtime::Severity::kDebug, "apiserver", "compaction: " + status.ToString());
      }));
    }
    store_.Range({.key = "/registry/", .range_end = "/registry0", .limit = 1, .count_only = true},
                 alive_.Wrap([this](Result<client::EtcdRangeResult> now) {
                   if (now.ok()) last_ = now->revision;
                 }));
    Start();
  }

  runtime::Env& env_;
  client::EtcdClient& store_;
  Duration interval_;
  int64_t last_ = 0;  // the store's revision one interval ago
  runtime::Timer timer_;
  Alive alive_;
};

}  // namespace kp::apiserver
