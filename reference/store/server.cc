#include "reference/store/server.h"

#include <utility>

#include "reference/base/mutant.h"
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

// Without --initial-cluster the member is alone, at each of its own peer URLs.
std::string InitialCluster(const ServerOptions& options) {
  if (!options.initial_cluster.empty()) return options.initial_cluster;
  std::vector<std::string> parts;
  for (const std::string_view url : Split(options.initial_advertise_peer_urls, ',')) {
    parts.push_back(options.name + "=" + std::string(url));
  }
  return Join(parts, ",");
}

std::string DataDir(const ServerOptions& options) {
  return options.data_dir.empty() ? options.name + ".etcd" : options.data_dir;
}

// Who this member is, by the flags and, where it joins, by what the others said.
Status Identify(const ServerOptions& options, MemberOptions* member) {
  Result<Cluster> cluster = ParseCluster(InitialCluster(options), options.initial_cluster_token);
  if (!cluster.ok()) return cluster.error();
  const ClusterMember* self = cluster->FindByName(options.name);
  if (self == nullptr) {
    return {Code::kInvalidArgument,
            "couldn't find local name " + Quote(options.name) + " in the initial cluster configuration"};
  }
  const Result<std::vector<Url>> advertised = Urls("initial-advertise-peer-urls", options.initial_advertise_peer_urls);
  if (!advertised.ok()) return advertised.error();
  // etcd's VerifyBootstrap. A default cluster of one is the advertised URL itself.
  if (UrlTexts(self->peer_urls) != UrlTexts(*advertised)) {
    return Invalid("initial-cluster",
                   "must include " + options.name + "=" + options.initial_advertise_peer_urls +
                       " given --initial-advertise-peer-urls=" + options.initial_advertise_peer_urls);
  }
  member->self = self->id;
  if (options.joined) {
    const Result<uint64_t> id = FindSelf(*options.joined, *cluster, options.name);
    if (!id.ok()) return id.error();
    member->self = *id;
    member->known = options.joined->members;
    cluster = ToCluster(options.joined->cluster, options.joined->bootstrap);
    if (!cluster.ok()) return cluster.error();
  }
  member->cluster = std::move(*cluster);
  return {};
}

AutoCompactor::Store CompactorStore(runtime::Env& env, Member& member) {
  return {.leads = [&member] { return member.is_leader(); },
          .revision = [&member] { return member.store().revision(); },
          .compact =
              [&env, &member](Revision revision) {
                const CompactRequest request{revision, false};
                member.Propose(CommandKind::kCompact, EncodeRequest(request), request, Caller::Cluster(),
                               [&env, revision](const Result<Response>& result) {
                                 env.Log(result.ok() ? runtime::Severity::kInfo : runtime::Severity::kWarning, "store",
                                         "automatic compaction at revision " + std::to_string(revision) + ": " +
                                             result.status().ToString());
                               });
              }};
}

}  // namespace

Result<MemberOptions> ToMemberOptions(const ServerOptions& options) {
  if (options.heartbeat_interval <= 0ms) return Invalid("heartbeat-interval", "must be positive");
  // etcd asks for five heartbeats; shorter than one is what cannot work at all.
  if (options.election_timeout < options.heartbeat_interval) {
    return Invalid("election-timeout", "must not be below the heartbeat interval");
  }
  MemberOptions member;
  if (Status status = Identify(options, &member); !status.ok()) return status;
  member.name = options.name;
  member.joins_existing = options.joins_existing;
  member.strict_reconfig_check = options.strict_reconfig_check;
  member.on_removed = options.on_removed;
  member.peer_urls = options.initial_advertise_peer_urls;
  member.data_dir = DataDir(options);
  member.client_urls =
      options.advertise_client_urls.empty() ? options.listen_client_urls : options.advertise_client_urls;
  member.peer_server_tls = options.peer_server_tls;
  member.peer_client_tls = options.peer_client_tls;
  member.heartbeat_interval = options.heartbeat_interval;
  member.election_timeout = options.election_timeout;
  member.snapshot_count = options.snapshot_count;
  member.catch_up_entries = options.catch_up_entries;
  member.preallocate_log = options.preallocate_log;
  member.wal_segment_bytes = options.wal_segment_bytes;
  member.max_request_bytes = options.max_request_bytes;
  member.max_txn_ops = options.max_txn_ops;
  member.quota_bytes = options.quota_bytes;
  member.pre_vote = options.pre_vote;
  member.auth_token_ttl = options.auth_token_ttl;
  member.watch.progress_interval = options.watch_progress_notify_interval;
  return member;
}

