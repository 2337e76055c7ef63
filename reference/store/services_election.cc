// The v3election service: who leads is who holds the oldest key, and proclaims by what the key holds.
#include <map>
#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/election.pb.h"
#include "reference/store/services_contest.h"

namespace kp::store {
namespace {

namespace pb = v3electionpb;

Status Malformed() {
  return {Code::kInternal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"};
}

template <typename Message>
bool Parse(Message& message, std::string_view bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

template <typename Message>
void SetHeader(Message& message, const ReplyHeader& header) {
  message.mutable_header()->set_cluster_id(header.cluster);
  message.mutable_header()->set_member_id(header.member);
  message.mutable_header()->set_revision(header.revision);
  message.mutable_header()->set_raft_term(header.term);
}

std::string TellLeader(const ReplyHeader& header, const KeyValue& kv) {
  pb::LeaderResponse response;
  SetHeader(response, header);
  response.mutable_kv()->set_key(kv.key);
  if (!KP_MUTANT("election-tells-no-proclamation")) response.mutable_kv()->set_value(kv.value);
  response.mutable_kv()->set_create_revision(kv.create_revision);
  response.mutable_kv()->set_mod_revision(kv.mod_revision);
  response.mutable_kv()->set_version(kv.version);
  response.mutable_kv()->set_lease(kv.lease);
  return response.SerializeAsString();
}

// Guards a change by the leader's key as it was won.
TxnRequest OfLeader(const pb::LeaderKey& leader, RequestOp change) {
  Compare held{.target = Compare::Target::kCreate, .key = leader.key(), .number = leader.rev()};
  TxnRequest txn{.compares = {held}, .success = {std::move(change)}};
  if (KP_MUTANT("election-anybody-proclaims")) txn.compares.clear();
  return txn;
}

}  // namespace

class Services::CampaignCall : public ContestCall {
 public:
  using ContestCall::ContestCall;

  void OnMessage(std::string_view bytes) override {
    pb::CampaignRequest request;
    if (!Parse(request, bytes)) return Fail(Malformed());
    name_ = request.name();
    Enter(name_ + "/", request.lease(), request.value());
  }

 private:
  void OnWon(const ReplyHeader& header) override {
    pb::CampaignResponse response;
    SetHeader(response, header);
    pb::LeaderKey& leader = *response.mutable_leader();
    leader.set_name(name_);
    leader.set_key(key_);
    leader.set_rev(KP_MUTANT("election-hides-the-revision") ? 0 : created_);
    leader.set_lease(lease_);
    Answer(response.SerializeAsString());
  }

  std::string name_;
};

// Every proclamation of every leader, in order: the keys of the election are followed change by change.
class Services::ObserveStream : public transport::GrpcServerStreamHandler, private WatchSink {
 public:
  ObserveStream(Services& services, StreamPtr stream) : services_(services), stream_(std::move(stream)) {}
  ~ObserveStream() override {
    if (watch_) services_.member_.CloseWatch(*watch_);
  }

  void OnMessage(std::string_view bytes) override {
    if (watch_) return;
    pb::LeaderRequest request;
    if (!Parse(request, bytes)) return stream_->Finish(Malformed());
    const Result<Caller> caller = services_.Identify(stream_->context());
    if (!caller.ok()) return stream_->Finish(caller.error());
    const std::string prefix = request.name() + "/";
    services_.member_.ReadBarrier(alive_.Wrap([this, prefix, caller = *caller](const kp::Status& status) {
      if (!status.ok()) return stream_->Finish(status);
      const RangeRequest all{.key = prefix, .range_end = EndOfPrefix(prefix)};
      if (kp::Status allowed = services_.AccessOf(caller).Check(all); !allowed.ok()) return stream_->Finish(allowed);
      const Mvcc& store = services_.member_.store();
      const Result<RangeResponse> found = store.Range(all);
      for (const KeyValuePtr& kv : found->kvs) keys_[kv->key] = kv;
      TellIfNew(store.revision());
      watch_ = services_.member_.OpenWatch(this);
      const Revision next = store.revision() + 1;
      services_.member_.HandleWatch(
          *watch_, WatchCreate{.key = prefix, .range_end = EndOfPrefix(prefix), .start_revision = next});
    }));
  }
  void OnEnd() override {
    alive_.Reset();
    services_.need_leader_.erase(stream_);
  }

 private:
  void OnReply(const WatchReply& reply) override {
    if (reply.canceled) return stream_->Finish(ErrorCompacted());
    for (const Event& event : reply.events()) {
      if (event.is_delete()) {
        keys_.erase(event.kv->key);
      } else {
        keys_[event.kv->key] = event.kv;
      }
      TellIfNew(event.revision());
    }
  }
  bool Ready() const override { return stream_->BufferedBytes() < (1 << 20); }

  void TellIfNew(Revision revision) {
    const KeyValue* leader = nullptr;
    for (const auto& [key, kv] : keys_) {
      if (leader == nullptr || kv->create_revision < leader->create_revision) leader = kv.get();
    }
    if (leader == nullptr || (leader->key == told_key_ && leader->mod_revision == told_revision_)) return;
    if (leader->key == told_key_ && KP_MUTANT("election-observes-new-leaders-only")) return;
    told_key_ = leader->key;
    told_revision_ = leader->mod_revision;
    stream_->Send(std::make_shared<const std::string>(TellLeader(services_.member_.Header(revision), *leader)));
  }

  Services& services_;
  StreamPtr stream_;
  std::optional<WatchHub::StreamId> watch_;
  std::map<std::string, KeyValuePtr> keys_;
  std::string told_key_;
  Revision told_revision_ = 0;
  Alive alive_;
};

void Services::Proclaim(const Caller& caller, std::string_view bytes, Reply reply) {
  pb::ProclaimRequest request;
  if (!Parse(request, bytes)) return reply(Malformed());
  if (!request.has_leader() && !KP_MUTANT("election-needs-no-leader-key")) return reply(ErrorMissingLeaderKey());
  if (request.leader().key().empty()) return reply(ErrorEmptyKey());
  const std::string value = KP_MUTANT("election-proclaims-nothing") ? "" : request.value();
  const PutRequest put{.key = request.leader().key(), .value = value, .lease = request.leader().lease()};
  ProposeTxn(OfLeader(request.leader(), put), caller, [this, reply](const Result<TxnResponse>& result) {
    if (!result.ok()) return reply(result.error());
    if (!result->succeeded) return reply(ErrorElectionNotLeader());
    pb::ProclaimResponse response;
    SetHeader(response, member_.Header(result->revision));
    reply(response.SerializeAsString());
  });
}

void Services::Leader(const Caller& caller, std::string_view bytes, Reply reply) {
  pb::LeaderRequest request;
  if (!Parse(request, bytes)) return reply(Malformed());
  const std::string prefix = request.name() + "/";
  const RangeRequest oldest{.key = prefix,
                            .range_end = EndOfPrefix(prefix),
                            .limit = 1,
                            .order = RangeRequest::Order::kAscend,
                            .target = RangeRequest::Target::kCreate};
  Read(false, std::move(reply), [this, caller, oldest]() -> Result<std::string> {
    if (kp::Status status = AccessOf(caller).Check(oldest); !status.ok()) return status;
    const Result<RangeResponse> found = member_.store().Range(oldest);
    if (found->kvs.empty() && KP_MUTANT("election-nobody-is-a-leader"))
      return TellLeader(member_.Header(0), KeyValue());
    if (found->kvs.empty()) return ErrorElectionNoLeader();
    return TellLeader(member_.Header(found->revision), *found->kvs[0]);
  });
}

// Who does not lead has nothing to lay down: that is no error.
void Services::Resign(const Caller& caller, std::string_view bytes, Reply reply) {
  pb::ResignRequest request;
  if (!Parse(request, bytes)) return reply(Malformed());
  if (!request.has_leader() && !KP_MUTANT("election-needs-no-leader-key")) return reply(ErrorMissingLeaderKey());
  if (request.leader().key().empty()) return reply(ErrorEmptyKey());
  const DeleteRangeRequest erase{.key = request.leader().key()};
  ProposeTxn(OfLeader(request.leader(), erase), caller, [this, reply](const Result<TxnResponse>& result) {
    if (!result.ok()) return reply(result.error());
    pb::ResignResponse response;
    SetHeader(response, member_.Header(result->revision));
    reply(response.SerializeAsString());
  });
}

void Services::BindElection(transport::GrpcServices& services) {
  const std::string prefix = "/v3electionpb.Election/";
  BindStream(services, prefix + "Campaign",
             [this](StreamPtr stream) { return std::make_unique<CampaignCall>(*this, std::move(stream)); });
  BindStream(services, prefix + "Observe",
             [this](StreamPtr stream) { return std::make_unique<ObserveStream>(*this, std::move(stream)); });
  const auto bind = [&](const std::string& name, void (Services::*method)(const Caller&, std::string_view, Reply)) {
    services.unary[prefix + name] = Identified([this, method](const Caller& caller, std::string_view bytes,
                                                              Reply reply) { (this->*method)(caller, bytes, reply); });
  };
  bind("Proclaim", &Services::Proclaim);
  bind("Leader", &Services::Leader);
  bind("Resign", &Services::Resign);
}

}  // namespace kp::store
