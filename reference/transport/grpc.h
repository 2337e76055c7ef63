// gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), messages as bytes.
// No compression is sent; `grpc-encoding: identity` only is taken. Deadlines, trailers-only errors and
// percent-encoded messages are handled here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/transport/http.h"

namespace kp::transport {

struct GrpcContext {
  Headers metadata;  // request metadata, "-bin" values decoded
  PeerIdentity peer;
  Duration timeout = Duration::max();  // what is left of the client's deadline
};

// The server's end of a streaming call. Calls after the end are ignored.
class GrpcServerStream {
 public:
  virtual ~GrpcServerStream() = default;
  virtual void Send(SharedBytes message) = 0;  // one message
  // One message of two parts, the second shared with other streams.
  virtual void SendParts(std::string_view head, SharedBytes tail) {
    Send(std::make_shared<const std::string>(std::string(head) + *tail));
  }
  virtual void Finish(const Status& status) = 0;
  virtual size_t BufferedBytes() const = 0;
  // Of all calls on the same connection.
  virtual size_t ConnectionBufferedBytes() const { return BufferedBytes(); }
  virtual const GrpcContext& context() const = 0;
};

// What a streaming method does; destroyed after OnEnd.
class GrpcServerStreamHandler {
 public:
  virtual ~GrpcServerStreamHandler() = default;
  virtual void OnMessage(std::string_view message) = 0;
  virtual void OnHalfClose() {}  // the client sends no more
  virtual void OnEnd() = 0;      // the client has gone or Finish was carried out
};

using GrpcUnaryMethod =
    std::function<void(const GrpcContext& context, std::string_view request, Completion<Result<std::string>> reply)>;
using GrpcStreamMethod =
    std::function<std::unique_ptr<GrpcServerStreamHandler>(std::shared_ptr<GrpcServerStream> stream)>;

// Methods by full name, "/etcdserverpb.KV/Range". An unknown one is answered kUnimplemented.
struct GrpcServices {
  std::map<std::string, GrpcUnaryMethod, std::less<>> unary;
  std::map<std::string, GrpcStreamMethod, std::less<>> streams;
};

struct GrpcServerOptions {
  HttpServerOptions http;
  // A longer message is answered kResourceExhausted "grpc: received message larger than max (N vs. M)".
  size_t max_message = 2 * 1024 * 1024;
  // Requests that are not gRPC ("/health", "/metrics", "/v3/..."); 404 when empty.
  HttpHandler fallback;
};

class GrpcServer {
 public:
  static Result<std::unique_ptr<GrpcServer>> Create(runtime::Env& env, const GrpcServerOptions& options,
                                                    GrpcServices services);
  virtual ~GrpcServer() = default;
  virtual Status Listen(const std::string& address) = 0;
  virtual std::string Address() const = 0;
};

// The client's end of a streaming call; destroying it cancels.
class GrpcClientStream {
 public:
  virtual ~GrpcClientStream() = default;
  virtual void Send(std::string message) = 0;
  virtual void CloseSend() = 0;
};

class GrpcClientStreamHandler {
 public:
  virtual ~GrpcClientStreamHandler() = default;
  virtual void OnMessage(std::string_view message) = 0;
  virtual void OnEnd(const Status& status) = 0;  // the last call
};

struct GrpcChannelOptions {
  HttpClientOptions http;
  size_t max_message = 16 * 1024 * 1024;
};

// A channel to any of several endpoints: it stays with one while that works, and moves on when it does
// not. Calls are not repeated.
class GrpcChannel {
 public:
  static Result<std::unique_ptr<GrpcChannel>> Create(runtime::Env& env, const GrpcChannelOptions& options);
  virtual ~GrpcChannel() = default;
  virtual void Unary(std::string method, std::string request, const Headers& metadata, Duration timeout,
                     Completion<Result<std::string>> reply) = 0;
  virtual std::unique_ptr<GrpcClientStream> OpenStream(std::string method, const Headers& metadata,
                                                       GrpcClientStreamHandler* handler) = 0;
  virtual void Reset() = 0;
};

}  // namespace kp::transport
