#include "reference/store/peer_link.h"

#include <algorithm>
#include <utility>

namespace kp::store {
namespace {

constexpr Duration kDialTimeout = 1s;
constexpr Duration kFirstBackoff = 20ms;
constexpr Duration kMaxBackoff = 500ms;
// Ordinary frames beyond this much waiting are dropped: the peer does not read.
constexpr size_t kMaxWaiting = 32 << 20;
// Bytes that wait this long without any leaving: the connection is dead though nobody said so.
constexpr Duration kStallCheck = 2s;

}  // namespace

PeerLink::PeerLink(runtime::Env& env, std::shared_ptr<transport::TlsContext> tls, std::string address, PeerHello hello,
                   PeerHandler* handler)
    : env_(env),
      tls_(std::move(tls)),
      address_(std::move(address)),
      hello_(std::move(hello)),
      handler_(handler),
      redial_(env),
      stall_(env),
      backoff_(kFirstBackoff) {}

void PeerLink::Dial() {
  env_.network().Dial(address_, kDialTimeout, alive_.Wrap([this](Result<std::unique_ptr<runtime::Stream>> stream) {
    OnDialled(std::move(stream));
  }));
}

void PeerLink::OnDialled(Result<std::unique_ptr<runtime::Stream>> stream) {
  if (!stream.ok()) return DialLater(stream.error());
  if (!tls_) return OnConnected(std::move(*stream));
  const std::string host = address_.substr(0, address_.rfind(':'));
  tls_->Connect(env_, std::move(*stream), host, kDialTimeout,
                alive_.Wrap([this](Result<transport::SecureStream> secure) {
                  if (!secure.ok()) return DialLater(secure.error());
                  OnConnected(std::move(secure->stream));
                }));
}

void PeerLink::OnConnected(std::unique_ptr<runtime::Stream> stream) {
  stream_ = std::move(stream);
  backoff_ = kFirstBackoff;
  last_error_.clear();
  stream_->SetHandler(this);
  stream_->Write(EncodeFrame(FrameType::kHello, hello_.Encode()));
  handler_->OnPeerUp(hello_.to);
}

void PeerLink::DialLater(const Status& reason) {
  if (reason.ToString() != last_error_) {
    last_error_ = reason.ToString();
    env_.Log(runtime::Severity::kDebug, "peers", "no connection to " + address_ + ": " + last_error_);
  }
  redial_.Start(backoff_, [this] { Dial(); });
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
}

void PeerLink::OnClose(const Status& reason) {
  stall_.Stop();
  // The stream is in the middle of this call.
  env_.Post([gone = std::shared_ptr<runtime::Stream>(std::move(stream_))] {});
  stream_ = nullptr;
  EndBulk({Code::kUnavailable, "connection lost"});
  handler_->OnPeerDown(hello_.to);
  DialLater(reason.ok() ? Status(Code::kUnavailable, "closed by the peer") : reason);
}

bool PeerLink::Send(FrameType type, std::string_view payload) {
  if (!stream_ || stream_->BufferedBytes() > kMaxWaiting) return false;
  stream_->Write(EncodeFrame(type, payload));
  if (!stall_.pending() && stream_->BufferedBytes() > 0) Watch();
  return true;
}

// Runs only while something waits, so an idle link has no timer.
void PeerLink::Watch() {
  stalled_bytes_ = stream_->BufferedBytes();
  stall_.Start(kStallCheck, [this] {
    if (!stream_ || stream_->BufferedBytes() == 0) return;
    if (stream_->BufferedBytes() < stalled_bytes_) return Watch();
    stream_->SetHandler(nullptr);
    OnClose({Code::kUnavailable, "no progress"});
  });
}

bool PeerLink::SendBulk(std::string payload) {
  if (!stream_) return false;
  bulk_ = std::move(payload);
  bulk_sent_ = 0;
  bulk_active_ = true;
  PumpBulk();
  return true;
}

// As long as the stream takes them, pieces go out; the rest waits for OnWritable, so heartbeats pass.
void PeerLink::PumpBulk() {
  while (bulk_active_) {
    const BulkPiece piece{bulk_sent_, bulk_.size(), std::string_view(bulk_).substr(bulk_sent_, kBulkPiece)};
    bulk_sent_ += piece.bytes.size();
    const bool room = stream_->Write(EncodeFrame(FrameType::kBulk, piece.Encode()));
    if (bulk_sent_ == bulk_.size()) EndBulk(Status::Ok());
    if (!room) return;
  }
}

void PeerLink::EndBulk(const Status& outcome) {
  if (!std::exchange(bulk_active_, false)) return;
  bulk_.clear();
  bulk_.shrink_to_fit();
  env_.Post(alive_.Wrap([this, outcome] { handler_->OnBulkSent(hello_.to, outcome); }));
}

}  // namespace kp::store
