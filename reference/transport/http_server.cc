#include <map>
#include <utility>
#include <vector>

#include "reference/base/completion.h"
#include "reference/transport/server_connection.h"

namespace kp::transport {

namespace {

// RFC 9113 3.4; enough of it that no HTTP/1.1 request begins so.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n";

// Reads the first bytes of a connection that has not agreed on a version.
class Detector final : public runtime::StreamHandler {
 public:
  using Done = std::function<void(bool http2, std::string first)>;
  Detector(runtime::Env& env, SecureStream secure, Duration timeout, Done done, std::function<void()> gone)
      : secure_(std::move(secure)), timer_(env), done_(std::move(done)), gone_(std::move(gone)) {
    secure_.stream->SetHandler(this);
    timer_.Start(timeout, [this] { gone_(); });
  }

  SecureStream Take() {
    secure_.stream->SetHandler(nullptr);
    return std::move(secure_);
  }

 private:
  void OnData(std::string_view bytes) override {
    first_.append(bytes);
    const size_t size = std::min(first_.size(), kPreface.size());
    const bool same = std::string_view(first_).substr(0, size) == kPreface.substr(0, size);
    if (same && size < kPreface.size()) return;
    timer_.Stop();
    done_(same, std::move(first_));
  }
  void OnClose(const Status&) override { gone_(); }

  SecureStream secure_;
  runtime::Timer timer_;
  Done done_;
  std::function<void()> gone_;
  std::string first_;
};

class Server final : public HttpServer {
 public:
  Server(runtime::Env& env, const HttpServerOptions& options, std::shared_ptr<TlsContext> tls, HttpHandler handler,
         Http2Intercept intercept)
      : env_(env), tls_(std::move(tls)), sweep_(env) {
    context_ = std::make_shared<ServerContext>(
        ServerContext{env, options, std::move(handler), std::move(intercept), [this](uint64_t id) { Drop(id); }});
  }

  ~Server() override {
    listeners_.clear();
    context_->gone = nullptr;
    // A callback of ours may be running further up the stack: it sees its connection ended.
    for (auto& [id, connection] : std::exchange(connections_, {})) connection->Shutdown();
  }

  Status Listen(const std::string& address) override {
    auto listener = env_.network().Listen(
        address, alive_.Wrap([this](std::unique_ptr<runtime::Stream> stream) { OnAccept(std::move(stream)); }));
    if (!listener) return listener.status();
    listeners_.push_back(std::move(*listener));
    return {};
  }

  std::string Address() const override { return listeners_.empty() ? "" : listeners_.front()->Address(); }
  size_t connections() const override { return connections_.size() + detectors_.size() + handshakes_; }

 private:
  void OnAccept(std::unique_ptr<runtime::Stream> stream) {
    if (connections() >= context_->options.max_connections) return;  // dropped
    ++handshakes_;
    tls_->Accept(env_, std::move(stream), context_->options.handshake_timeout,
                 alive_.Wrap([this](Result<SecureStream> secure) {
                   --handshakes_;
                   if (!secure) return env_.Log(runtime::Severity::kDebug, "http", secure.status().ToString());
                   OnSecure(std::move(*secure));
                 }));
  }

  void OnSecure(SecureStream secure) {
    const uint64_t id = next_id_++;
    if (secure.alpn == "h2") return Begin(id, true, std::move(secure), {});
    if (secure.alpn == "http/1.1") return Begin(id, false, std::move(secure), {});
    detectors_[id] = std::make_unique<Detector>(
        env_, std::move(secure), context_->options.idle_timeout,
        [this, id](bool http2, std::string first) {
          // Dropped only on return: this runs inside it.
          const auto detector = detectors_.extract(id);
          Begin(id, http2, detector.mapped()->Take(), std::move(first));
        },
        [this, id] { const auto detector = detectors_.extract(id); });
  }

  void Begin(uint64_t id, bool http2, SecureStream secure, std::string first) {
    connections_[id] = http2 ? MakeHttp2ServerConnection(context_, id, std::move(secure), std::move(first))
                             : MakeHttp1ServerConnection(context_, id, std::move(secure), std::move(first));
    if (!sweep_.pending()) StartSweep();
  }

  void StartSweep() {
    sweep_.Start(context_->options.idle_timeout / 2, [this] {
      const Time limit = env_.Now() - context_->options.idle_timeout;
      std::vector<uint64_t> silent;
      for (const auto& [id, connection] : connections_) {
        if (connection->idle() && connection->last_activity() <= limit) silent.push_back(id);
      }
      for (uint64_t id : silent) {
        auto node = connections_.extract(id);
        if (node) node.mapped()->Shutdown();
      }
      if (!connections_.empty()) StartSweep();
    });
  }

  void Drop(uint64_t id) { connections_.erase(id); }

  runtime::Env& env_;
  std::shared_ptr<TlsContext> tls_;
  std::shared_ptr<ServerContext> context_;
  std::vector<std::unique_ptr<runtime::Listener>> listeners_;
  std::map<uint64_t, std::unique_ptr<Detector>> detectors_;
  std::map<uint64_t, std::shared_ptr<ServerConnection>> connections_;
  size_t handshakes_ = 0;
  uint64_t next_id_ = 1;
  runtime::Timer sweep_;
  Alive alive_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> MakeHttpServer(runtime::Env& env, const HttpServerOptions& options,
                                                   HttpHandler handler, Http2Intercept intercept) {
  HttpServerOptions complete = options;
  if (complete.tls.alpn.empty()) complete.tls.alpn = {"h2", "http/1.1"};
  auto tls = TlsContext::Server(complete.tls);
  if (!tls) return tls.status();
  return std::unique_ptr<HttpServer>(
      std::make_unique<Server>(env, complete, std::move(*tls), std::move(handler), std::move(intercept)));
}

Result<std::unique_ptr<HttpServer>> HttpServer::Create(runtime::Env& env, const HttpServerOptions& options,
                                                       HttpHandler handler) {
  return MakeHttpServer(env, options, std::move(handler), {});
}

std::string_view HttpRequest::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

bool HttpRequest::HasQuery(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return true;
  }
  return false;
}

}  // namespace kp::transport
