#include <utility>

#include "reference/base/completion.h"
#include "reference/transport/server_connection.h"
#include "reference/wire/http1.h"

namespace kp::transport {

namespace {

// A pipelining client may send this much ahead of the answers.
constexpr size_t kMaxAhead = 64 * 1024;

class Http1Connection;

class Http1Responder final : public HttpResponder {
 public:
  Http1Responder(runtime::Env& env, Http1Connection* connection) : env_(env), connection_(connection) {}
  ~Http1Responder() override;

  void Send(int status, Headers headers, std::string body) override;
  void Start(int status, Headers headers) override;
  void Write(SharedBytes bytes) override;
  void End() override;
  size_t BufferedBytes() const override;
  void OnClosed(std::function<void()> on_closed) override;
  bool closed() const override { return closed_; }

  // The connection has gone.
  void Detach() {
    connection_ = nullptr;
    closed_ = true;
  }
  void TellClosed() {
    if (on_closed_) std::exchange(on_closed_, {})();
  }

 private:
  runtime::Env& env_;
  Http1Connection* connection_;  // null: nothing more to say
  std::function<void()> on_closed_;
  bool started_ = false;
  bool closed_ = false;
};

class Http1Connection final : public ServerConnection,
                              public wire::Http1Events,
                              public std::enable_shared_from_this<Http1Connection> {
 public:
  Http1Connection(std::shared_ptr<ServerContext> server, uint64_t id, SecureStream secure)
      : server_(std::move(server)),
        id_(id),
        stream_(std::move(secure.stream)),
        peer_(std::move(secure.peer)),
        parser_(wire::Http1Parser::Role::kServer,
                {.header_bytes = server_->options.max_header_bytes, .body_bytes = server_->options.max_body}, this) {
    last_activity_ = server_->env.Now();
  }

  void Begin(std::string first) {
    ahead_ = std::move(first);
    stream_->SetHandler(this);
    if (!ahead_.empty()) ScheduleProcess();
  }

  bool idle() const override { return state_ == State::kReading; }

  void Shutdown() override {
    if (std::exchange(state_, State::kClosed) == State::kClosed) return;
    server_ = nullptr;
    alive_.Reset();
    if (auto responder = responder_.lock()) responder->Detach();
    stream_->SetHandler(nullptr);
    if (!out_.empty()) stream_->Write(out_);
    stream_->Close();
  }

  // ---- from the stream ----

  void OnData(std::string_view bytes) override {
    const auto self = shared_from_this();
    if (state_ == State::kClosed) return;
    last_activity_ = server_->env.Now();
    if (state_ == State::kAnswering || !ahead_.empty()) {
      ahead_.append(bytes);
      if (ahead_.size() > kMaxAhead) stream_->PauseReading(true);
      return;
    }
    Process(bytes);
  }

  void OnClose(const Status&) override {
    const auto self = shared_from_this();
    Finish();
  }

  // ---- from the parser: only notes, since it must not be destroyed from inside ----

  void OnHead(wire::Http1Head head) override {
    request_ = {};
    request_.method = std::move(head.method);
    request_.target = std::move(head.target);
    request_.headers = std::move(head.headers);
    request_.body.reserve(head.content_length);  // not above max_body
    keep_alive_ = head.keep_alive;
    http10_ = head.http10;
    if (head.expect_continue) out_ += wire::kHttp1Continue;
  }
  void OnBody(std::string_view bytes) override { request_.body.append(bytes); }
  void OnMessageEnd() override { complete_ = true; }

  // ---- from the responder ----

  void SendHead(int status, Headers& headers, bool body_follows, size_t size) {
    const bool bodyless = status < 200 || status == 204 || status == 304;
    chunked_ = false;
    if (!bodyless && !headers.Has("content-length")) {
      if (!body_follows) {
        headers.Add("content-length", std::to_string(size));
      } else if (http10_) {
        keep_alive_ = false;  // the end of the connection is the end of the body
      } else {
        headers.Add("transfer-encoding", "chunked");
        chunked_ = true;
      }
    }
    if (!keep_alive_) headers.Set("connection", "close");
    if (keep_alive_ && http10_) headers.Set("connection", "keep-alive");
    out_ += wire::Http1ResponseHead(status, headers);
    no_body_ = bodyless || request_was_head_;
  }

  void SendBody(std::string_view bytes) {
    if (no_body_) return;
    if (chunked_) {
      wire::AppendHttp1Chunk(bytes, &out_);
    } else if (bytes.size() > 64 * 1024) {
      Flush();  // rather than copy it
      stream_->Write(bytes);
    } else {
      out_ += bytes;
    }
    ScheduleFlush();
  }

  void SendEnd() {
    if (chunked_ && !no_body_) out_ += wire::kHttp1LastChunk;
    responder_.reset();
    if (!keep_alive_) {
      const auto self = shared_from_this();
      Flush();
      return Finish();
    }
    state_ = State::kReading;
    ScheduleFlush();
    if (!ahead_.empty()) ScheduleProcess();
  }

  // The responder was dropped before End: the client must see that the response is not whole.
  void Abort() {
    server_->env.Post(alive_.Wrap([this] {
      const auto self = shared_from_this();
      Finish();
    }));
  }

  size_t buffered() const { return out_.size() + stream_->BufferedBytes(); }

 private:
  enum class State : unsigned char { kReading, kAnswering, kClosed };

  void Process(std::string_view bytes) {
    processing_ = true;
    while (!bytes.empty() && state_ == State::kReading) {
      bytes.remove_prefix(parser_.Feed(bytes));
      if (parser_.error() != wire::Http1Error::kNone) {
        Refuse(wire::Http1ErrorStatus(parser_.error()));
        break;
      }
      if (std::exchange(complete_, false)) Dispatch();
    }
    processing_ = false;
    if (state_ == State::kClosed) return;
    if (state_ == State::kAnswering) ahead_.assign(bytes);
    if (!out_.empty()) Flush();
  }

  void Dispatch() {
    request_was_head_ = request_.method == "HEAD";
    auto target = wire::ParseTarget(request_.target);
    if (!target) return Refuse(400);
    request_.path = std::move(target->path);
    request_.query = std::move(target->query);
    request_.peer = peer_;
    state_ = State::kAnswering;
    auto responder = std::make_shared<Http1Responder>(server_->env, this);
    responder_ = responder;
    const auto server = server_;  // the handler may end the server
    server->handler(std::move(request_), std::move(responder));
  }

  void Refuse(int status) {
    keep_alive_ = false;
    http10_ = false;
    const auto& refusal = server_->options.refusal;
    Headers headers{{"content-type", refusal ? "application/json" : "text/plain; charset=utf-8"}};
    const std::string body =
        refusal ? refusal(status) : std::to_string(status) + " " + std::string(wire::ReasonPhrase(status));
    SendHead(status, headers, false, body.size());
    SendBody(body);
    SendEnd();
  }

  void ScheduleFlush() {
    if (processing_ || std::exchange(flush_posted_, true)) return;
    server_->env.Post(alive_.Wrap([this] {
      flush_posted_ = false;
      Flush();
    }));
  }

  void Flush() {
    if (out_.empty()) return;
    stream_->Write(out_);
    out_.clear();
    last_activity_ = server_->env.Now();
  }

  void ScheduleProcess() {
    if (processing_) return;
    server_->env.Post(alive_.Wrap([this] {
      if (state_ != State::kReading) return;
      const auto self = shared_from_this();
      const std::string bytes = std::exchange(ahead_, {});
      stream_->PauseReading(false);
      Process(bytes);
    }));
  }

  // The connection ends, from whichever side.
  void Finish() {
    if (state_ == State::kClosed) return;
    const auto server = server_;
    const auto responder = responder_.lock();
    Shutdown();
    if (server->gone) server->gone(id_);
    if (responder) responder->TellClosed();
  }

  std::shared_ptr<ServerContext> server_;  // null after the end
  const uint64_t id_;
  std::unique_ptr<runtime::Stream> stream_;
  const PeerIdentity peer_;
  wire::Http1Parser parser_;

  State state_ = State::kReading;
  HttpRequest request_;  // being read
  bool complete_ = false;
  bool keep_alive_ = true;
  bool http10_ = false;
  bool request_was_head_ = false;
  bool no_body_ = false;
  bool chunked_ = false;
  bool processing_ = false;
  bool flush_posted_ = false;
  std::weak_ptr<Http1Responder> responder_;  // while answering
  std::string ahead_;                        // received, not yet looked at
  std::string out_;
  Alive alive_;
};

Http1Responder::~Http1Responder() {
  if (connection_) connection_->Abort();
}

void Http1Responder::Send(int status, Headers headers, std::string body) {
  if (!connection_ || started_) return;
  connection_->SendHead(status, headers, false, body.size());
  connection_->SendBody(body);
  started_ = true;
  End();
}

void Http1Responder::Start(int status, Headers headers) {
  if (!connection_ || started_) return;
  started_ = true;
  connection_->SendHead(status, headers, true, 0);
  connection_->SendBody({});  // the head goes out now: a watch may be silent for long
}

void Http1Responder::Write(SharedBytes bytes) {
  if (connection_ && started_) connection_->SendBody(*bytes);
}

void Http1Responder::End() {
  if (!connection_ || !started_) return;
  std::exchange(connection_, nullptr)->SendEnd();
}

size_t Http1Responder::BufferedBytes() const { return connection_ ? connection_->buffered() : 0; }

void Http1Responder::OnClosed(std::function<void()> on_closed) {
  if (closed_) return env_.Post(std::move(on_closed));
  if (connection_) on_closed_ = std::move(on_closed);
}

}  // namespace

std::shared_ptr<ServerConnection> MakeHttp1ServerConnection(std::shared_ptr<ServerContext> server, uint64_t id,
                                                            SecureStream secure, std::string first) {
  auto connection = std::make_shared<Http1Connection>(std::move(server), id, std::move(secure));
  connection->Begin(std::move(first));
  return connection;
}

}  // namespace kp::transport
