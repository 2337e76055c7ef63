// Calls over a pool of connections: what HttpClient and GrpcChannel stand on.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/transport/http.h"

namespace kp::transport {

// Receives what becomes of one call. Any of them may cancel it or destroy the client.
class ClientCallEvents {
 public:
  virtual ~ClientCallEvents() = default;
  virtual void OnHeaders(int status, Headers headers) = 0;
  virtual void OnData(std::string_view bytes) = 0;
  // The last call. `reset_code`: of HTTP/2, when the peer reset the stream.
  virtual void OnEnd(const Status& status, Headers trailers, uint32_t reset_code) = 0;
};

class ClientConnection;

struct ClientCall {
  ClientCall(runtime::Env& env, uint64_t call_id) : id(call_id), timer(env) {}
  const uint64_t id;
  HttpClientRequest request;
  ClientCallEvents* events = nullptr;
  bool more = false;               // the request body goes on
  bool until_headers = false;      // what the time limit covers
  std::vector<SharedBytes> early;  // body pieces from before there was a connection
  std::shared_ptr<ClientConnection> connection;
  int32_t stream = 0;  // HTTP/2
  runtime::Timer timer;
};

class ClientCore;

// One connection of the pool.
class ClientConnection : public runtime::StreamHandler {
 public:
  virtual bool CanTake() const = 0;
  virtual void Begin(ClientCall& call) = 0;
  // `end`: the request body is complete.
  virtual void SendData(ClientCall& call, SharedBytes bytes) = 0;
  virtual void SendEnd(ClientCall& call) = 0;
  virtual void Cancel(ClientCall& call) = 0;
  // Ends it without a word to the core.
  virtual void Shutdown() = 0;
};

class ClientCore {
 public:
  static Result<std::unique_ptr<ClientCore>> Create(runtime::Env& env, HttpClientOptions options);
  ~ClientCore();

  // `more`: the body goes on with SendData and CloseSend. With `until_headers` the request's time limit
  // covers the response headers only.
  uint64_t Start(HttpClientRequest request, bool more, bool until_headers, ClientCallEvents* events);
  void SendData(uint64_t call, SharedBytes bytes);
  void CloseSend(uint64_t call);
  // Nothing is called afterwards.
  void Cancel(uint64_t call);
  void Reset();

  // ---- for connections ----
  runtime::Env& env() { return env_; }
  const HttpClientOptions& options() const { return options_; }
  ClientCall* Find(uint64_t call);
  template <typename F>
  auto WhileAlive(F callback) const {
    return alive_.Wrap(std::move(callback));
  }
  void OnCallHeaders(uint64_t call, int status, Headers headers);
  void OnCallData(uint64_t call, std::string_view bytes);
  void OnCallEnd(uint64_t call, const Status& status, Headers trailers, uint32_t reset_code = 0);
  // A connection can take calls again.
  void OnFree();
  // It is over; its calls were ended before.
  void OnConnectionGone(ClientConnection* connection, bool failed);

 private:
  ClientCore(runtime::Env& env, HttpClientOptions options, std::shared_ptr<TlsContext> tls);
  void Assign(uint64_t call);
  void Dial();
  void OnDialed(const std::string& endpoint, Result<std::unique_ptr<runtime::Stream>> stream);
  void OnSecure(const std::string& endpoint, Result<SecureStream> secure);
  void OnDialFailed(const std::string& endpoint, const Status& status);
  void GiveWaitingCalls();
  void DialForWaiting();
  void EndLater(uint64_t call, const Status& status);
  bool multiplexed() const { return options_.http2 && !http1_only_; }

  runtime::Env& env_;
  const HttpClientOptions options_;
  std::shared_ptr<TlsContext> tls_;
  std::map<uint64_t, std::unique_ptr<ClientCall>> calls_;
  std::deque<uint64_t> waiting_;  // calls without a connection; ids of cancelled ones may linger
  std::vector<std::shared_ptr<ClientConnection>> connections_;
  size_t endpoint_ = 0;
  size_t failures_ = 0;  // dials in a row
  size_t dialing_ = 0;
  bool http1_only_ = false;  // the endpoint chose HTTP/1.1 although HTTP/2 was offered
  uint64_t next_call_ = 1;
  Alive alive_;
};

std::shared_ptr<ClientConnection> MakeHttp1ClientConnection(ClientCore* core, SecureStream secure,
                                                            const std::string& endpoint);
std::shared_ptr<ClientConnection> MakeHttp2ClientConnection(ClientCore* core, SecureStream secure,
                                                            const std::string& endpoint);

}  // namespace kp::transport
