#include <map>
#include <utility>

#include "reference/base/completion.h"
#include "reference/transport/client_core.h"
#include "reference/transport/grpc.h"
#include "reference/transport/guard.h"
#include "reference/wire/grpc_frame.h"

namespace kp::transport {

namespace {

HttpClientRequest MakeRequest(std::string method, const Headers& metadata, Duration timeout) {
  HttpClientRequest request{.method = "POST", .target = std::move(method)};
  // A proxy that does not forward trailers must say so: "te" is required.
  request.headers = {{"te", "trailers"}, {"content-type", "application/grpc"}};
  if (timeout > Duration::zero() && timeout < Duration::max()) {
    request.headers.Add("grpc-timeout", wire::EncodeGrpcTimeout(timeout));
    request.timeout = timeout;
  } else {
    request.timeout = Duration::zero();
  }
  wire::AddMetadata(metadata, &request.headers);
  return request;
}

// How a call ended, from all that HTTP/2 said about it.
class Verdict {
 public:
  void OnHeaders(int status, Headers headers) {
    http_status_ = status;
    headers_ = std::move(headers);
  }
  bool is_grpc() const { return headers_.Get("content-type").starts_with("application/grpc"); }

  Status Judge(const Status& http, const Headers& trailers, uint32_t reset_code) const {
    if (http.code() == Code::kDeadlineExceeded) return {Code::kDeadlineExceeded, "context deadline exceeded"};
    if (auto status = wire::StatusOfTrailers(trailers.fields().empty() ? headers_ : trailers); http.ok() && status) {
      return *status;
    }
    if (reset_code != 0) return wire::StatusOfReset(reset_code);
    if (!http.ok()) return http;
    return wire::StatusOfHttp(http_status_);
  }

 private:
  int http_status_ = 0;
  Headers headers_;
};

class UnaryCall final : public ClientCallEvents {
 public:
  UnaryCall(size_t max_message, std::function<void(UnaryCall*, bool cancel)> forget,
            Completion<Result<std::string>> reply)
      : decoder_(max_message), forget_(std::move(forget)), reply_(std::move(reply)) {}

  void OnHeaders(int status, Headers headers) override { verdict_.OnHeaders(status, std::move(headers)); }

  void OnData(std::string_view bytes) override {
    if (!verdict_.is_grpc()) return;
    const Status status = decoder_.Feed(bytes, [this](std::string_view message) {
      ++messages_;
      message_ = message;
      return true;
    });
    if (!status.ok()) End(status, true);
  }

  void OnEnd(const Status& http, Headers trailers, uint32_t reset_code) override {
    Status status = verdict_.Judge(http, trailers, reset_code);
    if (status.ok() && (messages_ != 1 || decoder_.partial())) {
      status = {Code::kInternal, "grpc: a unary call has one response message"};
    }
    End(status, false);
  }

  uint64_t id = 0;

 private:
  void End(const Status& status, bool cancel) {
    // Everything is moved out first: forgetting destroys this.
    const auto reply = std::move(reply_);
    const auto forget = std::move(forget_);
    Result<std::string> result = std::move(message_);
    if (!status.ok()) result = status;
    forget(this, cancel);
    reply(std::move(result));
  }

  Verdict verdict_;
  wire::GrpcDecoder decoder_;
  std::function<void(UnaryCall*, bool)> forget_;
  Completion<Result<std::string>> reply_;
  std::string message_;
  int messages_ = 0;
};

// What a stream's handle needs of its channel, or nothing when that has gone.
struct StreamActions {
  std::function<void(SharedBytes)> send;
  std::function<void()> close;
  std::function<void()> cancel;
};

class StreamCall final : public GrpcClientStream, public ClientCallEvents {
 public:
  StreamCall(size_t max_message, GrpcClientStreamHandler* handler) : decoder_(max_message), handler_(handler) {}
  ~StreamCall() override {
    if (!ended_) actions_.cancel();
  }
  void set_actions(StreamActions actions) { actions_ = std::move(actions); }

