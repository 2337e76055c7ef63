#include "reference/wire/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include "reference/base/mutant.h"

namespace kp::wire {

namespace {

constexpr size_t kShort = 1024;
constexpr size_t kTail = 16 << 10;

struct Stream {
  // ---- what comes in ----
  Http2Head head;
  size_t header_bytes = 0;
  bool head_seen = false;
  // ---- what goes out ----
  std::vector<SharedBytes> chunks;  // from `front` on
  size_t front = 0;
  std::shared_ptr<std::string> tail;  // the last chunk, when it is ours and may grow
  size_t front_offset = 0;
  size_t buffered = 0;
  bool body_open = false;  // a data provider is installed
  bool end = false;        // the body ends after `chunks`
  bool answered = false;   // the end was sent while the peer was still sending;
  size_t unread = 0;       // so much came since
  std::shared_ptr<const Headers> trailers;
};

nghttp2_nv Field(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));  // nghttp2 copies, does not write
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// HTTP/1.1's own fields have no place in HTTP/2 (RFC 9113 8.2.2).
bool IsConnectionField(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive";
}

void AddFields(const Headers& headers, std::vector<nghttp2_nv>* fields) {
  for (const auto& [name, value] : headers.fields()) {
    if (!IsConnectionField(name)) fields->push_back(Field(name, value));
  }
}

}  // namespace

struct Http2Session::State {
  Role role;
  Http2Limits limits;
  Http2Events* events;
  nghttp2_session* session = nullptr;
  std::map<int32_t, Stream> streams;
  std::string* out = nullptr;  // while Pull runs
  size_t buffered = 0;         // of all streams
  double control_tokens = 0;
  Time tokens_at;
  bool calm_down = false;
  std::vector<nghttp2_nv> fields;  // of the block that is being submitted

  ~State() { nghttp2_session_del(session); }

  Stream* Find(int32_t id) {
    const auto found = streams.find(id);
    return found == streams.end() ? nullptr : &found->second;
  }
};

