#include "reference/store/gateway.h"

#include <utility>

#include "reference/base/strings.h"
#include "reference/store/gateway_json.h"

namespace kp::store {
namespace {

using transport::Headers;

// https://github.com/grpc-ecosystem/grpc-gateway, runtime.HTTPStatusFromCode.
int HttpStatus(Code code) {
  switch (code) {
    case Code::kOk: return 200;
    case Code::kCancelled: return 408;
    case Code::kInvalidArgument:
    case Code::kOutOfRange: return 400;
    case Code::kDeadlineExceeded: return 504;
    case Code::kNotFound: return 404;
    case Code::kAlreadyExists:
    case Code::kAborted: return 409;
    case Code::kPermissionDenied: return 403;
    case Code::kUnauthenticated: return 401;
    case Code::kResourceExhausted: return 429;
    case Code::kFailedPrecondition: return 412;
    case Code::kUnimplemented: return 501;
    case Code::kUnavailable: return 503;
    default: return 500;
  }
}

std::string_view HttpText(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 429: return "Too Many Requests";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Internal Server Error";
  }
}

// What browsers on other sites may do; etcd allows all of it.
Headers WithCors(Headers headers) {
  headers.Add("access-control-allow-headers", "accept, content-type, authorization");
  headers.Add("access-control-allow-methods", "POST, GET, OPTIONS, PUT, DELETE");
  headers.Add("access-control-allow-origin", "*");
  return headers;
}

Headers JsonHeaders() { return WithCors({{"content-type", "application/json"}}); }

std::string JsonText(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    } else {
      out += std::string("\\u00") + kDigits[(c >> 4) & 15] + kDigits[c & 15];
    }
  }
  return out + "\"";
}

void SendError(transport::HttpResponder& responder, const Status& status) {
  const std::string text = JsonText(status.message());
  responder.Send(HttpStatus(status.code()), JsonHeaders(),
                 R"({"error":)" + text + R"(,"message":)" + text + R"(,"code":)" +
                     std::to_string(static_cast<int>(status.code())) + "}");
}

// Within a stream the HTTP status is long gone.
std::string StreamError(const Status& status) {
  const int http = HttpStatus(status.code());
  return R"({"error":{"grpc_code":)" + std::to_string(static_cast<int>(status.code())) + R"(,"http_code":)" +
         std::to_string(http) + R"(,"message":)" + JsonText(status.message()) + R"(,"http_status":)" +
         JsonText(HttpText(http)) + "}}\n";
}

// The token of a user comes as Authorization, other metadata as Grpc-Metadata-NAME.
transport::GrpcContext ContextOf(const transport::HttpRequest& request) {
  constexpr std::string_view kPrefix = "grpc-metadata-";
  transport::GrpcContext context;
  context.peer = request.peer;
  for (const auto& [name, value] : request.headers.fields()) {
    const std::string lower = Lower(name);
    if (lower == "authorization") context.metadata.Add("token", value);
    if (lower.starts_with(kPrefix)) context.metadata.Add(lower.substr(kPrefix.size()), value);
  }
  return context;
}

// A streaming call whose messages go out as lines of JSON.
class JsonStream final : public transport::GrpcServerStream, public std::enable_shared_from_this<JsonStream> {
 public:
  // `later` runs a task after the current callback, unless the gateway has gone by then.
  using Later = std::function<void(std::function<void()>)>;
  JsonStream(Later later, std::string_view method, transport::GrpcContext context,
             std::shared_ptr<transport::HttpResponder> responder)
      : later_(std::move(later)), method_(method), context_(std::move(context)), responder_(std::move(responder)) {}

