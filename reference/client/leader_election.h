// One active instance among several, by a Lease (client-go's leaderelection).
#pragma once

#include <functional>
#include <string>

#include "reference/client/kube.h"

namespace kp::client {

struct LeaderElectionOptions {
  std::string ns = "kube-system";
  std::string name;      // of the Lease
  std::string identity;  // unique per instance
  Duration lease_duration = 15s;
  Duration renew_deadline = 10s;
  Duration retry_period = 2s;
};

// Calls `started` on winning and `stopped` once the lease could not be renewed in time; the caller must
// act on nothing from then on. Time is this process's own: only the change of the record is observed,
// never its clock, so skewed clocks do no harm as long as they run at about the same rate.
class LeaderElector {
 public:
  LeaderElector(runtime::Env& env, KubeClient& client, LeaderElectionOptions options, std::function<void()> started,
                std::function<void()> stopped);
  void Start() { Try(); }
  bool leading() const { return leading_; }

 private:
  void Try();
  void OnLease(api::ApiResult<api::Value> result);
  void Write(const api::Value& lease, bool create);
  void OnWritten(const api::ApiResult<api::Value>& result);
  void Again();
  void Soon();
  void CheckDeadline();

  runtime::Env& env_;
  KubeClient& client_;
  LeaderElectionOptions options_;
  std::function<void()> started_;
  std::function<void()> stopped_;
  runtime::Timer timer_;
  runtime::Timer deadline_;
  Random random_;
  Duration soon_;
  bool leading_ = false;
  Time attempt_{};
  Time renewed_{};
  api::Value lease_;     // as our last write left it
  api::Value observed_;  // spec of the last record seen
  Time observed_at_{};
  Alive alive_;
};

}  // namespace kp::client