struct Http2Session::Callbacks {
  static State& Self(void* user) { return *static_cast<State*>(user); }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    Stream& stream = Self(user).streams[frame->hd.stream_id];
    stream.head = {};
    stream.head.headers.fields().reserve(8);
    stream.header_bytes = 0;
    return 0;
  }

  // What nghttp2 checks itself unless any_authority is set; it then checks nothing.
  static bool Sound(const Stream& stream, std::string_view name, std::string_view value) {
    const auto* name_bytes = reinterpret_cast<const uint8_t*>(name.data());
    const auto* value_bytes = reinterpret_cast<const uint8_t*>(value.data());
    if (nghttp2_check_header_name(name_bytes, name.size()) == 0 ||
        nghttp2_check_header_value_rfc9113(value_bytes, value.size()) == 0) {
      return false;
    }
    const Http2Head& head = stream.head;
    if (name[0] != ':') {
      return !IsConnectionField(name) && name != "upgrade" && name != "proxy-connection" &&
             (name != "te" || value == "trailers");
    }
    // Before all others, once each, and not in trailers.
    const bool known = name == ":method" || name == ":path" || name == ":scheme" || name == ":authority";
    const bool again = (name == ":method" && !head.method.empty()) || (name == ":path" && !head.target.empty()) ||
                       (name == ":scheme" && !head.scheme.empty()) || (name == ":authority" && !head.authority.empty());
    return known && !again && !stream.head_seen && head.headers.fields().empty();
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user) {
    State& self = Self(user);
    Stream* stream = self.Find(frame->hd.stream_id);
    if (!stream) return 0;
    Http2Head& head = stream->head;
    // 32: how RFC 9113 6.5.2 counts a field.
    stream->header_bytes += name_size + value_size + 32;
    if (stream->header_bytes > self.limits.header_bytes) {
      head.too_large = true;
      return 0;
    }
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    std::string text(reinterpret_cast<const char*>(value), value_size);
    if (self.limits.any_authority && !Sound(*stream, key, text)) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (key[0] != ':') {
      head.headers.Add(std::string(key), std::move(text));
    } else if (key == ":method") {
      head.method = std::move(text);
    } else if (key == ":path") {
      head.target = std::move(text);
    } else if (key == ":scheme") {
      head.scheme = std::move(text);
    } else if (key == ":authority") {
      head.authority = std::move(text);
    } else if (key == ":status") {
      std::from_chars(text.data(), text.data() + text.size(), head.status);
    }
    return 0;
  }

  static void OnHeaderBlock(State& self, int32_t id, bool end) {
    Stream* stream = self.Find(id);
    if (!stream) return;
    if (self.limits.any_authority && !stream->head_seen && !stream->head.too_large &&
        (stream->head.method.empty() || stream->head.target.empty() || stream->head.scheme.empty())) {
      nghttp2_submit_rst_stream(self.session, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    Http2Head head = std::move(stream->head);
    if (stream->head_seen) {
      self.events->OnTrailers(id, std::move(head.headers));
    } else if (self.role == Role::kServer || head.status >= 200) {  // 1xx is not the answer yet
      stream->head_seen = true;
      self.events->OnHead(id, std::move(head));
    }
    if (end) self.events->OnEnd(id);
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    State& self = Self(user);
    const bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: OnHeaderBlock(self, frame->hd.stream_id, end); break;
      case NGHTTP2_DATA:
        if (frame->hd.length == 0 && !end) Charge(self);
        if (end) self.events->OnEnd(frame->hd.stream_id);
        break;
      case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK)
          self.events->OnPong();
        else
          Charge(self);
        break;
      case NGHTTP2_GOAWAY: self.events->OnGoaway(frame->goaway.error_code); break;
      case NGHTTP2_RST_STREAM:
      case NGHTTP2_PRIORITY:
      case NGHTTP2_SETTINGS: Charge(self); break;
      default: break;
    }
    return self.calm_down ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static void Charge(State& self) {
    self.control_tokens -= 1;
    if (self.control_tokens < 0) self.calm_down = true;
  }

  static int OnDataChunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
    State& self = Self(user);
    if (Stream* stream = self.Find(id); stream && stream->answered) {
      stream->unread += size;
      // By then it has seen a window update that came behind the response.
      if (stream->unread > self.limits.stream_window)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
      return 0;
    }
    if (self.role == Role::kServer && size > 8192 && KP_MUTANT("http2-drops-data-frame-tail")) size -= size / 8;
    self.events->OnData(id, {reinterpret_cast<const char*>(data), size});
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t error_code, void* user) {
    State& self = Self(user);
    const auto node = self.streams.extract(id);
    if (!node) return 0;
    self.buffered -= node.mapped().buffered;
    self.events->OnStreamClosed(id, error_code);
    return 0;
  }

  // A response that is complete before its request was (413): the client need not send the rest
  // (RFC 9113 8.1). It is told so when it goes on for a window; curl 7 loses the response when the
  // reset comes in one piece with it. gRPC's clients are told at once.
  static int OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    State& self = Self(user);
    const int32_t id = frame->hd.stream_id;
    const bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (self.role != Role::kServer || !message || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    if (nghttp2_session_get_stream_remote_close(session, id) != 0) return 0;
    Stream* stream = self.Find(id);
    if (!stream) return 0;
    stream->answered = true;
    if (stream->trailers) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    return 0;
  }

  // How much of the queue goes into the next DATA frame; the bytes themselves are taken by OnSendData.
  static ssize_t OnReadData(nghttp2_session* session, int32_t id, uint8_t*, size_t size, uint32_t* flags,
                            nghttp2_data_source*, void* user) {
    Stream* stream = Self(user).Find(id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    const size_t take = std::min(size, stream->buffered);
    if (stream->end && take == stream->buffered) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (stream->trailers) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        std::vector<nghttp2_nv>& fields = Self(user).fields;
        fields.clear();
        AddFields(*stream->trailers, &fields);
        nghttp2_submit_trailer(session, id, fields.data(), fields.size());
      }
    } else if (take == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(take);
  }

  static int OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size, nghttp2_data_source*,
                        void* user) {
    State& self = Self(user);
    Stream* stream = self.Find(frame->hd.stream_id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    CHECK_LE(size, stream->buffered);
    self.out->append(reinterpret_cast<const char*>(head), 9);
    stream->buffered -= size;
    self.buffered -= size;
    while (size > 0) {
      const std::string& chunk = *stream->chunks[stream->front];
      const size_t take = std::min(size, chunk.size() - stream->front_offset);
      self.out->append(chunk, stream->front_offset, take);
      size -= take;
      stream->front_offset += take;
      if (stream->front_offset < chunk.size()) break;
      if (stream->chunks[stream->front] == stream->tail) stream->tail = nullptr;
      stream->chunks[stream->front++] = nullptr;
      stream->front_offset = 0;
    }
    if (stream->buffered == 0) {
      stream->chunks.clear();
      stream->front = 0;
    } else if (stream->front >= 64 && stream->front * 2 >= stream->chunks.size()) {
      stream->chunks.erase(stream->chunks.begin(), stream->chunks.begin() + static_cast<std::ptrdiff_t>(stream->front));
      stream->front = 0;
    }
    return 0;
  }

  static nghttp2_session_callbacks* Make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnDataChunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, OnSendData);
    return callbacks;
  }
};

