#include "reference/store/services_contest.h"

#include <cinttypes>
#include <cstdio>
#include <utility>

#include "reference/base/mutant.h"

namespace kp::store {
namespace {

// etcd's session default, for callers that bring no lease.
constexpr int64_t kSessionSeconds = 60;
constexpr Duration kKeepAlivePeriod = 500ms;

std::string Hex(LeaseId lease) {
  char text[24];
  if (KP_MUTANT("lock-key-is-decimal")) return std::to_string(lease);
  std::snprintf(text, sizeof(text), "%" PRIx64, static_cast<uint64_t>(lease));
  return text;
}

// Of the keys of a prefix, the oldest.
RangeRequest OldestOf(const std::string& prefix) {
  return {.key = prefix,
          .range_end = EndOfPrefix(prefix),
          .limit = 1,
          .order = RangeRequest::Order::kAscend,
          .target = RangeRequest::Target::kCreate};
}

}  // namespace

Services::ContestCall::ContestCall(Services& services, StreamPtr stream)
    : services_(services), stream_(std::move(stream)), keep_alive_(services.env_) {}

Services::ContestCall::~ContestCall() {
  if (watch_) services_.member_.CloseWatch(*watch_);
}

void Services::ContestCall::OnEnd() {
  if (!answered_) Withdraw();
  alive_.Reset();
  keep_alive_.Stop();
  services_.need_leader_.erase(stream_);
}

void Services::ContestCall::Enter(const std::string& prefix, LeaseId lease, const std::string& value) {
  if (std::exchange(entered_, true)) return;  // one request a call
  const Result<Caller> caller = services_.Identify(stream_->context());
  if (!caller.ok()) return Fail(caller.error());
  caller_ = *caller;
  prefix_ = KP_MUTANT("lock-names-run-together") ? prefix.substr(0, prefix.rfind('/', prefix.size() - 2) + 1) : prefix;
  value_ = value;
  lease_ = lease;
  if (lease_ != 0) return PutKey();
  const LeaseGrantRequest grant{static_cast<LeaseId>(services_.lease_ids_.Next() & INT64_MAX), kSessionSeconds};
  services_.member_.Propose(CommandKind::kLeaseGrant, EncodeRequest(grant), grant, caller_,
                            alive_.Wrap([this, grant](const Result<Response>& result) {
                              if (!result.ok()) return Fail(result.error());
                              lease_ = grant.id;
                              PutKey();
                            }));
}

// The same lease a second time finds its key: it is in the queue already.
void Services::ContestCall::PutKey() {
  key_ = prefix_ + Hex(lease_);
  Compare absent{.target = Compare::Target::kCreate, .key = key_};
  const LeaseId attached = KP_MUTANT("lock-outlives-its-lease") ? 0 : lease_;
  TxnRequest txn{.compares = {absent},
                 .success = {PutRequest{.key = key_, .value = value_, .lease = attached}, RangeRequest{.key = key_}},
                 .failure = {RangeRequest{.key = key_}, RangeRequest{.key = key_}}};
  services_.ProposeTxn(txn, caller_, alive_.Wrap([this](const Result<TxnResponse>& result) { OnEntered(result); }));
}

void Services::ContestCall::OnEntered(const Result<TxnResponse>& result) {
  if (!result.ok()) return Fail(result.error());
  const auto& found = std::get<RangeResponse>(result->responses[1]);
  if (found.kvs.empty()) return Fail(ErrorSessionExpired());
  if (!result->succeeded && KP_MUTANT("lock-refuses-its-holder")) return Fail(ErrorSessionExpired());
  const KeyValue& kv = *found.kvs[0];
  created_ = kv.create_revision;
  if (kv.value == value_) return Wait();
  // There already with another value: it is proclaimed anew.
  const PutRequest put{.key = key_, .value = value_, .lease = lease_};
  const TxnRequest txn{.compares = {Compare{.target = Compare::Target::kCreate, .key = key_, .number = created_}},
                       .success = {put}};
  services_.ProposeTxn(txn, caller_, alive_.Wrap([this](const Result<TxnResponse>& changed) {
    if (!changed.ok()) return Fail(changed.error());
    if (!changed->succeeded) return Fail(ErrorSessionExpired());
    Wait();
  }));
}

void Services::ContestCall::Wait() {
  Watch();
  KeepAlive();
  LookAgain();
}

void Services::ContestCall::Watch() {
  if (watch_) services_.member_.CloseWatch(*watch_);
  watch_ = services_.member_.OpenWatch(this);
  services_.member_.HandleWatch(*watch_,
                                WatchCreate{.key = prefix_, .range_end = EndOfPrefix(prefix_), .no_put = true});
}

// A watch that compaction has cut off, behind a received snapshot say, may have missed what we wait for.
void Services::ContestCall::OnReply(const WatchReply& reply) {
  if (reply.created) return;
  services_.env_.Post(alive_.Wrap([this, cut_off = reply.canceled] {
    if (answered_) return;
    if (cut_off) Watch();
    LookAgain();
  }));
}

void Services::ContestCall::LookAgain() {
  if (answered_) return;
  services_.member_.ReadBarrier(alive_.Wrap([this](const kp::Status& status) {
    if (answered_) return;
    if (!status.ok()) return Fail(status);
    const Mvcc& store = services_.member_.store();
    const auto own = store.Range({.key = key_});
    const bool lost = own->kvs.empty() || own->kvs[0]->create_revision != created_;
    if (lost && !KP_MUTANT("lock-forgives-a-lost-session")) return Fail(ErrorSessionExpired());
    const auto oldest = store.Range(OldestOf(prefix_));
    const bool first = lost || oldest->kvs[0]->key == key_;
    if (!first && !KP_MUTANT("lock-lets-everybody-in")) return;
    OnWon(services_.member_.Header(store.revision()));
  }));
}

void Services::ContestCall::KeepAlive() {
  keep_alive_.Start(kKeepAlivePeriod, [this] {
    services_.member_.LeaseRenew(lease_, alive_.Wrap([](const Result<int64_t>&) {}));
    KeepAlive();
  });
}

// Only the key of this contest: a later one may have the same name.
void Services::ContestCall::Withdraw() {
  if (created_ == 0 || KP_MUTANT("lock-stays-when-the-client-leaves")) return;
  const TxnRequest txn{.compares = {Compare{.target = Compare::Target::kCreate, .key = key_, .number = created_}},
                       .success = {DeleteRangeRequest{.key = key_}}};
  services_.ProposeTxn(txn, caller_, [](const Result<TxnResponse>&) {});
}

void Services::ContestCall::Fail(const kp::Status& status) {
  answered_ = true;
  keep_alive_.Stop();
  stream_->Finish(status);
}

void Services::ContestCall::Answer(std::string message) {
  answered_ = true;
  keep_alive_.Stop();
  stream_->Send(std::make_shared<const std::string>(std::move(message)));
  stream_->Finish({});
}

}  // namespace kp::store
