#include <map>

#include "reference/transport/handshake.h"
#include "reference/transport/secure.h"
#include "reference/wire/certificates.h"
#include "reference/wire/tls.h"

namespace kp::transport {

namespace {

class Context final : public TlsContext {
 public:
  Context(const TlsOptions& options, std::shared_ptr<const wire::TlsConfig> config)
      : options_(options), config_(std::move(config)) {}

  void Accept(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, Duration timeout,
              Completion<Result<SecureStream>> done) override {
    if (options_.mode == TlsOptions::Mode::kNone) return PassOn(env, std::move(stream), std::move(done));
    if (options_.mode == TlsOptions::Mode::kPassThrough) {
      return Run(timeout, MakePlainHandshake(env, std::move(stream), options_, true, "", std::move(done)));
    }
    Run(timeout,
        MakeTlsHandshake(env, std::move(stream), wire::TlsSession::Server(config_, env.Wall()), std::move(done)));
  }

  void Connect(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, const std::string& host, Duration timeout,
               Completion<Result<SecureStream>> done) override {
    if (options_.mode == TlsOptions::Mode::kNone) return PassOn(env, std::move(stream), std::move(done));
    const std::string& name = options_.server_name.empty() ? host : options_.server_name;
    if (options_.mode == TlsOptions::Mode::kPassThrough) {
      return Run(timeout, MakePlainHandshake(env, std::move(stream), options_, false, name, std::move(done)));
    }
    Run(timeout,
        MakeTlsHandshake(env, std::move(stream), wire::TlsSession::Client(config_, name, env.Wall()), std::move(done)));
  }

 private:
  static void PassOn(runtime::Env& env, std::unique_ptr<runtime::Stream> stream,
                     Completion<Result<SecureStream>> done) {
    // Shared, because a std::function must be copyable.
    auto secure = std::make_shared<SecureStream>();
    secure->peer.address = stream->PeerAddress();
    secure->stream = std::move(stream);
    env.Post([secure, done = std::move(done)] { done(std::move(*secure)); });
  }

  void Run(Duration timeout, std::unique_ptr<Handshake> handshake) {
    Handshake* running = handshake.get();
    const uint64_t id = next_id_++;
    running_[id] = std::move(handshake);
    running->Start(timeout, [this, id] {
      auto node = running_.extract(id);
      return std::move(node.mapped());
    });
  }

  const TlsOptions options_;
  std::shared_ptr<const wire::TlsConfig> config_;
  std::map<uint64_t, std::unique_ptr<Handshake>> running_;
  uint64_t next_id_ = 1;
};

Result<std::shared_ptr<TlsContext>> Make(const TlsOptions& options, bool server) {
  std::shared_ptr<const wire::TlsConfig> config;
  if (options.mode == TlsOptions::Mode::kTls) {
    const wire::TlsParameters parameters{.certificate_pem = options.certificate_pem,
                                         .key_pem = options.key_pem,
                                         .ca_pem = options.ca_pem,
                                         .insecure = options.insecure,
                                         .require_client_certificate = options.require_client_certificate,
                                         .alpn = options.alpn};
    auto made = server ? wire::TlsConfig::Server(parameters) : wire::TlsConfig::Client(parameters);
    if (!made) return made.status();
    config = *made;
  }
  if (options.mode == TlsOptions::Mode::kPassThrough) {
    for (const std::string& text : {options.certificate_pem, options.ca_pem}) {
      if (text.empty()) continue;
      if (auto parsed = wire::ParsePlainCertificate(text); !parsed) return parsed.status();
    }
  }
  return std::shared_ptr<TlsContext>(std::make_shared<Context>(options, std::move(config)));
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::Server(const TlsOptions& options) { return Make(options, true); }
Result<std::shared_ptr<TlsContext>> TlsContext::Client(const TlsOptions& options) { return Make(options, false); }

}  // namespace kp::transport