Http2Session::Http2Session(Role role, const Http2Limits& limits, Http2Events* events)
    : state_(std::make_unique<State>()) {
  state_->role = role;
  state_->limits = limits;
  state_->events = events;
  state_->control_tokens = limits.control_burst;
  static nghttp2_session_callbacks* const callbacks = Callbacks::Make();
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_closed_streams(option, 1);
  // nghttp2's own limit reads the system's clock; ours is in Charge.
  nghttp2_option_set_stream_reset_rate_limit(option, uint64_t{1} << 40, uint64_t{1} << 40);
  if (limits.any_authority) nghttp2_option_set_no_http_messaging(option, 1);
  const int made = role == Role::kServer
                       ? nghttp2_session_server_new2(&state_->session, callbacks, state_.get(), option)
                       : nghttp2_session_client_new2(&state_->session, callbacks, state_.get(), option);
  nghttp2_option_del(option);
  CHECK(made == 0) << nghttp2_strerror(made);
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes)},
  };
  if (role == Role::kServer) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams});
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  CHECK(nghttp2_submit_settings(state_->session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(state_->session, NGHTTP2_FLAG_NONE, 0,
                                              static_cast<int32_t>(limits.connection_window)) == 0);
}

Http2Session::~Http2Session() = default;

Status Http2Session::Receive(std::string_view bytes, Time now) {
  State& self = *state_;
  self.control_tokens = std::min(self.limits.control_burst,
                                 self.control_tokens + Seconds(now - self.tokens_at) * self.limits.control_per_second);
  self.tokens_at = now;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const ssize_t used = nghttp2_session_mem_recv(self.session, data, bytes.size());
  if (self.calm_down) {
    nghttp2_session_terminate_session(self.session, NGHTTP2_ENHANCE_YOUR_CALM);
    return Status(Code::kResourceExhausted, "http2: too many control frames");
  }
  if (used < 0) {
    nghttp2_session_terminate_session(self.session, NGHTTP2_PROTOCOL_ERROR);
    return Status(Code::kInvalidArgument, std::string("http2: ") + nghttp2_strerror(static_cast<int>(used)));
  }
  return {};
}

void Http2Session::Pull(size_t size, std::string* out) {
  state_->out = out;
  const size_t limit = out->size() + size;
  while (out->size() < limit) {
    const uint8_t* data = nullptr;
    const ssize_t count = nghttp2_session_mem_send(state_->session, &data);
    if (count <= 0) break;
    out->append(reinterpret_cast<const char*>(data), static_cast<size_t>(count));
  }
  state_->out = nullptr;
}

bool Http2Session::WantsToSend() const { return nghttp2_session_want_write(state_->session) != 0; }

