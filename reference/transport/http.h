// HTTP over Env streams, HTTP/1.1 and HTTP/2 alike: the version is chosen by ALPN, or in cleartext by
// the client preface, and nothing above can tell.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/transport/secure.h"
#include "reference/wire/headers.h"

namespace kp::transport {

using wire::Headers;
using wire::SharedBytes;

// ---- server ----

struct HttpRequest {
  std::string method;                                      // "GET"
  std::string target;                                      // path and query as received
  std::string path;                                        // percent-decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;  // whole; a body over HttpServerOptions::max_body never reaches a handler (413)
  PeerIdentity peer;

  std::string_view Query(std::string_view name) const;  // the first; "" when absent
  bool HasQuery(std::string_view name) const;
};

// The answer to one request. Dropping the last reference before End() resets the stream (HTTP/1.1:
// the connection). Calls after the peer has gone are ignored.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;
  // A whole response.
  virtual void Send(int status, Headers headers, std::string body) = 0;
  // A response in pieces: Start, then Write any number of times, then End. Without content-length
  // HTTP/1.1 uses chunks. Each Write is flushed at once.
  virtual void Start(int status, Headers headers) = 0;
  virtual void Write(SharedBytes bytes) = 0;
  virtual void End() = 0;
  // Bytes written and not yet taken by the connection: a watcher beyond its limit is slow.
  virtual size_t BufferedBytes() const = 0;
  // `on_closed` runs once when the peer is gone before End().
  virtual void OnClosed(std::function<void()> on_closed) = 0;
  virtual bool closed() const = 0;
};

using HttpHandler = std::function<void(HttpRequest, std::shared_ptr<HttpResponder>)>;

struct HttpServerOptions {
  TlsOptions tls;
  size_t max_body = 3 * 1024 * 1024;
  size_t max_header_bytes = 64 * 1024;
  size_t max_connections = 20000;
  uint32_t max_concurrent_streams = 1000;
  bool any_authority = false;  // see wire::Http2Limits
  Duration idle_timeout = 5min;
  Duration handshake_timeout = 10s;
  // The JSON body of an answer to a request that never reaches the handler (400, 413, 431, 503). Empty: plain
  // text.
  std::function<std::string(int status)> refusal;
};

class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> Create(runtime::Env& env, const HttpServerOptions& options,
                                                    HttpHandler handler);
  virtual ~HttpServer() = default;  // closes all connections
  // May be called for several addresses; Address() is the first.
  virtual Status Listen(const std::string& address) = 0;
  virtual std::string Address() const = 0;
  virtual size_t connections() const = 0;
};

// ---- client ----

struct HttpClientRequest {
  std::string method = "GET";
  std::string target;  // path and query, encoded
  Headers headers;
  std::string body;
  // From the call to the end of the response headers (Stream) or body (Send). Zero: none.
  Duration timeout = 30s;
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// Receives a streamed response. OnEnd is the last call: OK when the response ended in order.
class HttpStreamHandler {
 public:
  virtual ~HttpStreamHandler() = default;
  virtual void OnHeaders(int status, const Headers& headers) = 0;
  virtual void OnData(std::string_view bytes) = 0;
  virtual void OnEnd(const Status& status) = 0;
};

// Destroying it cancels the call; nothing is called afterwards.
class HttpCall {
 public:
  virtual ~HttpCall() = default;
};

struct HttpClientOptions {
  std::vector<std::string> endpoints;  // "127.0.0.1:6443"; tried in turn when one cannot be reached
  TlsOptions tls;
  bool http2 = true;  // offered by ALPN; in cleartext: prior knowledge
  Duration dial_timeout = 5s;
  // HTTP/2 PING after this much silence while calls are open; a missing answer ends the connection.
  Duration keepalive = 10s;
  Duration keepalive_timeout = 10s;
  std::string user_agent = "kubeproof";
};

// Keeps connections open and reuses them (HTTP/2: one; HTTP/1.1: one per concurrent call). A call is
// never repeated by itself: the caller knows what may be repeated. Errors: kUnavailable "dial ...",
// kUnavailable "connection lost ..." (the request may have been carried out), kDeadlineExceeded.
class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> Create(runtime::Env& env, const HttpClientOptions& options);
  virtual ~HttpClient() = default;  // cancels what is under way
  virtual void Send(HttpClientRequest request, Completion<Result<HttpResponse>> done) = 0;
  virtual std::unique_ptr<HttpCall> Stream(HttpClientRequest request, HttpStreamHandler* handler) = 0;
  // Drops idle and open connections; calls under way fail with kUnavailable.
  virtual void Reset() = 0;
};

}  // namespace kp::transport
