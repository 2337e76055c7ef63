// A member with its listeners: what `kubeproof store` runs and a simulated process holds.
#pragma once

#include <memory>
#include <string>

#include "reference/runtime/actor.h"
#include "reference/runtime/env.h"
#include "reference/store/member.h"
#include "reference/store/services.h"
#include "reference/transport/grpc.h"

namespace kp::store {

// Named as etcd's flags.
struct ServerOptions {
  std::string name = "default";
  std::string data_dir;  // "": NAME.etcd
  std::string listen_client_urls = "http://localhost:2379";
  std::string advertise_client_urls;  // "": what is listened on
  std::string listen_peer_urls = "http://localhost:2380";
  std::string initial_advertise_peer_urls = "http://localhost:2380";
  std::string initial_cluster;  // "": this member alone
  std::string initial_cluster_token = "etcd-cluster";
  transport::TlsOptions client_tls;       // used for https client URLs
  transport::TlsOptions peer_server_tls;  // used for https peer URLs
  transport::TlsOptions peer_client_tls;
  Duration heartbeat_interval = 100ms;
  Duration election_timeout = 1000ms;
  uint64_t snapshot_count = 10000;
  size_t max_request_bytes = 1536 * 1024;
  int64_t quota_bytes = int64_t{2} << 30;
  Duration watch_progress_notify_interval = 10min;
};

class Server : public runtime::Actor {
 public:
  // The first thing that is wrong, in one line: a port in use, a damaged log with file and offset, a
  // folder of another member, a flag that makes no sense.
  static Result<std::unique_ptr<Server>> Start(runtime::Env& env, const ServerOptions& options);

  // "127.0.0.1:2379": what clients reach.
  std::string ClientAddress() const { return grpc_->Address(); }
  Member& member() { return *member_; }
  const Member& member() const { return *member_; }

 private:
  Server() = default;

  std::unique_ptr<Member> member_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<transport::GrpcServer> grpc_;
};

// The actor of a simulated process. A start that fails ends the process with the reason.
runtime::ActorFactory ServerFactory(ServerOptions options);

}  // namespace kp::store
