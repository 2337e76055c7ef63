// The etcd v3 services of one member, by method name, and its HTTP pages.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "reference/runtime/env.h"
#include "reference/store/errors.h"
#include "reference/store/member.h"
#include "reference/transport/grpc.h"

namespace kp::store {

// The level of the API that is served, as clients ask for it.
inline constexpr std::string_view kApiVersion = "3.4.0";

class Services {
 public:
  Services(runtime::Env& env, Member& member);

  transport::GrpcServices Methods();
  // /health, /livez, /readyz, /version, /metrics.
  transport::HttpHandler Pages();
  // /health, /livez, /readyz and /metrics alone, for addresses of their own.
  transport::HttpHandler MetricsPages();

 private:
  using Reply = Completion<Result<std::string>>;
  using Context = transport::GrpcContext;
  using StreamPtr = std::shared_ptr<transport::GrpcServerStream>;
  using HandlerPtr = std::unique_ptr<transport::GrpcServerStreamHandler>;

  class WatchStream;
  class KeepAliveStream;
  class SnapshotStream;

  void BindKv(transport::GrpcServices& services);
  void BindLease(transport::GrpcServices& services);
  void BindMaintenance(transport::GrpcServices& services);
  void BindCluster(transport::GrpcServices& services);
  void BindSnapshot(transport::GrpcServices& services);
  void BindStreams(transport::GrpcServices& services);

  void Range(std::string_view bytes, Reply reply);
  void Txn(std::string_view bytes, Reply reply);
  void LeaseGrant(std::string_view bytes, Reply reply);
  void Status(Reply reply);
  void MemberAdd(std::string_view bytes, Reply reply);
  void ChangeMember(const MemberChange& change, Reply reply);
  void MoveLeader(std::string_view bytes, Reply reply);
  // A learner serves its own state and its status, nothing else.
  void RestrictLearner(transport::GrpcServices& services);
  static HandlerPtr MakeRefusedStream();
  template <typename Request>
  void Write(CommandKind kind, std::string_view bytes, Reply reply);
  void Propose(CommandKind kind, std::string_view bytes, Command command, Reply reply);
  // `done` with this member's state as new as any acknowledged one, or at once when `serializable`.
  void Read(bool serializable, Reply reply, std::function<Result<std::string>()> done);

  // The method, refused without a leader when the caller asks for that.
  transport::GrpcUnaryMethod Guarded(std::function<void(std::string_view, Reply)> method);
  bool RefusesNow(const Context& context) const;
  void CheckLeader();
  void Health(const std::shared_ptr<transport::HttpResponder>& responder, const transport::Headers& headers,
              const std::string& healthy, const std::string& unhealthy);
  std::string Metrics() const;

  runtime::Env& env_;
  Member& member_;
  Random lease_ids_;
  std::set<std::shared_ptr<transport::GrpcServerStream>> need_leader_;  // ended when there is none
  int checks_without_leader_ = 0;
  runtime::Timer leader_check_;
  Alive alive_;
};

}  // namespace kp::store
