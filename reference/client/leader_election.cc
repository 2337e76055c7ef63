#include "reference/client/leader_election.h"

#include <algorithm>

#include "reference/client/resources.h"

namespace kp::client {
namespace {

constexpr Duration kFirstWait = 20ms;
constexpr Duration kLongestFirstWait = 200ms;

}  // namespace

LeaderElector::LeaderElector(runtime::Env& env, KubeClient& client, LeaderElectionOptions options,
                             std::function<void()> started, std::function<void()> stopped)
    : env_(env),
      client_(client),
      options_(std::move(options)),
      started_(std::move(started)),
      stopped_(std::move(stopped)),
      timer_(env),
      deadline_(env),
      random_(env.random().Fork("leader-election/" + options_.name)),
      soon_(kFirstWait) {}

void LeaderElector::Try() {
  attempt_ = env_.Now();
  // The holder knows the lease as it is: one request instead of two. A conflict brings the GET back.
  if (leading_ && !lease_.is_null()) {
    api::Value spec = lease_["spec"].With("renewTime", FormatRfc3339Micro(env_.Wall()));
    return Write(lease_.With("spec", spec), false);
  }
  client_.Get({kLeases, options_.ns, options_.name, ""},
              alive_.Wrap([this](api::ApiResult<api::Value> result) { OnLease(std::move(result)); }));
}

void LeaderElector::OnLease(api::ApiResult<api::Value> result) {
  std::string now = FormatRfc3339Micro(env_.Wall());
  int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.lease_duration).count();
  if (!result.ok()) {
    if (result.error().code() != 404) return leading_ ? Again() : Soon();
    return Write(api::Obj({{"apiVersion", "coordination.k8s.io/v1"},
                           {"kind", "Lease"},
                           {"metadata", api::Obj({{"name", options_.name}, {"namespace", options_.ns}})},
                           {"spec", api::Obj({{"holderIdentity", options_.identity},
                                              {"leaseDurationSeconds", seconds},
                                              {"acquireTime", now},
                                              {"renewTime", now},
                                              {"leaseTransitions", 0}})}}),
                 true);
  }
  const api::Value& spec = (*result)["spec"];
  if (!(spec == observed_)) {
    observed_ = spec;
    observed_at_ = env_.Now();
  }
  bool mine = spec["holderIdentity"].AsString() == options_.identity;
  bool held = !spec["holderIdentity"].empty() &&
              observed_at_ + std::chrono::seconds(spec["leaseDurationSeconds"].AsInt(15)) > env_.Now();
  if (!mine && held) return Again();
  api::Value next = spec.With("renewTime", now).With("leaseDurationSeconds", seconds);
  if (!mine) {
    next = next.With("holderIdentity", options_.identity)
               .With("acquireTime", now)
               .With("leaseTransitions", spec["leaseTransitions"].AsInt() + 1);
  }
  Write(result->With("spec", next), false);
}

void LeaderElector::Write(const api::Value& lease, bool create) {
  auto done = alive_.Wrap([this](api::ApiResult<api::Value> result) { OnWritten(result); });
  if (create) {
    client_.Create({kLeases, options_.ns, "", ""}, lease, {}, std::move(done));
  } else {
    client_.Update({kLeases, options_.ns, options_.name, ""}, lease, {}, std::move(done));
  }
}

void LeaderElector::OnWritten(const api::ApiResult<api::Value>& result) {
  if (!result.ok()) {
    lease_ = api::Value();
    // Another one wrote it, or what the lease needs (the namespace, our rights) is not there yet.
    return leading_ || result.error().IsConflict() || result.error().IsAlreadyExists() ? Again() : Soon();
  }
  lease_ = *result;
  observed_ = (*result)["spec"];
  observed_at_ = env_.Now();
  // Counted from before the request was sent: nobody can have seen the lease renewed later than that.
  renewed_ = attempt_;
  CheckDeadline();
  if (!leading_) {
    leading_ = true;
    soon_ = kFirstWait;
    env_.Log(runtime::Severity::kInfo, "leader-election", options_.identity + " leads " + options_.name);
    started_();
  }
  Again();
}

void LeaderElector::CheckDeadline() {
  Duration left = renewed_ + options_.renew_deadline - env_.Now();
  deadline_.Start(std::max(left, Duration(0)), [this] {
    if (!leading_) return;
    leading_ = false;
    env_.Log(runtime::Severity::kWarning, "leader-election", options_.identity + " lost " + options_.name);
    stopped_();
  });
}

// A server that is not there yet, or not ready, as while everything starts: the wait of a candidate who
// knows of no leader is time without one.
void LeaderElector::Soon() {
  timer_.Start(soon_, [this] { Try(); });
  soon_ = std::min(soon_ * 3 / 2, std::min(kLongestFirstWait, options_.retry_period));
}

void LeaderElector::Again() {
  Duration jitter(random_.Below(static_cast<uint64_t>(options_.retry_period.count() / 5) + 1));
  timer_.Start(options_.retry_period + jitter, [this] { Try(); });
}

}  // namespace kp::client