  void Send(std::string message) override {
    if (ended_) return;
    actions_.send(wire::Share(wire::GrpcPrefix(message.size())));
    actions_.send(wire::Share(std::move(message)));
  }
  void CloseSend() override {
    if (!ended_) actions_.close();
  }

  void OnHeaders(int status, Headers headers) override { verdict_.OnHeaders(status, std::move(headers)); }

  void OnData(std::string_view bytes) override {
    if (!verdict_.is_grpc()) return;
    const auto here = life_.Watch();
    const Status status = decoder_.Feed(bytes, [this, &here](std::string_view message) {
      handler_->OnMessage(message);
      return static_cast<bool>(here);
    });
    if (!here || status.ok()) return;
    actions_.cancel();
    ended_ = true;
    handler_->OnEnd(status);
  }

  void OnEnd(const Status& http, Headers trailers, uint32_t reset_code) override {
    ended_ = true;
    handler_->OnEnd(verdict_.Judge(http, trailers, reset_code));
  }

 private:
  Verdict verdict_;
  wire::GrpcDecoder decoder_;
  GrpcClientStreamHandler* handler_;
  StreamActions actions_;
  bool ended_ = false;
  Life life_;
};

class Channel final : public GrpcChannel {
 public:
  Channel(std::unique_ptr<ClientCore> core, size_t max_message) : max_message_(max_message), core_(std::move(core)) {}

  void Unary(std::string method, std::string request, const Headers& metadata, Duration timeout,
             Completion<Result<std::string>> reply) override {
    auto call = std::make_unique<UnaryCall>(
        max_message_, [this](UnaryCall* ended, bool cancel) { Forget(ended, cancel); }, std::move(reply));
    UnaryCall* events = call.get();
    unary_[events] = std::move(call);
    events->id = core_->Start(MakeRequest(std::move(method), metadata, timeout), true, false, events);
    core_->SendData(events->id, wire::Share(wire::GrpcPrefix(request.size())));
    core_->SendData(events->id, wire::Share(std::move(request)));
    core_->CloseSend(events->id);
  }

  std::unique_ptr<GrpcClientStream> OpenStream(std::string method, const Headers& metadata,
                                               GrpcClientStreamHandler* handler) override {
    auto call = std::make_unique<StreamCall>(max_message_, handler);
    const uint64_t id = core_->Start(MakeRequest(std::move(method), metadata, Duration::max()), true, true, call.get());
    call->set_actions({.send = alive_.Wrap([this, id](SharedBytes bytes) { core_->SendData(id, std::move(bytes)); }),
                       .close = alive_.Wrap([this, id] { core_->CloseSend(id); }),
                       .cancel = alive_.Wrap([this, id] { core_->Cancel(id); })});
    return call;
  }

  void Reset() override { core_->Reset(); }

 private:
  void Forget(UnaryCall* call, bool cancel) {
    const auto node = unary_.extract(call);
    if (cancel) core_->Cancel(call->id);
  }

  const size_t max_message_;
  // For ownership only: never walked, so the order of addresses does not show.
  std::map<UnaryCall*, std::unique_ptr<UnaryCall>> unary_;
  std::unique_ptr<ClientCore> core_;
  Alive alive_;
};

}  // namespace

Result<std::unique_ptr<GrpcChannel>> GrpcChannel::Create(runtime::Env& env, const GrpcChannelOptions& options) {
  HttpClientOptions http = options.http;
  http.http2 = true;
  if (http.tls.alpn.empty()) http.tls.alpn = {"h2"};
  auto core = ClientCore::Create(env, std::move(http));
  if (!core) return core.status();
  return std::unique_ptr<GrpcChannel>(std::make_unique<Channel>(std::move(*core), options.max_message));
}

}  // namespace kp::transport
