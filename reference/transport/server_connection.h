// What one accepted connection needs from its server, and the server from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reference/runtime/env.h"
#include "reference/transport/http.h"
#include "reference/wire/http2.h"

namespace kp::transport {

// An HTTP/2 response with all its parts; HttpResponder is the part that any version can do.
class Http2Exchange : public HttpResponder {
 public:
  // Ends the response with trailers. Before Start: one header block that is both (gRPC's "trailers-only").
  virtual void EndWithTrailers(std::shared_ptr<const Headers> trailers) = 0;
  // As Write, for a few bytes of no one else.
  virtual void WriteCopy(std::string_view bytes) = 0;
  // As Start, for headers that many responses share.
  virtual void StartShared(int status, const Headers& headers) = 0;
  virtual void Reset(uint32_t error_code) = 0;
  // What waits for the peer on all streams of the connection.
  virtual size_t ConnectionBufferedBytes() const = 0;
};

// Takes in one request piece by piece; owned by its connection and destroyed with the stream.
class Http2RequestSink {
 public:
  virtual ~Http2RequestSink() = default;
  virtual void OnData(std::string_view bytes) = 0;
  // How many bytes it keeps of what it got; a connection bounds their sum.
  virtual size_t HeldBytes() const { return 0; }
  virtual void OnEnd() = 0;
  virtual void OnClosed() = 0;  // the last call: the response is complete, or the peer has gone
};

// Returns a sink for requests that it wants to take in pieces, and then may keep what `head` holds; null for all
// others.
using Http2Intercept = std::function<std::unique_ptr<Http2RequestSink>(wire::Http2Head& head, const PeerIdentity& peer,
                                                                       const std::shared_ptr<Http2Exchange>& exchange)>;

// The server, as its connections see it.
struct ServerContext {
  runtime::Env& env;
  HttpServerOptions options;
  HttpHandler handler;
  Http2Intercept intercept;                       // may be empty
  std::function<void(uint64_t connection)> gone;  // a connection has ended and is to be dropped
};

class ServerConnection : public runtime::StreamHandler {
 public:
  // No request is being answered.
  virtual bool idle() const = 0;
  // Tells the peer and ends; nothing is called afterwards. For the server's end and for idle connections.
  virtual void Shutdown() = 0;
  Time last_activity() const { return last_activity_; }

 protected:
  Time last_activity_;
};

// `first`: bytes that were read to tell the versions apart.
std::shared_ptr<ServerConnection> MakeHttp1ServerConnection(std::shared_ptr<ServerContext> server, uint64_t id,
                                                            SecureStream secure, std::string first);
std::shared_ptr<ServerConnection> MakeHttp2ServerConnection(std::shared_ptr<ServerContext> server, uint64_t id,
                                                            SecureStream secure, std::string first);

// HttpServer::Create with an intercept.
Result<std::unique_ptr<HttpServer>> MakeHttpServer(runtime::Env& env, const HttpServerOptions& options,
                                                   HttpHandler handler, Http2Intercept intercept);

}  // namespace kp::transport
