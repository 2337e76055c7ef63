#include "reference/apiserver/lease_pool.h"

#include <utility>

namespace kp::apiserver {

namespace {

// How long one lease is used for new objects; objects live up to this much longer.
constexpr Duration kReuse = 60s;

}  // namespace

void LeasePool::Get(int64_t seconds, Completion<Result<int64_t>> done) {
  Pool& pool = pools_[seconds];
  if (pool.lease && env_.Now() < pool.renew_at) return done(pool.lease);
  pool.waiting.push_back(std::move(done));
  if (pool.waiting.size() > 1) return;
  const int64_t ttl = seconds + std::chrono::duration_cast<std::chrono::seconds>(kReuse).count();
  store_.LeaseGrant(ttl, alive_.Wrap([this, seconds](Result<int64_t> lease) {
    Pool& granted = pools_[seconds];
    if (lease.ok()) {
      granted.lease = *lease;
      granted.renew_at = env_.Now() + kReuse;
    }
    for (const auto& waiting : std::exchange(granted.waiting, {})) waiting(lease);
  }));
}

}  // namespace kp::apiserver
