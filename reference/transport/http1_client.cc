#include <utility>

#include "reference/base/completion.h"
#include "reference/transport/client_core.h"
#include "reference/wire/http1.h"

namespace kp::transport {

namespace {

// A server may end an idle connection at any time; one that was idle longer than this is not used again.
constexpr Duration kMaxIdle = 60s;

class Http1ClientConnection final : public ClientConnection,
                                    public wire::Http1Events,
                                    public std::enable_shared_from_this<Http1ClientConnection> {
 public:
  Http1ClientConnection(ClientCore* core, SecureStream secure, std::string authority)
      : core_(core),
        stream_(std::move(secure.stream)),
        authority_(std::move(authority)),
        parser_(wire::Http1Parser::Role::kClient, {}, this),
        idle_timer_(core->env()) {}

  void Open() { stream_->SetHandler(this); }

  bool CanTake() const override { return core_ && call_ == 0; }

  void Begin(ClientCall& call) override {
    idle_timer_.Stop();
    call_ = call.id;
    const HttpClientRequest& request = call.request;
    Headers headers = request.headers;
    if (!headers.Has("host")) headers.Add("host", authority_);
    if (!headers.Has("user-agent")) headers.Add("user-agent", core_->options().user_agent);
    chunked_ = call.more || !call.early.empty();
    if (chunked_) {
      headers.Add("transfer-encoding", "chunked");
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
               request.method == "PATCH") {
      headers.Add("content-length", std::to_string(request.body.size()));
    }
    if (request.method == "HEAD") parser_.ExpectNoBody();
    std::string head = wire::Http1RequestHead(request.method, request.target, headers);
    if (request.body.size() <= 64 * 1024 && !chunked_) {
      head += request.body;
      stream_->Write(head);
    } else {
      stream_->Write(head);
      if (chunked_)
        SendData(call, wire::Share(request.body));
      else
        stream_->Write(request.body);
    }
    for (auto& bytes : std::exchange(call.early, {})) SendData(call, std::move(bytes));
    if (chunked_ && !call.more) SendEnd(call);
  }

  void SendData(ClientCall&, SharedBytes bytes) override {
    std::string chunk;
    wire::AppendHttp1Chunk(*bytes, &chunk);
    if (!chunk.empty()) stream_->Write(chunk);
  }

  void SendEnd(ClientCall&) override { stream_->Write(wire::kHttp1LastChunk); }

  // HTTP/1.1 has no other way to stop a response than to end the connection.
  void Cancel(ClientCall&) override {
    call_ = 0;
    Finish(false);
  }

  void Shutdown() override {
    core_ = nullptr;
    alive_.Reset();
    idle_timer_.Stop();
    stream_->SetHandler(nullptr);
    stream_->Close();
  }

  // ---- from the stream ----

  void OnData(std::string_view bytes) override {
    const auto self = shared_from_this();
    while (core_ && !bytes.empty()) {
      if (call_ == 0) return Finish(true);  // an answer that nobody asked for
      bytes.remove_prefix(parser_.Feed(bytes));
      if (!core_) return;
      if (parser_.error() != wire::Http1Error::kNone) {
        return Fail(Status(Code::kUnavailable, "connection lost: malformed response"));
      }
      if (std::exchange(complete_, false)) EndCall();
    }
  }

  void OnClose(const Status& reason) override {
    const auto self = shared_from_this();
    if (call_ != 0 && reason.ok() && parser_.in_message() && parser_.FeedEnd()) {
      keep_alive_ = false;
      return EndCall();
    }
    Fail(Status(Code::kUnavailable, "connection lost: " + (reason.ok() ? "closed by the peer" : reason.message())));
  }

  // ---- from the parser ----

  void OnHead(wire::Http1Head head) override {
    interim_ = head.status < 200;
    keep_alive_ = head.keep_alive;
    if (!interim_ && core_) core_->OnCallHeaders(call_, head.status, std::move(head.headers));
  }
  void OnBody(std::string_view bytes) override {
    if (core_) core_->OnCallData(call_, bytes);
  }
  void OnMessageEnd() override { complete_ = !interim_; }

 private:
  void EndCall() {
    const uint64_t call = std::exchange(call_, 0);
    ClientCore* core = core_;
    if (keep_alive_) {
      idle_timer_.Start(kMaxIdle, [this] {
        const auto self = shared_from_this();
        Finish(false);
      });
    } else {
      Finish(false);
    }
    const auto self = shared_from_this();
    if (core) core->OnCallEnd(call, {}, {});
    if (core_ && call_ == 0 && keep_alive_) core_->OnFree();
  }

  void Fail(const Status& status) {
    const uint64_t call = std::exchange(call_, 0);
    ClientCore* core = core_;
    if (!core) return;
    Finish(call != 0);
    if (call != 0) core->OnCallEnd(call, status, {});
  }

  void Finish(bool failed) {
    if (!core_) return;
    const auto self = shared_from_this();
    ClientCore* core = core_;
    Shutdown();
    core->OnConnectionGone(this, failed);
  }

  ClientCore* core_;  // null after the end
  std::unique_ptr<runtime::Stream> stream_;
  const std::string authority_;
  wire::Http1Parser parser_;
  runtime::Timer idle_timer_;
  uint64_t call_ = 0;  // 0: idle
  bool chunked_ = false;
  bool interim_ = false;
  bool keep_alive_ = true;
  bool complete_ = false;
  Alive alive_;
};

}  // namespace

std::shared_ptr<ClientConnection> MakeHttp1ClientConnection(ClientCore* core, SecureStream secure,
                                                            const std::string& endpoint) {
  const std::string& name = core->options().tls.server_name;
  auto connection = std::make_shared<Http1ClientConnection>(core, std::move(secure), name.empty() ? endpoint : name);
  connection->Open();
  return connection;
}

}  // namespace kp::transport
