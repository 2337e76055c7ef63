#include "reference/store/server.h"

#include <utility>

#include "reference/base/strings.h"

namespace kp::store {
namespace {

Status Invalid(const std::string& flag, const std::string& what) {
  return {Code::kInvalidArgument, "--" + flag + ": " + what};
}

Result<std::vector<Url>> Urls(const std::string& flag, const std::string& text) {
  Result<std::vector<Url>> urls = ParseUrls(text);
  if (!urls.ok()) return Invalid(flag, urls.error().message());
  return urls;
}

// Options that only together can be wrong.
Result<MemberOptions> ToMemberOptions(const ServerOptions& options) {
  const std::string initial_cluster = options.initial_cluster.empty()
                                          ? options.name + "=" + options.initial_advertise_peer_urls
                                          : options.initial_cluster;
  Result<Cluster> cluster = ParseCluster(initial_cluster, options.initial_cluster_token);
  if (!cluster.ok()) return cluster.error();
  const ClusterMember* self = cluster->FindByName(options.name);
  if (self == nullptr) {
    return Status(Code::kInvalidArgument,
                  "couldn't find local name " + Quote(options.name) + " in the initial cluster configuration");
  }
  if (options.heartbeat_interval <= 0ms) return Invalid("heartbeat-interval", "must be positive");
  // etcd asks for five heartbeats; shorter than one is what cannot work at all.
  if (options.election_timeout < options.heartbeat_interval) {
    return Invalid("election-timeout", "must not be below the heartbeat interval");
  }
  MemberOptions member;
  member.self = self->id;
  member.cluster = std::move(*cluster);
  member.data_dir = options.data_dir.empty() ? options.name + ".etcd" : options.data_dir;
  member.client_urls =
      options.advertise_client_urls.empty() ? options.listen_client_urls : options.advertise_client_urls;
  member.peer_server_tls = options.peer_server_tls;
  member.peer_client_tls = options.peer_client_tls;
  member.heartbeat_interval = options.heartbeat_interval;
  member.election_timeout = options.election_timeout;
  member.snapshot_count = options.snapshot_count;
  member.max_request_bytes = options.max_request_bytes;
  member.quota_bytes = options.quota_bytes;
  member.watch.progress_interval = options.watch_progress_notify_interval;
  return member;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(runtime::Env& env, const ServerOptions& options) {
  const Result<MemberOptions> member_options = ToMemberOptions(options);
  if (!member_options.ok()) return member_options.error();
  const Result<std::vector<Url>> client_urls = Urls("listen-client-urls", options.listen_client_urls);
  if (!client_urls.ok()) return client_urls.error();
  const Result<std::vector<Url>> peer_urls = Urls("listen-peer-urls", options.listen_peer_urls);
  if (!peer_urls.ok()) return peer_urls.error();

  std::unique_ptr<Server> server(new Server());
  Result<std::unique_ptr<Member>> member = Member::Create(env, *member_options);
  if (!member.ok()) return member.error();
  server->member_ = std::move(*member);
  // Alone there is nobody to listen to.
  if (member_options->cluster.members.size() > 1) {
    for (const Url& url : *peer_urls) {
      if (Status status = server->member_->ListenPeers(url.address); !status.ok()) return status;
    }
  }
  server->services_ = std::make_unique<Services>(env, *server->member_);
  transport::GrpcServerOptions grpc;
  if (client_urls->front().tls) grpc.http.tls = options.client_tls;
  grpc.http.max_concurrent_streams = 10000;
  grpc.http.any_authority = true;
  // etcd's transport limit: the largest request and room for its envelope.
  grpc.max_message = options.max_request_bytes + 512 * 1024;
  grpc.fallback = server->services_->Pages();
  auto created = transport::GrpcServer::Create(env, grpc, server->services_->Methods());
  if (!created.ok()) return created.error();
  server->grpc_ = std::move(*created);
  for (const Url& url : *client_urls) {
    if (Status status = server->grpc_->Listen(url.address); !status.ok()) return status;
  }
  server->member_->Start();
  return server;
}

runtime::ActorFactory ServerFactory(ServerOptions options) {
  return [options = std::move(options)](runtime::Env& env) -> std::unique_ptr<runtime::Actor> {
    Result<std::unique_ptr<Server>> server = Server::Start(env, options);
    if (server.ok()) return std::move(*server);
    env.Fail("store", server.error().ToString());
    return nullptr;
  };
}

}  // namespace kp::store
