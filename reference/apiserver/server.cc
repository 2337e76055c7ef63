#include "reference/apiserver/server.h"

#include "reference/api/json.h"
#include "reference/apiserver/bootstrap.h"
#include "reference/apiserver/call.h"
#include "reference/apiserver/compaction.h"
#include "reference/apiserver/documents.h"
#include "reference/apiserver/health.h"
#include "reference/apiserver/ip_range.h"
#include "reference/apiserver/metrics.h"
#include "reference/apiserver/policy_cache.h"
#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;

namespace {

// As upstream's.
constexpr size_t kMaxBody = 3 * 1024 * 1024;

// What a client hears whose request was refused before it was read.
std::string Refusal(int status) {
  if (status != 413) return api::ToJson(ApiStatus::FromHttp(status, "").ToValue());
  return api::ToJson(ApiStatus::RequestEntityTooLarge("limit is " + std::to_string(kMaxBody)).ToValue());
}

class ServerImpl : public Server {
 public:
  ServerImpl(runtime::Env& env, const ServerOptions& options, std::unique_ptr<client::EtcdClient> store)
      : env_(env),
        options_(options),
        registry_(api::BuiltinRegistry()),
        store_(std::move(store)),
        storage_(env, *store_, registry_),
        policy_(storage_),
        authorizer_(policy_.policy(), options.authorization),
        documents_(registry_, options.address),
        compaction_(env, *store_, options.compaction_interval) {
    AddHealthChecks();
  }

  Status Init() {
    auto authenticator = Authenticator::Create(env_, storage_, options_.authentication);
    if (!authenticator.ok()) {
      return Status(authenticator.status().code(), "service account key: " + authenticator.status().message());
    }
    authenticator_ = std::move(*authenticator);
    TokenIssuer issuer{.issuer = options_.authentication.issuer, .audiences = options_.authentication.audiences};
    if (issuer.audiences.empty()) issuer.audiences = {issuer.issuer};
    if (!options_.service_account_signing_key.empty()) {
      auto signer = wire::JwtSigner::Create(options_.service_account_signing_key);
      if (!signer.ok())
        return Status(signer.status().code(), "service account signing key: " + signer.status().message());
      issuer.signer = std::move(*signer);
    }
    const ServiceAddressOptions services{options_.service_cidr, options_.node_port_first, options_.node_port_last};
    rest_ = std::make_unique<Rest>(env_, storage_, registry_, policy_.policy(), authorizer_, *authenticator_,
                                   std::move(issuer), services);
    return Status::Ok();
  }

  Status Listen(runtime::Task on_ready) override {
    auto http = transport::HttpServer::Create(
        env_,
        {.tls = options_.tls,
         .max_body = KP_MUTANT("apiserver-takes-bodies-of-any-size") ? 100 * kMaxBody : kMaxBody,
         .refusal = Refusal},
        alive_.Wrap([this](transport::HttpRequest request, std::shared_ptr<transport::HttpResponder> responder) {
          Handle(std::move(request), std::move(responder));
        }));
    if (!http.ok()) return http.status();
    http_ = std::move(*http);
    if (Status status = http_->Listen(options_.address); !status.ok()) return status;
    Start(std::move(on_ready));
    return Status::Ok();
  }

  std::string Address() const override { return http_ ? http_->Address() : options_.address; }
  bool ready() const override { return ready_; }

  void Start(runtime::Task on_ready) override {
    on_ready_ = std::move(on_ready);
    storage_.Start(alive_.Wrap([this] { OnStorageReady(); }));
  }

  void Handle(transport::HttpRequest request, std::shared_ptr<transport::HttpResponder> responder) override {
    auto call = std::make_shared<Call>(std::move(request), std::move(responder));
    Track(call);
    const bool probe = call->info.path.starts_with("/healthz") || call->info.path.starts_with("/livez") ||
                       call->info.path.starts_with("/readyz");
    if (!ready_ && !probe) {
      return call->Answer(ApiStatus::ServiceUnavailable("the server is starting").WithRetryAfter(1));
    }
    if (in_flight_ > options_.max_requests_in_flight && !probe) {
      return call->Answer(ApiStatus::TooManyRequests("Too many requests, please try again later.", 1));
    }
    authenticator_->Authenticate(call->request, alive_.Wrap([this, call](ApiResult<User> user) {
      if (!user.ok()) return call->Answer(user.error());
      call->user = *user;
      call->real_user = std::move(*user);
      OnAuthenticated(call);
    }));
  }

