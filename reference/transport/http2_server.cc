#include <map>
#include <utility>

#include "reference/base/completion.h"
#include "reference/base/strings.h"
#include "reference/transport/server_connection.h"
#include "reference/wire/http2.h"

namespace kp::transport {

namespace {

// How much is taken from the session at a time: large enough for few writes, small enough that the
// order of streams follows what the peer can take.
constexpr size_t kPullSize = 256 * 1024;
// Bodies being collected on one connection. Each has its limit; this one bounds their sum.
constexpr size_t kMaxCollected = 64 * 1024 * 1024;

class Http2Connection;

class Exchange final : public Http2Exchange {
 public:
  Exchange(runtime::Env& env, Http2Connection* connection, int32_t stream)
      : env_(env), connection_(connection), stream_(stream) {}
  ~Exchange() override;

  void Send(int status, Headers headers, std::string body) override;
  void Start(int status, Headers headers) override { StartShared(status, headers); }
  void StartShared(int status, const Headers& headers) override;
  void Write(SharedBytes bytes) override;
  void WriteCopy(std::string_view bytes) override;
  void End() override;
  void EndWithTrailers(std::shared_ptr<const Headers> trailers) override;
  void Reset(uint32_t error_code) override;
  size_t BufferedBytes() const override;
  size_t ConnectionBufferedBytes() const override;
  void OnClosed(std::function<void()> on_closed) override;
  bool closed() const override { return closed_; }

  void set_head_request() { head_request_ = true; }
  // The stream or its connection has gone.
  void Detach() {
    connection_ = nullptr;
    closed_ = !ended_;
  }
  void TellClosed() {
    if (closed_ && on_closed_) std::exchange(on_closed_, {})();
  }

