#include <map>
#include <utility>

#include "reference/base/completion.h"
#include "reference/transport/client_core.h"
#include "reference/wire/http2.h"

namespace kp::transport {

namespace {

constexpr size_t kPullSize = 256 * 1024;

std::string ErrorName(uint32_t code) {
  static constexpr const char* kNames[] = {"NO_ERROR",
                                           "PROTOCOL_ERROR",
                                           "INTERNAL_ERROR",
                                           "FLOW_CONTROL_ERROR",
                                           "SETTINGS_TIMEOUT",
                                           "STREAM_CLOSED",
                                           "FRAME_SIZE_ERROR",
                                           "REFUSED_STREAM",
                                           "CANCEL",
                                           "COMPRESSION_ERROR",
                                           "CONNECT_ERROR",
                                           "ENHANCE_YOUR_CALM",
                                           "INADEQUATE_SECURITY",
                                           "HTTP_1_1_REQUIRED"};
  return code < std::size(kNames) ? kNames[code] : std::to_string(code);
}

class Http2ClientConnection final : public ClientConnection,
                                    public wire::Http2Events,
                                    public std::enable_shared_from_this<Http2ClientConnection> {
 public:
  Http2ClientConnection(ClientCore* core, SecureStream secure, std::string authority)
      : core_(core),
        stream_(std::move(secure.stream)),
        scheme_(core->options().tls.mode == TlsOptions::Mode::kNone ? "http" : "https"),
        authority_(std::move(authority)),
        session_(wire::Http2Session::Role::kClient, {}, this),
        keepalive_(core->env()) {
    last_receive_ = core->env().Now();
  }

  void Open() {
    stream_->SetHandler(this);
    ScheduleFlush();
  }

  bool CanTake() const override { return core_ && !draining_; }

  void Begin(ClientCall& call) override {
    HttpClientRequest& request = call.request;
    wire::Http2Head head{
        .method = request.method, .target = request.target, .scheme = scheme_, .authority = authority_};
    head.headers = std::move(request.headers);
    if (head.headers.Has("host")) {
      head.authority = head.headers.Get("host");
      head.headers.Remove("host");
    }
    if (!head.headers.Has("user-agent")) head.headers.Add("user-agent", core_->options().user_agent);
    const bool bodyless = request.body.empty() && call.early.empty() && !call.more;
    if (!request.body.empty() && call.early.empty() && !call.more) {
      head.headers.Add("content-length", std::to_string(request.body.size()));
    }
    auto stream = session_.SubmitRequest(head, bodyless);
    if (!stream) {  // ids are used up: this connection takes no more
      draining_ = true;
      return EndLater(call.id, stream.status());
    }
    call.stream = *stream;
    streams_[*stream] = {.call = call.id, .sending = call.more};
    if (!bodyless) {
      session_.SubmitData(*stream, wire::Share(std::move(request.body)));
      for (auto& bytes : std::exchange(call.early, {})) session_.SubmitData(*stream, std::move(bytes));
      if (!call.more) session_.SubmitEnd(*stream);
    }
    if (!keepalive_.pending()) WatchSilence(core_->options().keepalive);
    ScheduleFlush();
  }

  void SendData(ClientCall& call, SharedBytes bytes) override {
    session_.SubmitData(call.stream, std::move(bytes));
    ScheduleFlush();
  }

  void SendEnd(ClientCall& call) override {
    if (auto found = streams_.find(call.stream); found != streams_.end()) found->second.sending = false;
    session_.SubmitEnd(call.stream);
    ScheduleFlush();
  }

  void Cancel(ClientCall& call) override {
    if (!streams_.erase(call.stream)) return;
    session_.Reset(call.stream, wire::kHttp2Cancel);
    ScheduleFlush();
  }

  void Shutdown() override {
    if (!core_) return;
    core_ = nullptr;
    alive_.Reset();
    keepalive_.Stop();
    stream_->SetHandler(nullptr);
    if (!busy_) {  // else nghttp2 is further up the stack
      busy_ = true;
      session_.Goaway(wire::kHttp2NoError);
      std::string last;
      session_.Pull(kPullSize, &last);
      if (!last.empty()) stream_->Write(last);
    }
    stream_->Close();
  }

  // ---- from the stream ----

  void OnData(std::string_view bytes) override {
    const auto self = shared_from_this();
    last_receive_ = core_->env().Now();
    busy_ = true;
    const Status status = session_.Receive(bytes, last_receive_);
    busy_ = false;
    Flush();
    if (!status.ok()) return Fail("connection lost: " + status.message());
    if (core_ && draining_ && streams_.empty()) Finish(false);
  }

  void OnClose(const Status& reason) override {
    const auto self = shared_from_this();
    Fail("connection lost: " + (reason.ok() ? "closed by the peer" : reason.message()));
  }

  void OnWritable() override {
    const auto self = shared_from_this();
    writable_ = true;
    Flush();
  }

  // ---- from the session ----

  void OnHead(int32_t id, wire::Http2Head head) override {
    if (Stream* stream = Find(id)) core_->OnCallHeaders(stream->call, head.status, std::move(head.headers));
  }

  void OnData(int32_t id, std::string_view bytes) override {
    if (Stream* stream = Find(id)) core_->OnCallData(stream->call, bytes);
  }

  void OnTrailers(int32_t id, Headers trailers) override {
    if (Stream* stream = Find(id)) stream->trailers = std::move(trailers);
  }

  void OnEnd(int32_t id) override {
    if (!Find(id)) return;
    auto node = streams_.extract(id);
    // A server that has answered in full wants no more of the request.
    if (node.mapped().sending) session_.Reset(id, wire::kHttp2Cancel);
    core_->OnCallEnd(node.mapped().call, {}, std::move(node.mapped().trailers));
  }

  void OnStreamClosed(int32_t id, uint32_t code) override {
    if (!Find(id)) return;
    const auto node = streams_.extract(id);
    core_->OnCallEnd(node.mapped().call,
                     Status(Code::kUnavailable, "connection lost: stream reset by the peer: " + ErrorName(code)), {},
                     code);
  }

  void OnGoaway(uint32_t) override { draining_ = true; }

 private:
  struct Stream {
    uint64_t call = 0;
    bool sending = false;
    Headers trailers;
  };

  Stream* Find(int32_t id) {
    if (!core_) return nullptr;
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
  }

  void EndLater(uint64_t call, const Status& status) {
    core_->env().Post(alive_.Wrap([this, call, status] { core_->OnCallEnd(call, status, {}); }));
  }

  // With calls open and nothing heard for a while: is the other side still there?
  void WatchSilence(Duration delay) {
    keepalive_.Start(delay, [this] {
      if (streams_.empty()) return;
      const Duration silence = core_->env().Now() - last_receive_;
      const Duration keepalive = core_->options().keepalive;
      if (silence < keepalive) return WatchSilence(keepalive - silence);
      session_.Ping();
      ScheduleFlush();
      const Time asked = core_->env().Now();
      keepalive_.Start(core_->options().keepalive_timeout, [this, asked] {
        if (last_receive_ > asked) return WatchSilence(core_->options().keepalive);
        const auto self = shared_from_this();
        Fail("connection lost: no answer to a keepalive ping");
      });
    });
  }

  void ScheduleFlush() {
    if (busy_ || std::exchange(flush_posted_, true)) return;
    core_->env().Post(alive_.Wrap([this] {
      flush_posted_ = false;
      const auto self = shared_from_this();
      Flush();
    }));
  }

  void Flush() {
    if (busy_ || !core_) return;
    busy_ = true;
    while (writable_ && core_) {
      out_.clear();
      session_.Pull(kPullSize, &out_);
      if (out_.empty() || !core_) break;
      writable_ = stream_->Write(out_);
    }
    busy_ = false;
    if (core_ && session_.Finished()) Fail("connection lost: the peer ended the session");
  }

  void Finish(bool failed) {
    ClientCore* core = core_;
    Shutdown();
    core->OnConnectionGone(this, failed);
  }

  void Fail(const std::string& why) {
    if (!core_) return;
    const auto self = shared_from_this();
    std::vector<uint64_t> lost;
    for (const auto& [id, stream] : std::exchange(streams_, {})) lost.push_back(stream.call);
    ClientCore* core = core_;
    Finish(!lost.empty());
    auto end =
        core->WhileAlive([core, why](uint64_t call) { core->OnCallEnd(call, Status(Code::kUnavailable, why), {}); });
    for (uint64_t call : lost) end(call);
  }

  ClientCore* core_;  // null after the end
  std::unique_ptr<runtime::Stream> stream_;
  const std::string scheme_;
  const std::string authority_;
  std::map<int32_t, Stream> streams_;  // with a call that still waits for its end
  wire::Http2Session session_;
  runtime::Timer keepalive_;
  Time last_receive_;
  bool draining_ = false;
  bool busy_ = false;  // the session is running, or may not run again
  bool writable_ = true;
  bool flush_posted_ = false;
  std::string out_;
  Alive alive_;
};

}  // namespace

std::shared_ptr<ClientConnection> MakeHttp2ClientConnection(ClientCore* core, SecureStream secure,
                                                            const std::string& endpoint) {
  const std::string& name = core->options().tls.server_name;
  auto connection = std::make_shared<Http2ClientConnection>(core, std::move(secure), name.empty() ? endpoint : name);
  connection->Open();
  return connection;
}

}  // namespace kp::transport