 private:
  // Watches leave the count when their stream starts.
  void Track(const SharedCall& call) {
    ++in_flight_;
    call->on_answered = alive_.Wrap([this, weak = std::weak_ptr<Call>(call), started = env_.Now()](int code) {
      --in_flight_;
      const SharedCall answered = weak.lock();
      if (!answered) return;
      const Duration took = env_.Now() - started;
      metrics_.OnAnswered(answered->info, code, took);
      env_.Log(
          runtime::Severity::kDebug, "apiserver",
          answered->Where() + " " + std::to_string(code) + " " + FormatDuration(took) + " user=" + answered->user.name);
    });
  }

  void OnAuthenticated(const SharedCall& call) {
    if (ApiStatus status = authorizer_.Impersonate(*call); !status.ok()) return call->Answer(status);
    if (ApiStatus status = authorizer_.Check(*call); !status.ok()) return call->Answer(status);
    if (!call->info.is_resource) return ServePath(call);
    const RequestInfo& info = call->info;
    call->kind = registry_.FindResource({info.group, info.version}, info.resource);
    if (!call->kind || !call->kind->served) return call->Answer(ApiStatus::PathNotFound());
    if (!info.subresource.empty() && !call->kind->FindSubresource(info.subresource)) {
      return call->Answer(ApiStatus::PathNotFound());
    }
    const std::optional<MediaForm> form = NegotiateObject(call->request.headers.Get("accept"), info.verb == "watch");
    if (!form) return call->Answer(ApiStatus::NotAcceptable(AcceptableTypes()));
    call->form = *form;
    if (call->request.HasQuery("includeObject")) call->form.include = call->request.Query("includeObject");
    rest_->Serve(call);
  }

  void ServePath(const SharedCall& call) {
    if (call->info.verb != "get" && call->info.verb != "head") {
      return call->Answer(ApiStatus::MethodNotAllowed());
    }
    if (health_.Serve(call) || documents_.Serve(*call)) return;
    if (call->info.path == "/metrics") {
      return call->AnswerText(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.Text(storage_));
    }
    const int code = KP_MUTANT("apiserver-serves-every-path") ? 200 : 404;
    call->AnswerText(code, "text/plain; charset=utf-8", "404 page not found\n");
  }

  void AddHealthChecks() {
    health_.Add("ping", [](auto done) { done(""); });
    health_.Add("etcd", [this](auto done) {
      store_->Range({.key = "/registry/health", .keys_only = true},
                    alive_.Wrap([done](Result<client::EtcdRangeResult> result) { done(result.status().message()); }));
    });
    health_.Add(
        "informer-sync", [this](auto done) { done(storage_.ready() ? "" : "caches are being filled"); }, true);
    health_.Add("poststarthook/rbac/bootstrap-roles", [this](auto done) { done(ready_ ? "" : "not finished"); });
  }

  void OnStorageReady() {
    const std::string address = Address();
    const size_t colon = address.rfind(':');
    BootstrapOptions bootstrap{.advertise_address = options_.advertise_address};
    if (bootstrap.advertise_address.empty()) bootstrap.advertise_address = address.substr(0, colon);
    bootstrap.port = static_cast<int>(ParseInt(address.substr(colon + 1)).value_or(6443));
    if (const auto range = IpRange::Parse(options_.service_cidr); range.ok()) bootstrap.service_address = range->At(1);
    bootstrap_ = std::make_unique<Bootstrap>(env_, storage_, bootstrap);
    bootstrap_->Start(alive_.Wrap([this] {
      // The roles are in the store; they count once the cache has them.
      policy_.WhenBootstrapped(env_, alive_.Wrap([this] {
        ready_ = true;
        compaction_.Start();
        if (on_ready_) std::exchange(on_ready_, nullptr)();
      }));
    }));
  }

  runtime::Env& env_;
  ServerOptions options_;
  const api::Registry& registry_;
  std::unique_ptr<client::EtcdClient> store_;
  Storage storage_;
  PolicyCache policy_;
  Authorizer authorizer_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Rest> rest_;
  Documents documents_;
  Health health_;
  Metrics metrics_;
  Compaction compaction_;
  std::unique_ptr<Bootstrap> bootstrap_;
  std::unique_ptr<transport::HttpServer> http_;
  size_t in_flight_ = 0;
  bool ready_ = false;
  runtime::Task on_ready_;
  Alive alive_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Create(runtime::Env& env, const ServerOptions& options) {
  auto store = client::EtcdClient::Create(env, options.store);
  if (!store.ok()) return store.status();
  return CreateOver(env, options, std::move(*store));
}

Result<std::unique_ptr<Server>> Server::CreateOver(runtime::Env& env, const ServerOptions& options,
                                                   std::unique_ptr<client::EtcdClient> store) {
  auto server = std::make_unique<ServerImpl>(env, options, std::move(store));
  if (Status status = server->Init(); !status.ok()) return status;
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace kp::apiserver
