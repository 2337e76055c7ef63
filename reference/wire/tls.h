// TLS between memory buffers: ciphertext in and out, no I/O, no clock.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/base/time.h"

namespace kp::wire {

struct TlsParameters {
  std::string certificate_pem;
  std::string key_pem;
  std::string ca_pem;
  bool insecure = false;
  bool require_client_certificate = false;
  std::vector<std::string> alpn;
};

// The subject of a certificate. Kubernetes reads the user from CN and the groups from O.
struct CertificateSubject {
  std::string common_name;
  std::vector<std::string> organizations;
};

Result<CertificateSubject> SubjectOfCertificate(std::string_view pem);

// What all sessions of one endpoint share. No tickets and no session cache: a resumed session would
// depend on what ran before it.
class TlsConfig {
 public:
  // kInvalidArgument: "certificate: no readable PEM block" and the like.
  static Result<std::shared_ptr<const TlsConfig>> Server(const TlsParameters& parameters);
  static Result<std::shared_ptr<const TlsConfig>> Client(const TlsParameters& parameters);
  ~TlsConfig();

 private:
  friend class TlsSession;
  struct State;
  explicit TlsConfig(std::unique_ptr<State> state);
  static Result<std::unique_ptr<State>> Common(const TlsParameters& parameters, bool server);
  std::unique_ptr<State> state_;
};

// One connection. Feed what the peer sent, Handshake until it is complete, then Read and Write; after
// each call send Output() and say ClearOutput().
class TlsSession {
 public:
  // Certificates are judged at `now`. A client verifies that the server's certificate is for `host`.
  static std::unique_ptr<TlsSession> Server(std::shared_ptr<const TlsConfig> config, WallTime now);
  static std::unique_ptr<TlsSession> Client(std::shared_ptr<const TlsConfig> config, const std::string& host,
                                            WallTime now);
  ~TlsSession();

  void Feed(std::string_view ciphertext);
  // kUnauthenticated when a certificate was refused, kUnavailable for other failures.
  Status Handshake();
  bool established() const { return established_; }

  // Up to `size` plaintext bytes; 0: nothing for now, or the end (see closed() and status()).
  size_t Read(char* buffer, size_t size);
  void Write(std::string_view plaintext);
  void SendCloseNotify();
  bool closed() const { return closed_; }  // the peer's close_notify came
  const Status& status() const { return status_; }

  std::string_view Output() const;
  void ClearOutput();

  // After the handshake.
  std::string Alpn() const;
  // Of the peer's verified certificate; nothing when it showed none or verification is off.
  bool PeerSubject(CertificateSubject* subject) const;

 private:
  struct State;
  TlsSession(std::shared_ptr<const TlsConfig> config, WallTime now);
  Status Fail(const std::string& what);

  std::shared_ptr<const TlsConfig> config_;
  std::unique_ptr<State> state_;
  bool established_ = false;
  bool closed_ = false;
  Status status_;
};

}  // namespace kp::wire
