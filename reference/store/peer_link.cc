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

PeerLink::PeerLink(runtime::Env& env, std::shared_ptr<transport::TlsContext> tls, std::vector<Url> urls,
                   PeerHello hello, PeerHandler* handler)
    : env_(env),
      tls_(std::move(tls)),
      urls_(std::move(urls)),
      hello_(std::move(hello)),
      handler_(handler),
      redial_(env),
      stall_(env),
      backoff_(kFirstBackoff) {}

PeerLink::~PeerLink() {
  if (stream_) stream_->SetHandler(nullptr);
}

void PeerLink::Dial() {
  env_.network().Dial(url().address, kDialTimeout, alive_.Wrap([this](Result<std::unique_ptr<runtime::Stream>> stream) {
    OnDialled(std::move(stream));
  }));
}

void PeerLink::OnDialled(Result<std::unique_ptr<runtime::Stream>> stream) {
  if (!stream.ok()) return DialLater(stream.error());
  if (!url().tls) return OnConnected(std::move(*stream));
  if (!tls_) return DialLater({Code::kInvalidArgument, "an https URL, and no certificates to dial it with"});
  const std::string host = url().address.substr(0, url().address.rfind(':'));
  tls_->Connect(env_, std::move(*stream), host, kDialTimeout,
                alive_.Wrap([this](Result<transport::SecureStream> secure) {
                  if (!secure.ok()) return DialLater(secure.error());
                  OnConnected(std::move(secure->stream));
                }));
}

void PeerLink::OnConnected(std::unique_ptr<runtime::Stream> stream) {
  stream_ = std::move(stream);
  connected_since_ = env_.Now();
  reader_ = {};
  stream_->SetHandler(this);
  stream_->Write(EncodeFrame(FrameType::kHello, hello_.Encode()));
  handler_->OnPeerUp(hello_.to);
}

void PeerLink::DialLater(const Status& reason) {
  if (reason.ToString() != last_error_) {
    last_error_ = reason.ToString();
    // Who is not there yet, or no more, is daily business; who refuses us is not.
    const bool absent = reason.code() == Code::kUnavailable || reason.code() == Code::kDeadlineExceeded;
    env_.Log(absent ? runtime::Severity::kDebug : runtime::Severity::kWarning, "peers",
             "no connection to " + url().ToString() + ": " + last_error_);
  }
  ++next_url_;
  redial_.Start(backoff_, [this] { Dial(); });
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
}

void PeerLink::OnData(std::string_view bytes) {
  const bool good =
      reader_.Feed(bytes, [this](FrameType type, std::string_view payload) { return OnGoAway(type, payload); });
  if (good || !stream_) return;
  stream_->SetHandler(nullptr);
  OnClose({Code::kUnavailable, "the peer makes no sense"});
}

bool PeerLink::OnGoAway(FrameType type, std::string_view payload) {
  GoAway message;
  if (type != FrameType::kGoAway || !GoAway::Decode(payload, message)) return false;
  stream_->SetHandler(nullptr);
  OnClose({Code::kFailedPrecondition, message.reason});
  // Only our own cluster can say so.
  if (message.removed && message.cluster == hello_.cluster) {
    env_.Post(alive_.Wrap([this] { handler_->OnRemovedFromCluster(); }));
  }
  return false;
}

void PeerLink::OnClose(const Status& reason) {
  stall_.Stop();
  // A connection that is made and refused at once is no better than none.
  if (env_.Now() - connected_since_ >= kMaxBackoff) {
    backoff_ = kFirstBackoff;
    last_error_.clear();
  }
  // The stream is in the middle of this call.
  env_.Post([gone = std::shared_ptr<runtime::Stream>(std::move(stream_))] {});
  stream_ = nullptr;
  EndBulk({Code::kUnavailable, "connection lost"});
  handler_->OnPeerDown(hello_.to);
  DialLater(reason.ok() ? Status(Code::kUnavailable, "closed by the peer") : reason);
}

bool PeerLink::Send(FrameType type, std::string_view payload) {
  if (!stream_ || stream_->BufferedBytes() > kMaxWaiting) return false;
  sent_bytes_ += payload.size() + 5;
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
    sent_bytes_ += piece.bytes.size();
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
