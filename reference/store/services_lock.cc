// The v3lock service.
#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/lock.pb.h"
#include "reference/store/services_contest.h"

namespace kp::store {
namespace {

namespace pb = v3lockpb;

Status Malformed() {
  return {Code::kInternal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"};
}

template <typename Message>
void SetHeader(Message& message, const ReplyHeader& header) {
  message.mutable_header()->set_cluster_id(header.cluster);
  message.mutable_header()->set_member_id(header.member);
  message.mutable_header()->set_revision(header.revision);
  message.mutable_header()->set_raft_term(header.term);
}

}  // namespace

class Services::LockCall : public ContestCall {
 public:
  using ContestCall::ContestCall;

  void OnMessage(std::string_view bytes) override {
    pb::LockRequest request;
    if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Fail(Malformed());
    Enter(request.name() + "/", request.lease(), "");
  }

 private:
  void OnWon(const ReplyHeader& header) override {
    pb::LockResponse response;
    SetHeader(response, header);
    response.set_key(key_);
    Answer(response.SerializeAsString());
  }
};

void Services::ProposeTxn(const TxnRequest& txn, const Caller& caller, Completion<Result<TxnResponse>> done) {
  member_.Propose(CommandKind::kTxn, EncodeRequest(txn), txn, caller,
                  alive_.Wrap([done = std::move(done)](const Result<Response>& result) {
                    done(result.ok() ? Result<TxnResponse>(std::get<TxnResponse>(*result)) : result.error());
                  }));
}

void Services::BindLock(transport::GrpcServices& services) {
  BindStream(services, "/v3lockpb.Lock/Lock",
             [this](StreamPtr stream) { return std::make_unique<LockCall>(*this, std::move(stream)); });
  services.unary["/v3lockpb.Lock/Unlock"] =
      Identified([this](const Caller& caller, std::string_view bytes, const Reply& reply) {
        pb::UnlockRequest request;
        if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return reply(Malformed());
        if (request.key().empty()) return reply(ErrorEmptyKey());
        const DeleteRangeRequest erase{.key = request.key()};
        member_.Propose(CommandKind::kDeleteRange, EncodeRequest(erase), erase, caller,
                        alive_.Wrap([this, reply](const Result<Response>& result) {
                          if (!result.ok()) return reply(result.error());
                          pb::UnlockResponse response;
                          SetHeader(response, member_.Header(std::get<DeleteRangeResponse>(*result).revision));
                          reply(response.SerializeAsString());
                        }));
      });
}

}  // namespace kp::store