bool Http2Session::Finished() const {
  return !nghttp2_session_want_write(state_->session) && !nghttp2_session_want_read(state_->session);
}

Result<int32_t> Http2Session::SubmitRequest(const Http2Head& head, bool end_stream) {
  std::vector<nghttp2_nv>& fields = state_->fields;
  fields.assign({Field(":method", head.method), Field(":scheme", head.scheme), Field(":authority", head.authority),
                 Field(":path", head.target)});
  AddFields(head.headers, &fields);
  nghttp2_data_provider provider{{}, Callbacks::OnReadData};
  const int32_t id = nghttp2_submit_request(state_->session, nullptr, fields.data(), fields.size(),
                                            end_stream ? nullptr : &provider, nullptr);
  if (id < 0) return Status(Code::kUnavailable, std::string("http2: ") + nghttp2_strerror(id));
  state_->streams[id].body_open = !end_stream;
  return id;
}

void Http2Session::SubmitResponse(int32_t id, int status, const Headers& headers, bool end_stream) {
  Stream* stream = state_->Find(id);
  if (!stream) return;
  const std::string code = std::to_string(status);
  std::vector<nghttp2_nv>& fields = state_->fields;
  fields.assign(1, Field(":status", code));
  AddFields(headers, &fields);
  nghttp2_data_provider provider{{}, Callbacks::OnReadData};
  stream->body_open = !end_stream;
  nghttp2_submit_response(state_->session, id, fields.data(), fields.size(), end_stream ? nullptr : &provider);
}

void Http2Session::SubmitData(int32_t id, SharedBytes bytes) {
  Stream* stream = state_->Find(id);
  if (!stream || !stream->body_open || stream->end || bytes->empty()) return;
  // A short one is cheaper to copy than to share.
  if (bytes->size() <= kShort) return SubmitCopy(id, *bytes);
  // With bytes waiting the session knows that there is something to send.
  if (stream->buffered == 0) nghttp2_session_resume_data(state_->session, id);
  stream->buffered += bytes->size();
  state_->buffered += bytes->size();
  stream->tail = nullptr;
  stream->chunks.push_back(std::move(bytes));
}

void Http2Session::SubmitCopy(int32_t id, std::string_view bytes) {
  Stream* stream = state_->Find(id);
  if (!stream || !stream->body_open || stream->end || bytes.empty()) return;
  if (stream->buffered == 0) nghttp2_session_resume_data(state_->session, id);
  stream->buffered += bytes.size();
  state_->buffered += bytes.size();
  if (!stream->tail || stream->tail->size() > kTail) {
    stream->tail = std::make_shared<std::string>();
    stream->chunks.push_back(stream->tail);
  }
  stream->tail->append(bytes);
}

void Http2Session::SubmitEnd(int32_t id) {
  Stream* stream = state_->Find(id);
  if (!stream || !stream->body_open) return;
  stream->end = true;
  nghttp2_session_resume_data(state_->session, id);
}

void Http2Session::SubmitTrailers(int32_t id, std::shared_ptr<const Headers> trailers) {
  Stream* stream = state_->Find(id);
  if (!stream || !stream->body_open || stream->end) return;
  stream->trailers = std::move(trailers);
  SubmitEnd(id);
}

void Http2Session::Reset(int32_t id, uint32_t error_code) {
  if (state_->Find(id)) nghttp2_submit_rst_stream(state_->session, NGHTTP2_FLAG_NONE, id, error_code);
}

void Http2Session::Ping() { nghttp2_submit_ping(state_->session, NGHTTP2_FLAG_NONE, nullptr); }

void Http2Session::Goaway(uint32_t error_code) { nghttp2_session_terminate_session(state_->session, error_code); }

size_t Http2Session::BufferedBytes(int32_t id) const {
  const Stream* stream = state_->Find(id);
  return stream ? stream->buffered : 0;
}

size_t Http2Session::BufferedBytes() const { return state_->buffered; }

}  // namespace kp::wire
