#include "reference/store/peers.h"

#include <utility>

#include "reference/store/peer_link.h"

namespace kp::store {
namespace {

constexpr Duration kHandshakeTimeout = 5s;

// A connection that a peer dialled. Receives only.
class Inbound : private runtime::StreamHandler {
 public:
  using OnFrame = std::function<bool(Inbound&, FrameType, std::string_view)>;
  Inbound(std::unique_ptr<runtime::Stream> stream, OnFrame on_frame, std::function<void(Inbound&)> on_close)
      : stream_(std::move(stream)), on_frame_(std::move(on_frame)), on_close_(std::move(on_close)) {
    stream_->SetHandler(this);
  }
  ~Inbound() override { stream_->SetHandler(nullptr); }

  uint64_t from = 0;  // after the hello
  // Of the large frame that arrives in pieces.
  std::string bulk;

 private:
  void OnData(std::string_view bytes) override {
    if (closed_) return;
    const bool good = reader_.Feed(
        bytes, [this](FrameType type, std::string_view payload) { return on_frame_(*this, type, payload); });
    if (!good) Close();
  }
  void OnClose(const Status&) override { Close(); }
  void Close() {
    if (!std::exchange(closed_, true)) on_close_(*this);
  }

  std::unique_ptr<runtime::Stream> stream_;
  OnFrame on_frame_;
  std::function<void(Inbound&)> on_close_;
  FrameReader reader_;
  bool closed_ = false;
};

class PeersImpl final : public Peers {
 public:
  PeersImpl(runtime::Env& env, const PeerOptions& options, std::shared_ptr<transport::TlsContext> server_tls,
            const std::shared_ptr<transport::TlsContext>& client_tls, PeerHandler* handler)
      : env_(env), options_(options), server_tls_(std::move(server_tls)), handler_(handler) {
    for (const ClusterMember& member : options.cluster.members) {
      if (member.id == options.self) continue;
      const PeerHello hello{options.cluster.id, options.self, member.id, options.client_urls};
      const Url& url = member.peer_urls.front();
      links_.try_emplace(member.id, env, url.tls ? client_tls : nullptr, url.address, hello, handler);
    }
  }

  Status Listen(const std::string& address) override {
    auto listener = env_.network().Listen(
        address, alive_.Wrap([this](std::unique_ptr<runtime::Stream> stream) { OnAccept(std::move(stream)); }));
    if (!listener.ok()) return listener.error();
    listeners_.push_back(std::move(*listener));
    return {};
  }

  void Start() override {
    for (auto& [id, link] : links_) link.Dial();
  }

  bool Send(uint64_t to, FrameType type, std::string_view payload) override {
    auto link = links_.find(to);
    return link != links_.end() && link->second.Send(type, payload);
  }

  bool SendBulk(uint64_t to, std::string payload) override {
    auto link = links_.find(to);
    return link != links_.end() && link->second.SendBulk(std::move(payload));
  }

  bool Connected(uint64_t id) const override {
    auto link = links_.find(id);
    return link != links_.end() && link->second.connected();
  }

  std::string ClientUrls(uint64_t id) const override {
    auto urls = client_urls_.find(id);
    return urls == client_urls_.end() ? "" : urls->second;
  }

  size_t connected() const override {
    size_t count = 0;
    for (const auto& [id, link] : links_) count += link.connected() ? 1 : 0;
    return count;
  }

 private:
  void OnAccept(std::unique_ptr<runtime::Stream> stream) {
    if (!server_tls_) return Admit(std::move(stream));
    server_tls_->Accept(env_, std::move(stream), kHandshakeTimeout,
                        alive_.Wrap([this](Result<transport::SecureStream> secure) {
                          if (secure.ok()) return Admit(std::move(secure->stream));
                          env_.Log(runtime::Severity::kWarning, "peers", "refused: " + secure.error().ToString());
                        }));
  }

  void Admit(std::unique_ptr<runtime::Stream> stream) {
    const uint64_t serial = ++last_serial_;
    inbound_[serial] = std::make_unique<Inbound>(
        std::move(stream),
        [this](Inbound& from, FrameType type, std::string_view payload) { return OnFrame(from, type, payload); },
        // Not at once: the stream is in the middle of a call.
        [this, serial](Inbound&) { env_.Post(alive_.Wrap([this, serial] { inbound_.erase(serial); })); });
  }

  bool OnFrame(Inbound& from, FrameType type, std::string_view payload) {
    if (from.from == 0) return OnHello(from, type, payload);
    if (type == FrameType::kBulk) return OnBulk(from, payload);
    handler_->OnPeerFrame(from.from, type, payload);
    return true;
  }

  bool OnHello(Inbound& from, FrameType type, std::string_view payload) {
    PeerHello hello;
    if (type != FrameType::kHello || !PeerHello::Decode(payload, hello)) return false;
    if (hello.cluster != options_.cluster.id || hello.to != options_.self ||
        options_.cluster.Find(hello.from) == nullptr || hello.from == options_.self) {
      env_.Log(runtime::Severity::kWarning, "peers", "refused a connection from a member of another cluster");
      return false;
    }
    from.from = hello.from;
    client_urls_[hello.from] = hello.client_urls;
    // Both directions work now, if ours does.
    if (links_.at(hello.from).connected()) {
      env_.Post(alive_.Wrap([this, id = hello.from] { handler_->OnPeerUp(id); }));
    }
    return true;
  }

  bool OnBulk(Inbound& from, std::string_view payload) {
    BulkPiece piece;
    if (!BulkPiece::Decode(payload, piece)) return false;
    if (piece.offset == 0) from.bulk.clear();
    if (piece.offset != from.bulk.size() || piece.offset + piece.bytes.size() > piece.total) return false;
    from.bulk.append(piece.bytes);
    if (from.bulk.size() < piece.total) return true;
    const std::string whole = std::move(from.bulk);
    from.bulk.clear();
    handler_->OnPeerFrame(from.from, FrameType::kRaft, whole);
    return true;
  }

  runtime::Env& env_;
  PeerOptions options_;
  std::shared_ptr<transport::TlsContext> server_tls_;
  PeerHandler* handler_;
  std::map<uint64_t, PeerLink> links_;
  std::map<uint64_t, std::string> client_urls_;
  std::vector<std::unique_ptr<runtime::Listener>> listeners_;
  uint64_t last_serial_ = 0;
  std::map<uint64_t, std::unique_ptr<Inbound>> inbound_;
  Alive alive_;
};

bool Secured(const transport::TlsOptions& tls) { return tls.mode != transport::TlsOptions::Mode::kNone; }

}  // namespace

Result<std::unique_ptr<Peers>> Peers::Create(runtime::Env& env, const PeerOptions& options, PeerHandler* handler) {
  std::shared_ptr<transport::TlsContext> server;
  std::shared_ptr<transport::TlsContext> client;
  if (Secured(options.server_tls)) {
    auto context = transport::TlsContext::Server(options.server_tls);
    if (!context.ok()) return Status(context.error().code(), "peer TLS: " + context.error().message());
    server = *context;
  }
  if (Secured(options.client_tls)) {
    auto context = transport::TlsContext::Client(options.client_tls);
    if (!context.ok()) return Status(context.error().code(), "peer TLS: " + context.error().message());
    client = *context;
  }
  return std::unique_ptr<Peers>(std::make_unique<PeersImpl>(env, options, std::move(server), client, handler));
}

}  // namespace kp::store
