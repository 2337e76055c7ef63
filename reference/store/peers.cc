#include "reference/store/peers.h"

#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/file_names.h"
#include "reference/store/peer_link.h"

namespace kp::store {
namespace {

constexpr Duration kHandshakeTimeout = 5s;
constexpr size_t kMaxPeers = 64;
constexpr const char* kRemoved = "the member has been permanently removed from the cluster";

// A connection that a peer dialled. Receives only.
class Inbound : private runtime::StreamHandler {
 public:
  using OnFrame = std::function<bool(Inbound&, FrameType, std::string_view)>;
  Inbound(std::unique_ptr<runtime::Stream> stream, OnFrame on_frame, std::function<void(Inbound&)> on_close)
      : stream_(std::move(stream)), on_frame_(std::move(on_frame)), on_close_(std::move(on_close)) {
    stream_->SetHandler(this);
  }
  ~Inbound() override { stream_->SetHandler(nullptr); }

  void Write(FrameType type, std::string_view payload) { stream_->Write(EncodeFrame(type, payload)); }
  // Sends what was written, then ends.
  void Close() {
    if (std::exchange(closed_, true)) return;
    stream_->SetHandler(nullptr);
    stream_->Close();
    on_close_(*this);
  }

  uint64_t from = 0;  // after the hello
  // Of the large frame that arrives in pieces.
  std::string bulk;
  uint64_t received() const { return received_; }

 private:
  void OnData(std::string_view bytes) override {
    if (closed_) return;
    received_ += bytes.size();
    const bool good = reader_.Feed(
        bytes, [this](FrameType type, std::string_view payload) { return on_frame_(*this, type, payload); });
    if (!good) Close();
  }
  void OnClose(const Status&) override {
    if (!std::exchange(closed_, true)) on_close_(*this);
  }

  std::unique_ptr<runtime::Stream> stream_;
  OnFrame on_frame_;
  std::function<void(Inbound&)> on_close_;
  FrameReader reader_;
  uint64_t received_ = 0;
  bool closed_ = false;
};

class PeersImpl final : public Peers {
 public:
  PeersImpl(runtime::Env& env, const PeerOptions& options, std::shared_ptr<transport::TlsContext> server_tls,
            std::shared_ptr<transport::TlsContext> client_tls, PeerHandler* handler)
      : env_(env),
        options_(options),
        server_tls_(std::move(server_tls)),
        client_tls_(std::move(client_tls)),
        handler_(handler) {}

  Status Listen(const Url& url) override {
    if (url.tls && !server_tls_) {
      return {Code::kInvalidArgument, "listen-peer-urls: no certificate for " + url.ToString()};
    }
    auto listener =
        env_.network().Listen(url.address, alive_.Wrap([this, tls = url.tls](std::unique_ptr<runtime::Stream> stream) {
          if (!tls) return Admit(std::move(stream));
          Secure(std::move(stream));
        }));
    if (!listener.ok()) return listener.error();
    listeners_.push_back(std::move(*listener));
    return {};
  }

  void SetPeers(const std::vector<Peer>& peers, const std::set<uint64_t>& removed) override {
    removed_ = removed;
    for (const Peer& peer : peers) {
      if (peer.id == options_.self || peer.urls.empty()) continue;
      const auto known = links_.find(peer.id);
      if (known != links_.end() && UrlTexts(known->second.urls()) == UrlTexts(peer.urls)) continue;
      AddLink(peer);
    }
    // Others stay: they may be members that joined after what we know of, and were met.
    std::erase_if(links_, [&](const auto& item) { return removed_.contains(item.first); });
  }