Result<std::unique_ptr<Server>> Server::Start(runtime::Env& env, const ServerOptions& options) {
  const Result<MemberOptions> member_options = ToMemberOptions(options);
  if (!member_options.ok()) return member_options.error();
  const Result<std::vector<Url>> peer_urls = Urls("listen-peer-urls", options.listen_peer_urls);
  if (!peer_urls.ok()) return peer_urls.error();

  std::unique_ptr<Server> server(new Server());
  Result<std::unique_ptr<Member>> member = Member::Create(env, *member_options);
  if (!member.ok()) return member.error();
  server->member_ = std::move(*member);
  server->services_ =
      std::make_unique<Services>(env, *server->member_,
                                 ServicesOptions{.certificate_users = options.client_tls.require_client_certificate,
                                                 .bcrypt_cost = options.bcrypt_cost});
  server->gateway_ = std::make_unique<Gateway>(env, server->services_->Methods());
  if (Status status = server->ListenForClients(env, options); !status.ok()) return status;
  if (Status status = server->ListenForMetrics(env, options); !status.ok()) return status;
  // One that is alone and was not told where to listen does without peers, so that several can run on a machine.
  const bool optional =
      options.listen_peer_urls == kDefaultPeerUrl && server->member_->membership().members().size() == 1;
  for (const Url& url : *peer_urls) {
    const Status status = server->member_->ListenPeers(url);
    if (!status.ok() && !optional) return status;
    if (!status.ok()) env.Log(runtime::Severity::kWarning, "store", "no member can be added: " + status.message());
  }
  server->compactor_ =
      std::make_unique<AutoCompactor>(env, options.auto_compaction, CompactorStore(env, *server->member_));
  server->member_->Start();
  return server;
}

Status Server::ListenForClients(runtime::Env& env, const ServerOptions& options) {
  const Result<std::vector<Url>> urls = Urls("listen-client-urls", options.listen_client_urls);
  if (!urls.ok()) return urls.error();
  for (const Url& url : *urls) {
    transport::GrpcServerOptions grpc;
    if (url.tls) grpc.http.tls = options.client_tls;
    grpc.http.max_concurrent_streams = 10000;
    grpc.http.any_authority = true;
    // etcd's transport limit: the largest request and room for its envelope.
    grpc.max_message = options.max_request_bytes + 512 * 1024;
    if (KP_MUTANT("store-takes-any-message")) grpc.max_message *= 4;
    grpc.fallback = gateway_->Handler(services_->Pages());
    auto created = transport::GrpcServer::Create(env, grpc, services_->Methods());
    if (!created.ok()) return created.error();
    servers_.push_back(std::move(*created));
    if (Status status = servers_.back()->Listen(url.address); !status.ok()) return status;
  }
  return {};
}

Status Server::ListenForMetrics(runtime::Env& env, const ServerOptions& options) {
  if (options.listen_metrics_urls.empty()) return {};
  const Result<std::vector<Url>> urls = Urls("listen-metrics-urls", options.listen_metrics_urls);
  if (!urls.ok()) return urls.error();
  for (const Url& url : *urls) {
    transport::HttpServerOptions http;
    if (url.tls) http.tls = options.client_tls;
    auto created = transport::HttpServer::Create(env, http, services_->MetricsPages());
    if (!created.ok()) return created.error();
    pages_.push_back(std::move(*created));
    if (Status status = pages_.back()->Listen(url.address); !status.ok()) return status;
  }
  return {};
}

bool NeedsToJoin(runtime::Env& env, const ServerOptions& options) {
  return options.joins_existing && !options.joined && !HasLog(env.disk(), DataDir(options));
}

std::unique_ptr<JoinQuestion> AskToJoin(runtime::Env& env, const ServerOptions& options,
                                        Completion<Result<ClusterView>> done) {
  std::vector<Url> others;
  const Result<Cluster> cluster = ParseCluster(InitialCluster(options), options.initial_cluster_token);
  if (cluster.ok()) {
    for (const ClusterMember& member : cluster->members) {
      if (member.name != options.name) others.insert(others.end(), member.peer_urls.begin(), member.peer_urls.end());
    }
  }
  return AskForCluster(env, others, options.peer_client_tls, std::move(done));
}

JoiningServer::JoiningServer(runtime::Env& env, ServerOptions options) : env_(env), options_(std::move(options)) {
  question_ = AskToJoin(env, options_, [this](Result<ClusterView> view) { OnAnswer(std::move(view)); });
}

void JoiningServer::OnAnswer(Result<ClusterView> view) {
  question_.reset();
  if (!view.ok()) return env_.Fail("store", view.error().ToString());
  options_.joined = std::move(*view);
  Result<std::unique_ptr<Server>> server = Server::Start(env_, options_);
  if (!server.ok()) return env_.Fail("store", server.error().ToString());
  server_ = std::move(*server);
}

runtime::ActorFactory ServerFactory(ServerOptions options) {
  return [options = std::move(options)](runtime::Env& env) -> std::unique_ptr<runtime::Actor> {
    if (NeedsToJoin(env, options)) return std::make_unique<JoiningServer>(env, options);
    Result<std::unique_ptr<Server>> server = Server::Start(env, options);
    if (server.ok()) return std::move(*server);
    env.Fail("store", server.error().ToString());
    return nullptr;
  };
}

}  // namespace kp::store
