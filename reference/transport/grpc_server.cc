#include <utility>

#include "reference/base/completion.h"
#include "reference/base/strings.h"
#include "reference/transport/grpc.h"
#include "reference/transport/server_connection.h"
#include "reference/wire/grpc_frame.h"

namespace kp::transport {

namespace {

const Status kTooLate(Code::kDeadlineExceeded, "context deadline exceeded");

// Nearly every call begins and ends with the same fields.
const Headers kHead{{"content-type", "application/grpc"}};
const auto kGood = std::make_shared<const Headers>(Headers{{"grpc-status", "0"}});
// Below it a message is copied behind its prefix, above it goes out as it is.
constexpr size_t kSmallMessage = 8 << 10;
// A client that asks and asks and does not read gets errors from here on: its answers are ours to keep.
constexpr size_t kMaxWaiting = 128 << 20;

// The response side, shared by both kinds of calls. A client's deadline is kept here too: the answer
// then comes from us, whatever the method is doing.
class Reply final : public GrpcServerStream {
 public:
  Reply(runtime::Env& env, GrpcContext context, std::shared_ptr<Http2Exchange> exchange)
      : context_(std::move(context)), exchange_(std::move(exchange)), deadline_(env) {
    if (context_.timeout != Duration::max()) deadline_.Start(context_.timeout, [this] { Finish(kTooLate); });
  }
  ~Reply() override {
    if (exchange_) exchange_->Reset(wire::kHttp2Cancel);
  }

  void Send(SharedBytes message) override {
    if (!exchange_) return;
    StartOnce();
    exchange_->Write(wire::Share(wire::GrpcPrefix(message->size())));
    exchange_->Write(std::move(message));
  }

  void SendParts(std::string_view head, SharedBytes tail) override {
    if (!exchange_) return;
    StartOnce();
    exchange_->WriteCopy(wire::GrpcPrefix(head.size() + tail->size()));
    exchange_->WriteCopy(head);
    exchange_->Write(std::move(tail));
  }

  void SendLast(std::string message) {
    if (!exchange_) return;
    if (exchange_->ConnectionBufferedBytes() > kMaxWaiting) {
      return Finish({Code::kResourceExhausted, "grpc: too many bytes wait for this client"});
    }
    if (message.size() > kSmallMessage) {
      Send(wire::Share(std::move(message)));
    } else {
      StartOnce();
      exchange_->WriteCopy(wire::GrpcPrefix(message.size()));
      exchange_->WriteCopy(message);
    }
    Finish({});
  }

  void Finish(const Status& status) override {
    if (!exchange_) return;
    deadline_.Stop();
    const auto exchange = std::exchange(exchange_, nullptr);
    if (started_ && status.ok() && status.message().empty()) return exchange->EndWithTrailers(kGood);
    Headers trailers;
    // Nothing was sent: headers and trailers are one block, and name the content type.
    if (!started_) trailers.Add("content-type", "application/grpc");
    wire::AddStatus(status, &trailers);
    exchange->EndWithTrailers(std::make_shared<const Headers>(std::move(trailers)));
  }

  // The stream has gone.
  void Detach() {
    deadline_.Stop();
    exchange_ = nullptr;
  }

  size_t BufferedBytes() const override { return exchange_ ? exchange_->BufferedBytes() : 0; }
  size_t ConnectionBufferedBytes() const override { return exchange_ ? exchange_->ConnectionBufferedBytes() : 0; }
  const GrpcContext& context() const override { return context_; }
  bool open() const { return exchange_ != nullptr; }

 private:
  void StartOnce() {
    if (!std::exchange(started_, true)) exchange_->StartShared(200, kHead);
  }

  const GrpcContext context_;
  std::shared_ptr<Http2Exchange> exchange_;  // null: ended
  runtime::Timer deadline_;
  bool started_ = false;
};

class UnaryCall final : public Http2RequestSink {
 public:
  UnaryCall(std::shared_ptr<const GrpcUnaryMethod> method, std::shared_ptr<Reply> reply, size_t max_message)
      : method_(std::move(method)), reply_(std::move(reply)), decoder_(max_message) {}

  void OnData(std::string_view bytes) override {
    if (!reply_->open()) return;
    const Status status = decoder_.Feed(bytes, [this](std::string_view message) {
      ++messages_;
      request_.assign(message);
      return messages_ == 1;
    });
    if (!status.ok()) reply_->Finish(status);
  }

  size_t HeldBytes() const override { return request_.size() + decoder_.held_bytes(); }

  void OnEnd() override {
    if (!reply_->open()) return;
    if (messages_ != 1 || decoder_.partial()) {
      return reply_->Finish({Code::kInternal, "grpc: a unary call has one request message"});
    }
    const auto method = method_;  // the method may end the server
    const auto reply = reply_;
    (*method)(reply->context(), request_, [reply](Result<std::string> result) {
      if (result) return reply->SendLast(std::move(*result));
      reply->Finish(result.status());
    });
  }

  void OnClosed() override { reply_->Detach(); }

 private:
  std::shared_ptr<const GrpcUnaryMethod> method_;
  std::shared_ptr<Reply> reply_;
  wire::GrpcDecoder decoder_;
  std::string request_;
  int messages_ = 0;
};

class StreamCall final : public Http2RequestSink {
 public:
  StreamCall(std::shared_ptr<Reply> reply, size_t max_message) : reply_(std::move(reply)), decoder_(max_message) {}

