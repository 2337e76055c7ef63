// Renewing and asking for the time left are the leader's business, since only it keeps time. A call that
// arrives elsewhere is passed on:
//
//   kLeaseCall:  number verb lease keys
//   kLeaseReply: number code message lease ttl granted-ttl keys...
#include <algorithm>
#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/binary.h"
#include "reference/store/errors.h"
#include "reference/store/member.h"

namespace kp::store {
namespace {

constexpr std::string_view kRenew = "renew";
constexpr std::string_view kTimeToLive = "ttl";
// Revocations in one round; with one round per second at most this many a second, as in etcd.
constexpr size_t kRevokesPerRound = 1000;
constexpr Duration kRevokePause = 1s;

}  // namespace

void Member::LeaseRenew(LeaseId id, Completion<Result<int64_t>> done) {
  CallLease(kRenew, {.id = id}, [done = std::move(done)](const Result<LeaseTimeToLiveResponse>& answer) {
    done(answer.ok() ? Result<int64_t>(answer->ttl) : Result<int64_t>(answer.error()));
  });
}

void Member::LeaseTimeToLive(const LeaseTimeToLiveRequest& request, Completion<Result<LeaseTimeToLiveResponse>> done) {
  CallLease(kTimeToLive, request, std::move(done));
}

void Member::CallLease(std::string_view verb, const LeaseTimeToLiveRequest& request,
                       Completion<Result<LeaseTimeToLiveResponse>> done) {
  if (is_leader()) return AnswerLeaseHere(verb, request, std::move(done));
  const uint64_t number = ++last_lease_call_;
  BinaryWriter out;
  out.Number(number);
  out.Text(verb);
  out.Signed(request.id);
  out.Number(request.keys ? 1 : 0);
  if (!has_leader() || !peers_->Send(node_->leader(), FrameType::kLeaseCall, out.bytes())) {
    return env_.Post(alive_.Wrap([done = std::move(done)] { done(ErrorNoLeader()); }));
  }
  lease_calls_[number] = {env_.Now() + RequestTimeout(), std::move(done)};
}

// Only after a quorum has confirmed that this member still leads: a deposed leader must not promise time.
void Member::AnswerLeaseHere(std::string_view verb, const LeaseTimeToLiveRequest& request,
                             Completion<Result<LeaseTimeToLiveResponse>> done) {
  ReadBarrier(alive_.Wrap([this, renew = verb == kRenew, request, done = std::move(done)](const Status& status) {
    if (!status.ok()) return done(status);
    if (!lessor_.primary()) return done(ErrorLeaderChanged());
    LeaseTimeToLiveResponse response{.id = request.id, .ttl = KP_MUTANT("lease-unknown-ones-have-none-left") ? 0 : -1};
    auto lease = state_.leases().find(request.id);
    if (renew) {
      const std::optional<int64_t> ttl =
          lease == state_.leases().end() ? std::nullopt : lessor_.Renew(request.id, env_.Now());
      response.ttl = ttl.value_or(KP_MUTANT("lease-unknown-ones-are-renewed") ? 60 : 0);
      if (KP_MUTANT("lease-renewal-tells-no-time")) response.ttl = 0;
      ScheduleExpiry();
    } else if (lease != state_.leases().end()) {
      const std::optional<Duration> left = lessor_.Remaining(request.id, env_.Now());
      response.ttl = std::chrono::ceil<std::chrono::seconds>(left.value_or(Duration(0))).count();
      if (KP_MUTANT("lease-tells-nothing-left")) response.ttl = 0;
      response.granted_ttl = lease->second.ttl;
      if (request.keys && !KP_MUTANT("lease-hides-its-keys"))
        response.keys.assign(lease->second.keys.begin(), lease->second.keys.end());
    }
    done(response);
  }));
}

void Member::OnLeaseCall(uint64_t from, std::string_view payload) {
  BinaryReader in(payload);
  const uint64_t number = in.Number();
  const std::string verb(in.Text());
  const LeaseTimeToLiveRequest request{.id = in.Signed(), .keys = in.Number() != 0};
  if (!in.AtEnd()) return;
  const auto reply = [this, from, number](const Result<LeaseTimeToLiveResponse>& answer) {
    BinaryWriter out;
    out.Number(number);
    out.Number(static_cast<uint64_t>(answer.status().code()));
    out.Text(answer.status().message());
    if (answer.ok()) {
      out.Signed(answer->id);
      out.Signed(answer->ttl);
      out.Signed(answer->granted_ttl);
      out.Number(answer->keys.size());
      for (const std::string& key : answer->keys) out.Text(key);
    }
    peers_->Send(from, FrameType::kLeaseReply, out.bytes());
  };
  if (!is_leader()) return reply(ErrorNoLeader());
  AnswerLeaseHere(verb, request, reply);
}

void Member::OnLeaseReply(std::string_view payload) {
  BinaryReader in(payload);
  auto call = lease_calls_.find(in.Number());
  const auto code = static_cast<Code>(in.Number());
  const std::string message(in.Text());
  LeaseTimeToLiveResponse response;
  if (code == Code::kOk) {
    response.id = in.Signed();
    response.ttl = in.Signed();
    response.granted_ttl = in.Signed();
    for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) response.keys.emplace_back(in.Text());
  }
  if (!in.AtEnd() || call == lease_calls_.end()) return;
  const auto done = std::move(call->second.done);
  lease_calls_.erase(call);
  if (code == Code::kOk) return done(std::move(response));
  done(Status(code, message));
}

void Member::ScheduleExpiry() {
  const std::optional<Time> next = lessor_.NextExpiry();
  if (!next) return expiry_.Stop();
  expiry_.Start(std::max(*next - env_.Now(), Duration(0)), [this] { RevokeExpired(); });
}

// The revocation is this leader's own proposal and dies with its term: passed on to a new leader, which
// has given the lease its whole time again, it would end it early (etcd-io/etcd#15247).
void Member::RevokeExpired() {
  const std::vector<LeaseId> expired = lessor_.TakeExpired(env_.Now(), kRevokesPerRound);
  for (const LeaseId id : expired) {
    const LeaseRevokeRequest revoke{id};
    Submit(CommandKind::kLeaseRevoke, EncodeRequest(revoke), revoke, Caller::Cluster(),
           KP_MUTANT("lease-old-leader-revokes") ? Route::kAnywhere : Route::kLocalOnly,
           [](const Result<Response>&) {});
  }
  if (expired.size() == kRevokesPerRound) {
    expiry_.Start(kRevokePause, [this] { RevokeExpired(); });
  } else {
    ScheduleExpiry();
  }
}

}  // namespace kp::store