  void Start() override {
    started_ = true;
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

  std::optional<Time> ConnectedSince(uint64_t id) const override {
    auto link = links_.find(id);
    if (link == links_.end() || !link->second.connected()) return std::nullopt;
    return link->second.connected_since();
  }

  size_t connected() const override {
    size_t count = 0;
    for (const auto& [id, link] : links_) count += link.connected() ? 1 : 0;
    return count;
  }

  std::map<uint64_t, uint64_t> sent_bytes() const override {
    std::map<uint64_t, uint64_t> bytes;
    for (const auto& [id, link] : links_) bytes[id] = link.sent_bytes();
    return bytes;
  }

  std::map<uint64_t, uint64_t> received_bytes() const override {
    std::map<uint64_t, uint64_t> bytes = received_before_;
    for (const auto& [serial, inbound] : inbound_) {
      if (inbound->from != 0) bytes[inbound->from] += inbound->received();
    }
    return bytes;
  }

 private:
  void AddLink(const Peer& peer) {
    links_.erase(peer.id);
    const PeerHello hello{options_.cluster, options_.self, peer.id, options_.peer_urls};
    auto added = links_.try_emplace(peer.id, env_, client_tls_, peer.urls, hello, handler_);
    if (started_) added.first->second.Dial();
  }

  void Secure(std::unique_ptr<runtime::Stream> stream) {
    const std::string address = stream->PeerAddress();
    server_tls_->Accept(env_, std::move(stream), kHandshakeTimeout,
                        alive_.Wrap([this, address](Result<transport::SecureStream> secure) {
                          if (secure.ok()) return Admit(std::move(secure->stream));
                          Warn("refused a connection from " + address + ": " + secure.error().message());
                        }));
  }

  void Admit(std::unique_ptr<runtime::Stream> stream) {
    const uint64_t serial = ++last_serial_;
    inbound_[serial] = std::make_unique<Inbound>(
        std::move(stream),
        [this](Inbound& from, FrameType type, std::string_view payload) { return OnFrame(from, type, payload); },
        // Not at once: the stream is in the middle of a call.
        [this, serial](Inbound& gone) {
          if (gone.from != 0) received_before_[gone.from] += gone.received();
          env_.Post(alive_.Wrap([this, serial] { inbound_.erase(serial); }));
        });
  }

  bool OnFrame(Inbound& from, FrameType type, std::string_view payload) {
    if (from.from == 0) return OnFirstFrame(from, type, payload);
    if (type == FrameType::kBulk) return OnBulk(from, payload);
    // What a removed member still says changes nothing any more.
    if (removed_.contains(from.from)) return Dismiss(from, {options_.cluster, true, kRemoved});
    handler_->OnPeerFrame(from.from, type, payload);
    return true;
  }

  bool OnFirstFrame(Inbound& from, FrameType type, std::string_view payload) {
    if (type == FrameType::kAskMembers) {
      from.Write(FrameType::kTellMembers, handler_->DescribeCluster());
      return true;
    }
    PeerHello hello;
    if (type != FrameType::kHello || !PeerHello::Decode(payload, hello)) return false;
    GoAway refusal{.cluster = options_.cluster};
    if (hello.cluster != options_.cluster && !KP_MUTANT("store-admits-foreign-peers")) {
      refusal.reason = "it is of cluster " + HexName(hello.cluster) + ", this one is " + HexName(options_.cluster);
    } else if (hello.to != options_.self) {
      refusal.reason = "it looks for member " + HexName(hello.to) + ", this one is " + HexName(options_.self);
    } else if (removed_.contains(hello.from)) {
      refusal.reason = kRemoved;
      refusal.removed = true;
    } else if (hello.from == options_.self) {
      refusal.reason = "it has the id of this one";
    }
    if (!refusal.reason.empty()) {
      Warn("refused member " + HexName(hello.from) + ": " + refusal.reason);
      return Dismiss(from, refusal);
    }
    from.from = hello.from;
    Meet(hello);
    return true;
  }

  // A member that joined after what we know of is answered where it says that it is.
  void Meet(const PeerHello& hello) {
    auto link = links_.find(hello.from);
    if (link == links_.end()) {
      const auto urls = ParseUrls(hello.peer_urls);
      if (urls.ok() && links_.size() < kMaxPeers) AddLink({hello.from, *urls});
      return;
    }
    // Both directions work now, if ours does.
    if (link->second.connected()) {
      env_.Post(alive_.Wrap([this, id = hello.from] { handler_->OnPeerUp(id); }));
    }
  }

  static bool Dismiss(Inbound& from, const GoAway& refusal) {
    from.Write(FrameType::kGoAway, refusal.Encode());
    return false;
  }

  void Warn(const std::string& text) { env_.Log(runtime::Severity::kWarning, "peers", text); }

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
  const PeerOptions options_;
  std::shared_ptr<transport::TlsContext> server_tls_;
  std::shared_ptr<transport::TlsContext> client_tls_;
  PeerHandler* handler_;
  std::map<uint64_t, PeerLink> links_;
  std::set<uint64_t> removed_;
  bool started_ = false;
  std::map<uint64_t, uint64_t> received_before_;  // on connections that are gone
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
  return std::unique_ptr<Peers>(
      std::make_unique<PeersImpl>(env, options, std::move(server), std::move(client), handler));
}

}  // namespace kp::store
