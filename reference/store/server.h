// A member with its listeners: what `kubeproof store` runs and a simulated process holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/runtime/actor.h"
#include "reference/runtime/env.h"
#include "reference/store/auto_compactor.h"
#include "reference/store/gateway.h"
#include "reference/store/member.h"
#include "reference/store/services.h"
#include "reference/transport/grpc.h"

namespace kp::store {

inline constexpr const char* kDefaultPeerUrl = "http://localhost:2380";

// Named as etcd's flags.
struct ServerOptions {
  std::string name = "default";
  std::string data_dir;  // "": NAME.etcd
  std::string listen_client_urls = "http://localhost:2379";
  std::string advertise_client_urls;  // "": what is listened on
  std::string listen_peer_urls = kDefaultPeerUrl;
  std::string listen_metrics_urls;
  std::string initial_advertise_peer_urls = kDefaultPeerUrl;
  std::string initial_cluster;  // "": this member alone
  std::string initial_cluster_token = "etcd-cluster";
  bool joins_existing = false;  // --initial-cluster-state existing
  // What the members of the cluster said that this one joins: see NeedsToJoin.
  std::optional<ClusterView> joined;
  std::function<void()> on_removed;  // see MemberOptions
  bool strict_reconfig_check = true;
  transport::TlsOptions client_tls;       // used for https client URLs
  transport::TlsOptions peer_server_tls;  // used for https peer URLs
  transport::TlsOptions peer_client_tls;
  Duration heartbeat_interval = 100ms;
  Duration election_timeout = 1000ms;
  bool pre_vote = true;
  uint64_t snapshot_count = 100000;
  uint64_t catch_up_entries = 5000;
  bool preallocate_log = false;
  uint64_t wal_segment_bytes = 16 << 20;
  size_t max_request_bytes = 1536 * 1024;
  size_t max_txn_ops = 128;
  int64_t quota_bytes = int64_t{2} << 30;
  Duration watch_progress_notify_interval = 10min;
  CompactionPolicy auto_compaction;
  Duration auth_token_ttl = 300s;
  int bcrypt_cost = 10;
};

// What a member makes of the flags. kInvalidArgument names the one that makes no sense.
Result<MemberOptions> ToMemberOptions(const ServerOptions& options);

// A member that joins asks the others first, unless it did so in an earlier life.
bool NeedsToJoin(runtime::Env& env, const ServerOptions& options);
std::unique_ptr<JoinQuestion> AskToJoin(runtime::Env& env, const ServerOptions& options,
                                        Completion<Result<ClusterView>> done);

class Server : public runtime::Actor {
 public:
  // The first thing that is wrong, in one line: a port in use, a damaged log with file and offset, a
  // folder of another member, a flag that makes no sense.
  static Result<std::unique_ptr<Server>> Start(runtime::Env& env, const ServerOptions& options);

  // "127.0.0.1:2379": what clients reach.
  std::string ClientAddress() const { return servers_.front()->Address(); }
  // Of the first metrics URL; "" when there is none.
  std::string MetricsAddress() const { return pages_.empty() ? "" : pages_.front()->Address(); }
  Member& member() { return *member_; }
  const Member& member() const { return *member_; }

 private:
  Server() = default;
  Status ListenForClients(runtime::Env& env, const ServerOptions& options);
  Status ListenForMetrics(runtime::Env& env, const ServerOptions& options);

  std::unique_ptr<Member> member_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<AutoCompactor> compactor_;
  std::vector<std::unique_ptr<transport::GrpcServer>> servers_;  // one for each client URL
  std::vector<std::unique_ptr<transport::HttpServer>> pages_;    // one for each metrics URL
};

// The actor of a simulated process: a Server, or a JoiningServer for an existing cluster. A start that fails ends
// the process with the reason.
class JoiningServer : public runtime::Actor {
 public:
  JoiningServer(runtime::Env& env, ServerOptions options);
  // Null until the cluster has answered.
  Server* server() { return server_.get(); }

 private:
  void OnAnswer(Result<ClusterView> view);

  runtime::Env& env_;
  ServerOptions options_;
  std::unique_ptr<JoinQuestion> question_;
  std::unique_ptr<Server> server_;
};

runtime::ActorFactory ServerFactory(ServerOptions options);

}  // namespace kp::store
