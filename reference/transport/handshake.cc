#include "reference/transport/handshake.h"

#include "reference/transport/tls_stream.h"

namespace kp::transport {

Handshake::Handshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, Completion<Result<SecureStream>> done)
    : env_(env), stream_(std::move(stream)), timer_(env), done_(std::move(done)) {}

void Handshake::Start(Duration timeout, Release release) {
  release_ = std::move(release);
  stream_->SetHandler(this);
  timer_.Start(timeout, [this] { Finish(Status(Code::kDeadlineExceeded, "tls: handshake timed out")); });
  Begin();
}

void Handshake::OnClose(const Status& reason) {
  Finish(
      Status(Code::kUnavailable, "tls: handshake: connection closed" + (reason.ok() ? "" : ": " + reason.message())));
}

void Handshake::Finish(Result<SecureStream> result) {
  const std::unique_ptr<Handshake> self = release_();
  timer_.Stop();
  if (stream_) {  // failed: say what is queued (an alert), then end
    stream_->SetHandler(nullptr);
    stream_->Close();
  }
  done_(std::move(result));
}

std::string HostOfAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

namespace {

class TlsHandshake final : public Handshake {
 public:
  TlsHandshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, std::unique_ptr<wire::TlsSession> session,
               Completion<Result<SecureStream>> done)
      : Handshake(env, std::move(stream), std::move(done)), session_(std::move(session)) {}

 private:
  void Begin() override {
    // A client's first flight cannot fail; a server has nothing to say yet.
    CHECK(session_->Handshake().ok()) << session_->status().ToString();
    Flush();
  }

  void OnData(std::string_view bytes) override {
    session_->Feed(bytes);
    const Status status = session_->Handshake();
    Flush();
    if (!status.ok()) return Finish(status);
    if (!session_->established()) return;
    SecureStream secure;
    secure.alpn = session_->Alpn();
    secure.peer.address = stream_->PeerAddress();
    wire::CertificateSubject subject;
    if (session_->PeerSubject(&subject)) {
      secure.peer.verified = true;
      secure.peer.common_name = std::move(subject.common_name);
      secure.peer.organizations = std::move(subject.organizations);
    }
    stream_->SetHandler(nullptr);
    secure.stream = MakeTlsStream(env_, std::move(stream_), std::move(session_));
    Finish(std::move(secure));
  }

  void Flush() {
    if (!session_->Output().empty()) stream_->Write(session_->Output());
    session_->ClearOutput();
  }

  std::unique_ptr<wire::TlsSession> session_;
};

}  // namespace

std::unique_ptr<Handshake> MakeTlsHandshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream,
                                            std::unique_ptr<wire::TlsSession> session,
                                            Completion<Result<SecureStream>> done) {
  return std::make_unique<TlsHandshake>(env, std::move(stream), std::move(session), std::move(done));
}

}  // namespace kp::transport