 private:
  runtime::Env& env_;
  Http2Connection* connection_;  // null: nothing more to say
  const int32_t stream_;
  std::function<void()> on_closed_;
  bool head_request_ = false;
  bool started_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

class Http2Connection final : public ServerConnection,
                              public wire::Http2Events,
                              public std::enable_shared_from_this<Http2Connection> {
 public:
  Http2Connection(std::shared_ptr<ServerContext> server, uint64_t id, SecureStream secure)
      : server_(std::move(server)),
        id_(id),
        stream_(std::move(secure.stream)),
        peer_(std::move(secure.peer)),
        session_(wire::Http2Session::Role::kServer,
                 {.max_concurrent_streams = server_->options.max_concurrent_streams,
                  .header_bytes = server_->options.max_header_bytes,
                  .any_authority = server_->options.any_authority},
                 this) {
    last_activity_ = server_->env.Now();
  }

  void Begin(std::string first) {
    first_ = std::move(first);
    stream_->SetHandler(this);
    // Posted: the server does not know this connection yet.
    server_->env.Post(alive_.Wrap([this] {
      const std::string bytes = std::exchange(first_, {});
      if (bytes.empty()) return Flush();
      OnData(bytes);
    }));
  }

  bool idle() const override { return streams_.empty(); }

  void Shutdown() override {
    if (!server_) return;
    server_ = nullptr;
    alive_.Reset();
    for (auto& [id, stream] : streams_) {
      if (auto exchange = stream.exchange.lock()) exchange->Detach();
    }
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
    if (!first_.empty()) {
      first_.append(bytes);
      return;
    }
    last_activity_ = server_->env.Now();
    busy_ = true;
    const Status status = session_.Receive(bytes, last_activity_);
    busy_ = false;
    if (!server_) return;
    Flush();
    if (!status.ok()) Finish();
  }

  void OnClose(const Status&) override {
    const auto self = shared_from_this();
    Finish();
  }

  void OnWritable() override {
    const auto self = shared_from_this();
    writable_ = true;
    Flush();
  }

  // ---- from the session ----

  void OnHead(int32_t id, wire::Http2Head head) override {
    if (!server_) return;
    auto exchange = std::make_shared<Exchange>(server_->env, this, id);
    Stream& stream = streams_[id];
    stream.exchange = exchange;
    if (head.method == "HEAD") exchange->set_head_request();
    if (head.too_large) return Refuse(*exchange, 431);
    const auto server = server_;  // the intercept may end the server
    if (server->intercept) {
      auto sink = server->intercept(head, peer_, exchange);
      if (!server_) return;
      if (sink) {
        stream.sink = std::move(sink);
        return;
      }
    }
    auto target = wire::ParseTarget(head.target);
    if (!target) return Refuse(*exchange, 400);
    const auto length = ParseInt(head.headers.Get("content-length"));
    if (length && *length > static_cast<int64_t>(server_->options.max_body)) return Refuse(*exchange, 413);
    stream.request = std::make_unique<HttpRequest>();
    stream.request->method = std::move(head.method);
    stream.request->target = std::move(head.target);
    stream.request->path = std::move(target->path);
    stream.request->query = std::move(target->query);
    stream.request->headers = std::move(head.headers);
    if (!head.authority.empty() && !stream.request->headers.Has("host")) {
      stream.request->headers.Add("host", std::move(head.authority));
    }
    stream.request->peer = peer_;
    stream.held = std::move(exchange);
  }

  void OnData(int32_t id, std::string_view bytes) override {
    Stream* stream = Find(id);
    if (!stream) return;
    if (stream->sink) return GiveToSink(id, *stream, bytes);
    if (!stream->request) return;  // refused before
    collected_ += bytes.size();
    stream->request->body.append(bytes);
    if (stream->request->body.size() <= server_->options.max_body && collected_ <= kMaxCollected) return;
    const int status = collected_ <= kMaxCollected ? 413 : 503;
    DropRequest(*stream);
    Refuse(*std::exchange(stream->held, nullptr), status);
  }

  void OnTrailers(int32_t, Headers) override {}

  void OnEnd(int32_t id) override {
    Stream* stream = Find(id);
    if (!stream) return;
    if (stream->sink) return stream->sink->OnEnd();
    if (!stream->request) return;
    HttpRequest request = std::move(*stream->request);
    collected_ -= request.body.size();
    stream->request = nullptr;
    auto exchange = std::exchange(stream->held, nullptr);
    const auto server = server_;  // the handler may end the server
    server->handler(std::move(request), std::move(exchange));
  }

  void OnStreamClosed(int32_t id, uint32_t) override {
    if (!server_) return;
    auto node = streams_.extract(id);
    if (!node) return;
    Stream& stream = node.mapped();
    DropRequest(stream);
    collected_ -= stream.held_bytes;
    const auto exchange = stream.exchange.lock();
    if (exchange) exchange->Detach();
    if (stream.sink) stream.sink->OnClosed();
    if (exchange) exchange->TellClosed();
  }

  // ---- from exchanges ----

  wire::Http2Session& session() { return session_; }

  // One write per turn, whatever was submitted.
  void ScheduleFlush() {
    if (busy_ || std::exchange(flush_posted_, true)) return;
    server_->env.Post(alive_.Wrap([this] {
      flush_posted_ = false;
      const auto self = shared_from_this();
      Flush();
    }));
  }

 private:
  struct Stream {
    std::weak_ptr<Exchange> exchange;
    std::unique_ptr<Http2RequestSink> sink;  // taken in pieces; or
    size_t held_bytes = 0;                   // (by the sink)
    std::unique_ptr<HttpRequest> request;    // being collected,
    std::shared_ptr<Exchange> held;          // and its answer
  };

  Stream* Find(int32_t id) {
    if (!server_) return nullptr;
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
  }

  // Many requests that are never finished may each be within their limit.
  void GiveToSink(int32_t id, Stream& stream, std::string_view bytes) {
    stream.sink->OnData(bytes);
    if (!Find(id)) return;
    const size_t held = stream.sink->HeldBytes();
    collected_ = collected_ - stream.held_bytes + held;
    stream.held_bytes = held;
    if (collected_ <= kMaxCollected || held == 0) return;
    session_.Reset(id, wire::kHttp2EnhanceYourCalm);
  }

  void DropRequest(Stream& stream) {
    if (!stream.request) return;
    collected_ -= stream.request->body.size();
    stream.request = nullptr;
  }

  void Refuse(Exchange& exchange, int status) {
    const auto& refusal = server_->options.refusal;
    if (refusal) return exchange.Send(status, {{"content-type", "application/json"}}, refusal(status));
    exchange.Send(status, {{"content-type", "text/plain; charset=utf-8"}}, std::to_string(status));
  }

  void Flush() {
    if (busy_ || !server_) return;
    busy_ = true;
    while (writable_ && server_) {
      out_.clear();
      session_.Pull(kPullSize, &out_);
      if (out_.empty() || !server_) break;
      last_activity_ = server_->env.Now();
      writable_ = stream_->Write(out_);
    }
    busy_ = false;
    if (server_ && session_.Finished()) Finish();
  }

  void Finish() {
    if (!server_) return;
    const auto server = server_;
    auto streams = std::exchange(streams_, {});
    for (auto& [id, stream] : streams) {
      if (auto exchange = stream.exchange.lock()) exchange->Detach();
    }
    Shutdown();
    if (server->gone) server->gone(id_);
    for (auto& [id, stream] : streams) {
      if (stream.sink) stream.sink->OnClosed();
      if (auto exchange = stream.exchange.lock()) exchange->TellClosed();
    }
  }

  std::shared_ptr<ServerContext> server_;  // null after the end
  const uint64_t id_;
  std::unique_ptr<runtime::Stream> stream_;
  const PeerIdentity peer_;
  std::map<int32_t, Stream> streams_;
  wire::Http2Session session_;
  size_t collected_ = 0;
  bool busy_ = false;  // the session is running, or may not run again
  bool writable_ = true;
  bool flush_posted_ = false;
  std::string first_;
  std::string out_;
  Alive alive_;
};

Exchange::~Exchange() {
  if (connection_ && !ended_) Reset(wire::kHttp2InternalError);
}

void Exchange::Send(int status, Headers headers, std::string body) {
  if (!connection_ || started_) return;
  started_ = ended_ = true;
  const bool bodyless = status < 200 || status == 204 || status == 304;
  if (!bodyless && !headers.Has("content-length")) headers.Add("content-length", std::to_string(body.size()));
  const bool empty = bodyless || head_request_ || body.empty();
  connection_->session().SubmitResponse(stream_, status, headers, empty);
  if (!empty) {
    connection_->session().SubmitData(stream_, wire::Share(std::move(body)));
    connection_->session().SubmitEnd(stream_);
  }
  connection_->ScheduleFlush();
}

void Exchange::StartShared(int status, const Headers& headers) {
  if (!connection_ || started_) return;
  started_ = true;
  connection_->session().SubmitResponse(stream_, status, headers, head_request_);
  connection_->ScheduleFlush();
}

void Exchange::Write(SharedBytes bytes) {
  if (!connection_ || !started_ || ended_) return;
  connection_->session().SubmitData(stream_, std::move(bytes));
  connection_->ScheduleFlush();
}

void Exchange::WriteCopy(std::string_view bytes) {
  if (!connection_ || !started_ || ended_) return;
  connection_->session().SubmitCopy(stream_, bytes);
  connection_->ScheduleFlush();
}

void Exchange::End() {
  if (!connection_ || !started_ || std::exchange(ended_, true)) return;
  connection_->session().SubmitEnd(stream_);
  connection_->ScheduleFlush();
}

void Exchange::EndWithTrailers(std::shared_ptr<const Headers> trailers) {
  if (!connection_ || ended_) return;
  ended_ = true;
  if (started_) {
    connection_->session().SubmitTrailers(stream_, std::move(trailers));
  } else {
    started_ = true;
    connection_->session().SubmitResponse(stream_, 200, *trailers, true);
  }
  connection_->ScheduleFlush();
}

void Exchange::Reset(uint32_t error_code) {
  if (!connection_ || std::exchange(ended_, true)) return;
  connection_->session().Reset(stream_, error_code);
  connection_->ScheduleFlush();
}

size_t Exchange::BufferedBytes() const { return connection_ ? connection_->session().BufferedBytes(stream_) : 0; }

size_t Exchange::ConnectionBufferedBytes() const { return connection_ ? connection_->session().BufferedBytes() : 0; }

void Exchange::OnClosed(std::function<void()> on_closed) {
  if (closed_) return env_.Post(std::move(on_closed));
  if (connection_) on_closed_ = std::move(on_closed);
}

}  // namespace

std::shared_ptr<ServerConnection> MakeHttp2ServerConnection(std::shared_ptr<ServerContext> server, uint64_t id,
                                                            SecureStream secure, std::string first) {
  auto connection = std::make_shared<Http2Connection>(std::move(server), id, std::move(secure));
  connection->Begin(std::move(first));
  return connection;
}

}  // namespace kp::transport
