#include "reference/store/services.h"

#include <google/protobuf/stubs/logging.h>

#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/validate.h"

namespace kp::store {

Services::Services(runtime::Env& env, Member& member, ServicesOptions options)
    : env_(env),
      member_(member),
      options_(options),
      lease_ids_(env.random().Fork("store/lease-ids")),
      secrets_(env.random().Fork("store/secrets")),
      leader_check_(env) {
  // What a client sent wrong is told to the client. The library would tell our standard error too.
  google::protobuf::SetLogHandler(nullptr);
}

transport::GrpcServices Services::Methods() {
  transport::GrpcServices services;
  BindKv(services);
  BindLease(services);
  BindMaintenance(services);
  BindCluster(services);
  BindStreams(services);
  BindSnapshot(services);
  BindRangeStream(services);
  BindAuth(services);
  BindLock(services);
  BindElection(services);
  RestrictToUsers(services);
  RestrictLearner(services);
  return services;
}

bool Services::RefusesNow(const Context& context) const {
  if (KP_MUTANT("leader-is-not-asked-for")) return false;
  return (!member_.has_leader() || KP_MUTANT("leader-is-never-known")) && context.metadata.Get("hasleader") == "true";
}

transport::GrpcUnaryMethod Services::Guarded(std::function<void(std::string_view, Reply)> method) {
  return [this, method = std::move(method)](const Context& context, std::string_view request, Reply reply) {
    if (RefusesNow(context)) return reply(ErrorNoLeader());
    method(request, std::move(reply));
  };
}

void Services::BindKv(transport::GrpcServices& services) {
  const auto bind = [&](const std::string& name, Method method) {
    services.unary["/etcdserverpb.KV/" + name] = Identified(std::move(method));
  };
  bind("Range",
       [this](const Caller& caller, std::string_view bytes, Reply reply) { Range(caller, bytes, std::move(reply)); });
  bind("Txn",
       [this](const Caller& caller, std::string_view bytes, Reply reply) { Txn(caller, bytes, std::move(reply)); });
  bind("Put", [this](const Caller& caller, std::string_view bytes, Reply reply) {
    Write<PutRequest>(CommandKind::kPut, caller, bytes, std::move(reply));
  });
  bind("DeleteRange", [this](const Caller& caller, std::string_view bytes, Reply reply) {
    Write<DeleteRangeRequest>(CommandKind::kDeleteRange, caller, bytes, std::move(reply));
  });
  bind("Compact", [this](const Caller& caller, std::string_view bytes, Reply reply) {
    const Result<CompactRequest> request = Decode<CompactRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    Propose(CommandKind::kCompact, bytes, *request, caller, std::move(reply));
  });
}

void Services::Read(bool serializable, Reply reply, std::function<Result<std::string>()> done) {
  if (serializable) return reply(done());
  member_.ReadBarrier(alive_.Wrap([reply = std::move(reply), done = std::move(done)](const kp::Status& status) {
    reply(status.ok() ? done() : Result<std::string>(status));
  }));
}

// Whether the caller may is asked when the state is read: a permission taken away before must count.
void Services::Range(const Caller& caller, std::string_view bytes, Reply reply) {
  Result<RangeRequest> request = Decode<RangeRequest>(bytes);
  if (!request.ok()) return reply(request.error());
  if (kp::Status status = Validate(*request); !status.ok()) return reply(status);
  const bool serializable = request->serializable;
  Read(serializable, std::move(reply), [this, caller, request = std::move(*request)]() -> Result<std::string> {
    if (kp::Status status = AccessOf(caller).Check(request); !status.ok()) return status;
    const Result<RangeResponse> response = member_.store().Range(request);
    if (!response.ok()) return response.error();
    const bool goes_back = request.serializable && KP_MUTANT("store-serializable-goes-back");
    return Encode(member_.Header(goes_back ? static_cast<Revision>(lease_ids_.Next() % 2) : response->revision),
                  *response);
  });
}

void Services::Txn(const Caller& caller, std::string_view bytes, Reply reply) {
  Result<TxnRequest> request = Decode<TxnRequest>(bytes);
  if (!request.ok()) return reply(request.error());
  if (kp::Status status = Validate(*request, member_.options().max_txn_ops); !status.ok()) return reply(status);
  if (!IsReadOnly(*request)) {
    return Propose(CommandKind::kTxn, bytes, std::move(*request), caller, std::move(reply));
  }
  const bool serializable = IsSerializable(*request);
  Read(serializable, std::move(reply), [this, caller, request = std::move(*request)]() -> Result<std::string> {
    if (kp::Status status = AccessOf(caller).Check(request); !status.ok()) return status;
    const Result<TxnResponse> response = member_.store().ReadOnlyTxn(request);
    if (!response.ok()) return response.error();
    return Encode(member_.Header(response->revision), *response);
  });
}

template <typename Request>
void Services::Write(CommandKind kind, const Caller& caller, std::string_view bytes, Reply reply) {
  Result<Request> request = Decode<Request>(bytes);
  if (!request.ok()) return reply(request.error());
  if (kp::Status status = Validate(*request); !status.ok()) return reply(status);
  Propose(kind, bytes, std::move(*request), caller, std::move(reply));
}

void Services::Propose(CommandKind kind, std::string_view bytes, Command command, const Caller& caller, Reply reply) {
  member_.Propose(
      kind, bytes, std::move(command), caller,
      alive_.Wrap([this, reply = std::move(reply)](const Result<Response>& result) {
        if (!result.ok()) return reply(result.error());
        reply(std::visit([this](const auto& response) { return Encode(member_.Header(response.revision), response); },
                         *result));
      }));
}

}  // namespace kp::store
