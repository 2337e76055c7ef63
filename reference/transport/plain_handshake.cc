// The simulator's handshake: each side sends one frame, "KPT1", a 4-byte length and lines of
// "key value": the protocols it offers (client) or has chosen (server), its certificate as text, or
// why it refuses. The rules of judging a certificate are TLS's; only the cryptography is absent.
#include <algorithm>
#include <optional>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/transport/handshake.h"
#include "reference/transport/tls_stream.h"
#include "reference/wire/certificates.h"

namespace kp::transport {

namespace {

constexpr std::string_view kMagic = "KPT1";
constexpr size_t kPrefix = 8;
constexpr size_t kMaxHello = 64 * 1024;

struct Hello {
  std::vector<std::string> alpn;
  std::string certificate;  // text; "" for none
  std::string refusal;
};

std::string Encode(const Hello& hello) {
  std::string body;
  for (const std::string& name : hello.alpn) body += "alpn " + name + "\n";
  if (!hello.refusal.empty()) body += "refusal " + PercentEncode(hello.refusal) + "\n";
  if (!hello.certificate.empty()) body += "certificate " + PercentEncode(hello.certificate) + "\n";
  std::string frame(kMagic);
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(body.size() >> shift & 0xff));
  return frame + body;
}

Hello Decode(std::string_view body) {
  Hello hello;
  for (std::string_view line : Split(body, '\n')) {
    if (ConsumePrefix(line, "alpn ")) hello.alpn.emplace_back(line);
    if (ConsumePrefix(line, "refusal ")) hello.refusal = PercentDecode(line, false).value_or("refused");
    if (ConsumePrefix(line, "certificate ")) hello.certificate = PercentDecode(line, false).value_or("malformed");
  }
  return hello;
}

class PlainHandshake final : public Handshake {
 public:
  PlainHandshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, const TlsOptions& options, bool server,
                 std::string host, Completion<Result<SecureStream>> done)
      : Handshake(env, std::move(stream), std::move(done)),
        options_(options),
        server_(server),
        host_(std::move(host)) {}

 private:
  void Begin() override {
    if (!server_) stream_->Write(Encode({.alpn = options_.alpn, .certificate = options_.certificate_pem}));
  }

  void OnData(std::string_view bytes) override {
    in_.append(bytes);
    if (std::string_view(in_).substr(0, kMagic.size()) != kMagic.substr(0, in_.size())) {
      return Finish(Status(Code::kUnavailable, "tls: handshake: not this protocol"));
    }
    if (in_.size() < kPrefix) return;
    size_t size = 0;
    for (size_t i = kMagic.size(); i < kPrefix; ++i) size = size << 8 | static_cast<unsigned char>(in_[i]);
    if (size > kMaxHello) return Finish(Status(Code::kUnavailable, "tls: handshake: too long"));
    if (in_.size() < kPrefix + size) return;
    const Hello hello = Decode(std::string_view(in_).substr(kPrefix, size));
    in_.erase(0, kPrefix + size);
    Judge(hello);
  }

  void Judge(const Hello& hello) {
    if (!hello.refusal.empty()) return Finish(Status(Code::kUnauthenticated, "tls: " + hello.refusal));
    SecureStream secure;
    secure.peer.address = stream_->PeerAddress();
    if (Status verdict = JudgeCertificate(hello.certificate, &secure.peer); !verdict.ok()) return Refuse(verdict);
    for (const std::string& ours : options_.alpn) {
      if (secure.alpn.empty() && std::find(hello.alpn.begin(), hello.alpn.end(), ours) != hello.alpn.end()) {
        secure.alpn = ours;
      }
    }
    if (server_ && secure.alpn.empty() && !hello.alpn.empty() && !options_.alpn.empty()) {
      return Refuse(Status(Code::kUnavailable, "tls: no application protocol"));
    }
    if (server_) {
      Hello answer{.certificate = options_.certificate_pem};
      if (!secure.alpn.empty()) answer.alpn = {secure.alpn};
      stream_->Write(Encode(answer));
    }
    stream_->SetHandler(nullptr);
    secure.stream = MakeStreamWithPrefix(env_, std::move(stream_), std::move(in_));
    Finish(std::move(secure));
  }

  void Refuse(const Status& status) {
    stream_->Write(Encode({.refusal = "peer refused: " + status.message()}));
    Finish(status);
  }

  // The same questions as OpenSSL's: known issuer, in its time, for this use and this name.
  Status JudgeCertificate(const std::string& text, PeerIdentity* peer) const {
    const auto refuse = [](const std::string& why) {
      return Status(Code::kUnauthenticated, "tls: certificate: " + why);
    };
    if (server_ ? options_.ca_pem.empty() : options_.insecure) return {};
    if (text.empty()) {
      return server_ && !options_.require_client_certificate ? Status() : refuse("the peer showed none");
    }
    auto certificate = wire::ParsePlainCertificate(text);
    if (!certificate) return refuse("unreadable");
    auto authority = wire::ParsePlainCertificate(options_.ca_pem);
    const bool foreign = !authority || authority->subject.common_name != certificate->issuer;
    if (foreign && !KP_MUTANT("tls-accepts-foreign-certificates")) {
      return refuse("unable to get local issuer certificate");
    }
    const wire::CertificateRequest& subject = certificate->subject;
    if (env_.Wall() < subject.not_before) return refuse("certificate is not yet valid");
    if (env_.Wall() > subject.not_after) return refuse("certificate has expired");
    if (server_ ? !subject.client : !subject.server) return refuse("unsuitable certificate purpose");
    if (!server_ && std::find(subject.names.begin(), subject.names.end(), host_) == subject.names.end()) {
      return refuse("hostname mismatch");
    }
    peer->verified = true;
    peer->common_name = subject.common_name;
    peer->organizations = subject.organizations;
    return {};
  }

  const TlsOptions& options_;  // the TlsContext's, which owns this
  const bool server_;
  const std::string host_;
  std::string in_;
};

}  // namespace

std::unique_ptr<Handshake> MakePlainHandshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream,
                                              const TlsOptions& options, bool server, const std::string& host,
                                              Completion<Result<SecureStream>> done) {
  return std::make_unique<PlainHandshake>(env, std::move(stream), options, server, host, std::move(done));
}

}  // namespace kp::transport
