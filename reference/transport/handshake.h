// A handshake under way on one stream. TlsContext owns it until it is over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reference/runtime/env.h"
#include "reference/transport/secure.h"
#include "reference/wire/tls.h"

namespace kp::transport {

class Handshake : public runtime::StreamHandler {
 public:
  // Moves the handshake out of its owner, so that it lives until its last callback has returned.
  using Release = std::function<std::unique_ptr<Handshake>()>;

  Handshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream, Completion<Result<SecureStream>> done);
  void Start(Duration timeout, Release release);

 protected:
  void OnClose(const Status& reason) override;
  // Called once the handler is attached: a client speaks first.
  virtual void Begin() = 0;
  // Ends the handshake. `this` may be gone afterwards.
  void Finish(Result<SecureStream> result);

  runtime::Env& env_;
  std::unique_ptr<runtime::Stream> stream_;

 private:
  runtime::Timer timer_;
  Completion<Result<SecureStream>> done_;
  Release release_;
};

std::unique_ptr<Handshake> MakeTlsHandshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream,
                                            std::unique_ptr<wire::TlsSession> session,
                                            Completion<Result<SecureStream>> done);
// The simulator's. `host`: a client's, the name that the server's certificate must bear.
std::unique_ptr<Handshake> MakePlainHandshake(runtime::Env& env, std::unique_ptr<runtime::Stream> stream,
                                              const TlsOptions& options, bool server, const std::string& host,
                                              Completion<Result<SecureStream>> done);

// "10.0.0.7" of "10.0.0.7:6443", "::1" of "[::1]:6443".
std::string HostOfAddress(const std::string& address);

}  // namespace kp::transport