  void Begin(const transport::GrpcStreamMethod& method, const std::vector<std::string>& requests) {
    handler_ = method(shared_from_this());
    responder_->OnClosed([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && std::exchange(self->open_, false)) self->End();
    });
    for (const std::string& request : requests) {
      if (open_) handler_->OnMessage(request);
    }
    if (open_) handler_->OnHalfClose();
  }

  void Send(transport::SharedBytes message) override {
    if (!open_) return;
    const Result<std::string> json = ReplyToJson(method_, *message);
    if (!json.ok()) return Finish(json.error());
    StartOnce();
    responder_->Write(wire::Share(R"({"result":)" + *json + "}\n"));
  }

  void Finish(const Status& status) override {
    if (!std::exchange(open_, false)) return;
    if (!status.ok() && !started_) {
      SendError(*responder_, status);
    } else {
      StartOnce();
      if (!status.ok()) responder_->Write(wire::Share(StreamError(status)));
      responder_->End();
    }
    // The handler is what is running.
    later_([self = shared_from_this()] { self->End(); });
  }

  size_t BufferedBytes() const override { return responder_->BufferedBytes(); }
  const transport::GrpcContext& context() const override { return context_; }

 private:
  void StartOnce() {
    if (!std::exchange(started_, true)) responder_->Start(200, JsonHeaders());
  }
  // Handler and stream hold each other until here. A write of the handler's may have brought the end about, so it
  // goes afterwards.
  void End() {
    if (!handler_) return;
    handler_->OnEnd();
    later_([gone = std::shared_ptr<transport::GrpcServerStreamHandler>(std::move(handler_))] {});
  }

  Later later_;
  const std::string_view method_;
  const transport::GrpcContext context_;
  std::shared_ptr<transport::HttpResponder> responder_;
  std::unique_ptr<transport::GrpcServerStreamHandler> handler_;
  bool started_ = false;
  bool open_ = true;
};

void CallUnary(const transport::GrpcUnaryMethod& method, std::string_view name, const transport::HttpRequest& request,
               const std::vector<std::string>& messages, const std::shared_ptr<transport::HttpResponder>& responder) {
  if (messages.size() != 1) return SendError(*responder, {Code::kInvalidArgument, "one request message is expected"});
  method(ContextOf(request), messages.front(), [name, responder](const Result<std::string>& reply) {
    const Result<std::string> json = reply.ok() ? ReplyToJson(name, *reply) : reply;
    if (!json.ok()) return SendError(*responder, json.error());
    responder->Send(200, JsonHeaders(), *json);
  });
}

}  // namespace

Gateway::Gateway(runtime::Env& env, transport::GrpcServices services)
    : env_(env), services_(std::make_shared<const transport::GrpcServices>(std::move(services))) {}

transport::HttpHandler Gateway::Handler(transport::HttpHandler fallback) {
  return [this, fallback = std::move(fallback)](const transport::HttpRequest& request,
                                                const std::shared_ptr<transport::HttpResponder>& responder) {
    if (!request.path.starts_with("/v3/") && request.path != "/v3") return fallback(request, responder);
    Serve(request, responder);
  };
}

void Gateway::Serve(const transport::HttpRequest& request, const std::shared_ptr<transport::HttpResponder>& responder) {
  const Headers plain = WithCors({{"content-type", "text/plain; charset=utf-8"}});
  if (request.method == "OPTIONS") return responder->Send(200, plain, "");
  const GatewayMethod* found = FindGatewayMethod(request.path);
  if (found == nullptr) return responder->Send(404, plain, "Not Found\n");
  if (request.method != "POST") return responder->Send(405, plain, "Method Not Allowed\n");
  const Result<std::vector<std::string>> messages = RequestsFromJson(found->method, request.body);
  if (!messages.ok()) return SendError(*responder, messages.error());
  if (const auto unary = services_->unary.find(found->method); unary != services_->unary.end()) {
    return CallUnary(unary->second, found->method, request, *messages, responder);
  }
  const auto stream = services_->streams.find(found->method);
  if (stream == services_->streams.end()) {
    return SendError(*responder, {Code::kUnimplemented, "unknown method " + std::string(found->method)});
  }
  const auto later = [this](std::function<void()> task) { env_.Post(alive_.Wrap(std::move(task))); };
  std::make_shared<JsonStream>(later, found->method, ContextOf(request), responder)->Begin(stream->second, *messages);
}

}  // namespace kp::store
