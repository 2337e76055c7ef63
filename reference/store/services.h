// The etcd v3 services of one member, by method name, and its HTTP pages.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "reference/runtime/env.h"
#include "reference/store/auth_access.h"
#include "reference/store/errors.h"
#include "reference/store/member.h"
#include "reference/store/secrets.h"
#include "reference/transport/grpc.h"

namespace kp::store {

// The level of the API that is served, as clients ask for it.
inline constexpr std::string_view kApiVersion = "3.4.0";

struct ServicesOptions {
  bool certificate_users = false;  // the common name of a client's certificate is a user's name
  int bcrypt_cost = 10;
};

class Services {
 public:
  Services(runtime::Env& env, Member& member, ServicesOptions options = {});

  transport::GrpcServices Methods();
  // /health, /livez, /readyz, /version, /metrics.
  transport::HttpHandler Pages();
  // /health, /livez, /readyz and /metrics alone, for addresses of their own.
  transport::HttpHandler MetricsPages();

 private:
  using Reply = Completion<Result<std::string>>;
  using Context = transport::GrpcContext;
  using Method = std::function<void(const Caller&, std::string_view, Reply)>;
  using StreamPtr = std::shared_ptr<transport::GrpcServerStream>;
  using HandlerPtr = std::unique_ptr<transport::GrpcServerStreamHandler>;

  class WatchStream;
  class KeepAliveStream;
  class SnapshotStream;
  class RangeStream;
  class ContestCall;
  class LockCall;
  class CampaignCall;
  class ObserveStream;

  void BindKv(transport::GrpcServices& services);
  void BindLease(transport::GrpcServices& services);
  void BindMaintenance(transport::GrpcServices& services);
  void BindCluster(transport::GrpcServices& services);
  void BindSnapshot(transport::GrpcServices& services);
  void BindStreams(transport::GrpcServices& services);
  void BindRangeStream(transport::GrpcServices& services);
  void BindAuth(transport::GrpcServices& services);
  void BindUserChanges(transport::GrpcServices& services);
  void BindRoleChanges(transport::GrpcServices& services);
  template <typename Message, typename Fill>
  void BindChange(transport::GrpcServices& services, const std::string& name, Fill fill);
  void BindAuthReads(transport::GrpcServices& services);
  void BindLock(transport::GrpcServices& services);
  void BindElection(transport::GrpcServices& services);
  void BindStream(transport::GrpcServices& services, const std::string& name,
                  std::function<HandlerPtr(StreamPtr)> make);

  void Range(const Caller& caller, std::string_view bytes, Reply reply);
  void Txn(const Caller& caller, std::string_view bytes, Reply reply);
  void LeaseGrant(const Caller& caller, std::string_view bytes, Reply reply);
  void LeaseTimeToLive(const Caller& caller, std::string_view bytes, Reply reply);
  void Status(Reply reply);
  void MemberAdd(std::string_view bytes, Reply reply);
  void ChangeMember(const MemberChange& change, Reply reply);
  void MoveLeader(std::string_view bytes, Reply reply);
  // A learner serves its own state and its status, nothing else.
  void RestrictLearner(transport::GrpcServices& services);
  static HandlerPtr MakeRefusedStream();
  void Authenticate(std::string_view bytes, const Reply& reply);
  void Proclaim(const Caller& caller, std::string_view bytes, Reply reply);
  void Leader(const Caller& caller, std::string_view bytes, Reply reply);
  void Resign(const Caller& caller, std::string_view bytes, Reply reply);
  template <typename Request>
  void Write(CommandKind kind, const Caller& caller, std::string_view bytes, Reply reply);
  // Carried out through the log, for this caller.
  void Propose(CommandKind kind, std::string_view bytes, Command command, const Caller& caller, Reply reply);
  void ProposeTxn(const TxnRequest& txn, const Caller& caller, Completion<Result<TxnResponse>> done);
  void ProposeAuth(AuthCommand command, const Caller& caller, Reply reply);
  // `done` with this member's state as new as any acknowledged one, or at once when `serializable`.
  void Read(bool serializable, Reply reply, std::function<Result<std::string>()> done);

  // Who the call is from, as far as this member knows: by token, or by certificate.
  Result<Caller> Identify(const Context& context);
  kp::Status CheckWatch(const Context& context, const WatchCreate& create);
  Access AccessOf(const Caller& caller) const { return {member_.auth(), member_.store(), caller}; }

  // The method, refused without a leader when the caller asks for that.
  transport::GrpcUnaryMethod Guarded(std::function<void(std::string_view, Reply)> method);
  // The same for one that asks who calls.
  transport::GrpcUnaryMethod Identified(Method method);
  // While authentication is on, what the whole cluster rests on is for its admins, and the rest for its users.
  void RestrictToUsers(transport::GrpcServices& services);
  transport::GrpcUnaryMethod Restricted(transport::GrpcUnaryMethod method, bool admin);
  kp::Status CheckRestricted(const Context& context, bool admin);
  bool RefusesNow(const Context& context) const;
  void CheckLeader();
  void Health(const std::shared_ptr<transport::HttpResponder>& responder, const transport::Headers& headers,
              const std::string& healthy, const std::string& unhealthy);
  std::string Metrics() const;

  runtime::Env& env_;
  Member& member_;
  const ServicesOptions options_;
  Random lease_ids_;
  SecretTexts secrets_;
  std::set<StreamPtr> need_leader_;  // ended when there is none
  int checks_without_leader_ = 0;
  runtime::Timer leader_check_;
  Alive alive_;
};

}  // namespace kp::store
