// What protects a connection, and who is at its other end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/runtime/env.h"

namespace kp::transport {

// The subject of a client certificate that was verified against our CA.
struct PeerIdentity {
  bool verified = false;
  std::string common_name;                 // Kubernetes: the user name
  std::vector<std::string> organizations;  // Kubernetes: the groups
  std::string address;                     // "10.0.0.7:41522"
};

struct TlsOptions {
  enum class Mode : unsigned char {
    kNone,  // cleartext
    kTls,   // TLS 1.2 or 1.3 by OpenSSL memory BIOs
    // Simulation only: a record layer that carries ALPN and the certificate chain in a first frame and
    // then the bytes as they are. Certificates are verified alike; a handshake costs nothing.
    kPassThrough,
  };
  Mode mode = Mode::kNone;
  std::string certificate_pem;  // own chain; required of a server
  std::string key_pem;
  std::string ca_pem;     // verifies the peer; a client with none and `insecure` unset uses no default store
  bool insecure = false;  // client: do not verify the server
  bool require_client_certificate = false;  // server; with a ca_pem one is asked for in any case
  std::string server_name;                  // client: SNI and the name that is verified; empty: the dialled host
  std::vector<std::string> alpn;            // preference order, "h2", "http/1.1"
};

// A Stream over which the handshake is done.
struct SecureStream {
  std::unique_ptr<runtime::Stream> stream;
  std::string alpn;  // "" when none was agreed
  PeerIdentity peer;
};

// Parsed once, used for any number of connections.
class TlsContext {
 public:
  // kInvalidArgument names what cannot be read ("certificate: no PEM block").
  static Result<std::shared_ptr<TlsContext>> Server(const TlsOptions& options);
  static Result<std::shared_ptr<TlsContext>> Client(const TlsOptions& options);
  virtual ~TlsContext() = default;

  // Runs the handshake over `stream`. Fails with kUnauthenticated (certificate), kDeadlineExceeded or
  // kUnavailable; the stream is then gone.
  virtual void Accept(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, Duration timeout,
                      Completion<Result<SecureStream>> done) = 0;
  virtual void Connect(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, const std::string& host,
                       Duration timeout, Completion<Result<SecureStream>> done) = 0;
};

}  // namespace kp::transport
