#include "reference/store/lessor.h"

#include <algorithm>

#include "reference/base/mutant.h"

namespace kp::store {
namespace {

// An expired lease whose revocation did not come back is tried again after this long.
constexpr Duration kRevokeRetry = 3s;

}  // namespace

void Lessor::Schedule(LeaseId id, Clock& clock, Time expiry) {
  queue_.erase({clock.wake, id});
  clock.expiry = expiry;
  clock.wake = KP_MUTANT("store-lease-expires-early") ? expiry - clock.ttl / 2 : expiry;
  clock.expired = false;
  queue_.insert({clock.wake, id});
}

void Lessor::Reset(const std::map<LeaseId, LeaseRecord>& leases, Time now) {
  leases_.clear();
  queue_.clear();
  for (const auto& [id, lease] : leases) OnGranted(id, lease.ttl, now);
}

void Lessor::OnGranted(LeaseId id, int64_t ttl_seconds, Time now) {
  // 9e9 seconds, the largest grant, is beyond what nanoseconds can count.
  Clock& clock = leases_[id];
  clock.ttl = std::chrono::seconds(std::min<int64_t>(ttl_seconds, 4'000'000'000));
  if (primary_) Schedule(id, clock, now + clock.ttl);
}

void Lessor::OnRevoked(LeaseId id) {
  auto lease = leases_.find(id);
  if (lease == leases_.end()) return;
  queue_.erase({lease->second.wake, id});
  leases_.erase(lease);
}

void Lessor::Promote(Time now, Duration slack) {
  primary_ = true;
  for (auto& [id, clock] : leases_) Schedule(id, clock, now + clock.ttl + slack);
}

void Lessor::Demote() {
  primary_ = false;
  queue_.clear();
}

std::optional<int64_t> Lessor::Renew(LeaseId id, Time now) {
  auto lease = leases_.find(id);
  if (lease == leases_.end() || !primary_) return std::nullopt;
  Clock& clock = lease->second;
  // Its revocation is on the way: to renew it now would promise what cannot be kept.
  if (clock.expired || clock.wake <= now) return std::nullopt;
  if (!KP_MUTANT("lease-renewal-gives-no-time")) Schedule(id, clock, now + clock.ttl);
  return std::chrono::duration_cast<std::chrono::seconds>(clock.ttl).count();
}

std::optional<Duration> Lessor::Remaining(LeaseId id, Time now) const {
  auto lease = leases_.find(id);
  if (lease == leases_.end()) return std::nullopt;
  return std::max(lease->second.expiry - now, Duration(0));
}

std::vector<LeaseId> Lessor::TakeExpired(Time now, size_t limit) {
  std::vector<LeaseId> expired;
  while (!queue_.empty() && queue_.begin()->first <= now && expired.size() < limit) {
    const LeaseId id = queue_.begin()->second;
    queue_.erase(queue_.begin());
    Clock& clock = leases_.at(id);
    clock.expired = true;
    clock.wake = now + kRevokeRetry;
    queue_.insert({clock.wake, id});
    expired.push_back(id);
  }
  return expired;
}

std::optional<Time> Lessor::NextExpiry() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

}  // namespace kp::store
