// When leases end. Only the leader keeps time: followers know which leases there are (Mvcc), and a new
// leader gives each its whole time again, so a lease may end late but never early. What has expired is
// revoked through the log.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "reference/base/time.h"
#include "reference/store/mvcc.h"

namespace kp::store {

class Lessor {
 public:
  // The state machine's leases, after start or a received snapshot.
  void Reset(const std::map<LeaseId, LeaseRecord>& leases, Time now);
  void OnGranted(LeaseId id, int64_t ttl_seconds, Time now);
  void OnRevoked(LeaseId id);

  // `slack`: what the lost leader may have granted meanwhile, an election's time.
  void Promote(Time now, Duration slack);
  void Demote();
  bool primary() const { return primary_; }

  // The granted time in seconds; nothing for a lease that is unknown or already being revoked.
  std::optional<int64_t> Renew(LeaseId id, Time now);
  // Time left, never negative; nothing for an unknown lease.
  std::optional<Duration> Remaining(LeaseId id, Time now) const;

  // Leases to revoke now. One that stays is reported again after a while: its revocation was lost.
  std::vector<LeaseId> TakeExpired(Time now, size_t limit);
  // When to ask again; nothing without leases or on a follower.
  std::optional<Time> NextExpiry() const;

 private:
  struct Clock {
    Duration ttl{};
    Time expiry{};
    Time wake{};  // the place in queue_
    bool expired = false;
  };
  void Schedule(LeaseId id, Clock& clock, Time expiry);

  bool primary_ = false;
  std::map<LeaseId, Clock> leases_;
  std::set<std::pair<Time, LeaseId>> queue_;  // on the leader, all leases
};

}  // namespace kp::store