  void Begin(const GrpcStreamMethod& method) { handler_ = method(reply_); }

  void OnData(std::string_view bytes) override {
    if (!reply_->open()) return;
    const Status status = decoder_.Feed(bytes, [this](std::string_view message) {
      handler_->OnMessage(message);
      return reply_->open();
    });
    if (!status.ok()) reply_->Finish(status);
  }

  size_t HeldBytes() const override { return decoder_.held_bytes(); }

  void OnEnd() override {
    if (reply_->open()) handler_->OnHalfClose();
  }

  void OnClosed() override {
    reply_->Detach();
    if (handler_) handler_->OnEnd();
  }

 private:
  std::shared_ptr<Reply> reply_;
  wire::GrpcDecoder decoder_;
  std::unique_ptr<GrpcServerStreamHandler> handler_;
};

// Swallows the rest of a request that was answered at once.
class AnsweredCall final : public Http2RequestSink {
 public:
  void OnData(std::string_view) override {}
  void OnEnd() override {}
  void OnClosed() override {}
};

class Server final : public GrpcServer {
 public:
  Server(runtime::Env& env, size_t max_message, GrpcServices services)
      : env_(env), max_message_(max_message), streams_(std::move(services.streams)) {
    for (auto& [name, method] : services.unary) {
      unary_[name] = std::make_shared<const GrpcUnaryMethod>(std::move(method));
    }
  }

  Status Begin(const GrpcServerOptions& options) {
    HttpHandler fallback = options.fallback;
    if (!fallback) {
      fallback = [](HttpRequest, std::shared_ptr<HttpResponder> responder) {
        responder->Send(404, {{"content-type", "text/plain; charset=utf-8"}}, "404 page not found\n");
      };
    }
    auto http =
        MakeHttpServer(env_, options.http, std::move(fallback),
                       [this](wire::Http2Head& head, const PeerIdentity& peer,
                              const std::shared_ptr<Http2Exchange>& exchange) { return Route(head, peer, exchange); });
    if (!http) return http.status();
    http_ = std::move(*http);
    return {};
  }

  Status Listen(const std::string& address) override { return http_->Listen(address); }
  std::string Address() const override { return http_->Address(); }

 private:
  std::unique_ptr<Http2RequestSink> Route(wire::Http2Head& head, const PeerIdentity& peer,
                                          const std::shared_ptr<Http2Exchange>& exchange) {
    if (!head.headers.Get("content-type").starts_with("application/grpc")) return nullptr;
    GrpcContext context{.peer = peer};
    const std::string_view timeout = head.headers.Get("grpc-timeout");
    if (!timeout.empty()) {
      const auto parsed = wire::DecodeGrpcTimeout(timeout);
      if (!parsed) return Refuse(*exchange, {Code::kInternal, "grpc: malformed grpc-timeout"});
      context.timeout = *parsed;
    }
    const std::string_view encoding = head.headers.Get("grpc-encoding");
    if (!encoding.empty() && encoding != "identity") {
      return Refuse(*exchange,
                    {Code::kUnimplemented, "grpc: Decompressor is not installed for grpc-encoding " + Quote(encoding)});
    }
    context.metadata = wire::DecodeMetadata(std::move(head.headers));
    if (const auto found = unary_.find(head.target); found != unary_.end()) {
      return std::make_unique<UnaryCall>(found->second, std::make_shared<Reply>(env_, std::move(context), exchange),
                                         max_message_);
    }
    if (const auto found = streams_.find(head.target); found != streams_.end()) {
      auto call =
          std::make_unique<StreamCall>(std::make_shared<Reply>(env_, std::move(context), exchange), max_message_);
      call->Begin(found->second);
      return call;
    }
    return Refuse(*exchange, Unknown(head.target));
  }

  // grpc-go's words: "unknown service x.Y" or "unknown method M for service x.Y".
  Status Unknown(std::string_view target) const {
    const size_t slash = target.rfind('/');
    if (slash == 0 || slash == std::string_view::npos) {
      return {Code::kUnimplemented, "malformed method name: " + Quote(target)};
    }
    const std::string service(target.substr(0, slash + 1));
    const auto known = [&service](const auto& methods) {
      const auto next = methods.lower_bound(service);
      return next != methods.end() && next->first.starts_with(service);
    };
    const std::string name(target.substr(1, slash - 1));
    if (!known(unary_) && !known(streams_)) return {Code::kUnimplemented, "unknown service " + name};
    return {Code::kUnimplemented, "unknown method " + std::string(target.substr(slash + 1)) + " for service " + name};
  }

  static std::unique_ptr<Http2RequestSink> Refuse(Http2Exchange& exchange, const Status& status) {
    Headers trailers{{"content-type", "application/grpc"}};
    wire::AddStatus(status, &trailers);
    exchange.EndWithTrailers(std::make_shared<const Headers>(std::move(trailers)));
    return std::make_unique<AnsweredCall>();
  }

  runtime::Env& env_;
  const size_t max_message_;
  std::map<std::string, std::shared_ptr<const GrpcUnaryMethod>, std::less<>> unary_;
  const std::map<std::string, GrpcStreamMethod, std::less<>> streams_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::Create(runtime::Env& env, const GrpcServerOptions& options,
                                                       GrpcServices services) {
  auto server = std::make_unique<Server>(env, options.max_message, std::move(services));
  if (Status status = server->Begin(options); !status.ok()) return status;
  return std::unique_ptr<GrpcServer>(std::move(server));
}

}  // namespace kp::transport
