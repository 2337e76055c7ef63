#include "reference/wire/http1.h"

#include <http_parser.h>

#include <charconv>

#include "reference/base/strings.h"

namespace kp::wire {

struct Http1Parser::State {
  http_parser parser;
  Http1Head head;
  std::string name;
  std::string value;
  bool in_value = false;
  size_t header_bytes = 0;
  uint64_t body_bytes = 0;
};

// http-parser's callbacks; a return of other than 0 stops it.
struct Http1Parser::Callbacks {
  static Http1Parser& Self(http_parser* p) { return *static_cast<Http1Parser*>(p->data); }

  static int Stop(Http1Parser& self, Http1Error error) {
    self.error_ = error;
    return -1;
  }

  static int OnMessageBegin(http_parser* p) {
    Http1Parser& self = Self(p);
    self.in_message_ = true;
    State& state = *self.state_;
    state.head = {};
    state.name.clear();
    state.value.clear();
    state.in_value = false;
    state.header_bytes = 0;
    state.body_bytes = 0;
    return 0;
  }

  static bool CountHeaderBytes(Http1Parser& self, size_t size) {
    self.state_->header_bytes += size;
    return self.state_->header_bytes <= self.limits_.header_bytes;
  }

  static int OnUrl(http_parser* p, const char* at, size_t size) {
    Http1Parser& self = Self(p);
    if (!CountHeaderBytes(self, size)) return Stop(self, Http1Error::kHeadersTooLarge);
    self.state_->head.target.append(at, size);
    return 0;
  }

  static void FinishField(State& state) {
    if (!state.in_value) return;
    state.head.headers.Add(Lower(state.name), std::move(state.value));
    state.name.clear();
    state.value.clear();
    state.in_value = false;
  }

  static int OnField(http_parser* p, const char* at, size_t size) {
    Http1Parser& self = Self(p);
    FinishField(*self.state_);
    // 4: ": " and the line break, so that very many empty fields count too.
    if (!CountHeaderBytes(self, size + 4)) return Stop(self, Http1Error::kHeadersTooLarge);
    self.state_->name.append(at, size);
    return 0;
  }

  static int OnValue(http_parser* p, const char* at, size_t size) {
    Http1Parser& self = Self(p);
    if (!CountHeaderBytes(self, size)) return Stop(self, Http1Error::kHeadersTooLarge);
    self.state_->in_value = true;
    self.state_->value.append(at, size);
    return 0;
  }

  static int OnHeadersComplete(http_parser* p) {
    Http1Parser& self = Self(p);
    State& state = *self.state_;
    FinishField(state);
    Http1Head& head = state.head;
    if (p->type == HTTP_REQUEST) {
      head.method = http_method_str(static_cast<http_method>(p->method));
      const bool modern = p->http_major > 1 || (p->http_major == 1 && p->http_minor >= 1);
      if (modern && !head.headers.Has("host")) return Stop(self, Http1Error::kMalformed);
      head.expect_continue = modern && Lower(head.headers.Get("expect")) == "100-continue";
    } else {
      head.status = static_cast<int>(p->status_code);
    }
    head.http10 = p->http_major == 1 && p->http_minor == 0;
    head.upgrade = p->upgrade != 0;
    // A message is read as HTTP/1.1 to its end even when the peer offers to change the protocol.
    p->upgrade = 0;
    head.keep_alive = http_should_keep_alive(p) != 0;
    if (p->content_length != UINT64_MAX && !(p->flags & F_CHUNKED)) {
      if (p->content_length > self.limits_.body_bytes) return Stop(self, Http1Error::kBodyTooLarge);
      head.content_length = p->content_length;
    }
    self.events_->OnHead(std::move(head));
    if (self.error_ != Http1Error::kNone) return -1;
    return self.no_body_ ? 1 : 0;
  }

  static int OnBody(http_parser* p, const char* at, size_t size) {
    Http1Parser& self = Self(p);
    self.state_->body_bytes += size;
    if (self.state_->body_bytes > self.limits_.body_bytes) return Stop(self, Http1Error::kBodyTooLarge);
    self.events_->OnBody({at, size});
    return 0;
  }

  static int OnMessageComplete(http_parser* p) {
    Http1Parser& self = Self(p);
    self.in_message_ = false;
    // A 1xx response comes before the one that HEAD's answer is.
    if (p->type == HTTP_REQUEST || p->status_code >= 200) self.no_body_ = false;
    http_parser_pause(p, 1);
    self.events_->OnMessageEnd();
    return 0;
  }

  static const http_parser_settings* Settings() {
    static const http_parser_settings settings = [] {
      http_parser_settings s;
      http_parser_settings_init(&s);
      s.on_message_begin = OnMessageBegin;
      s.on_url = OnUrl;
      s.on_header_field = OnField;
      s.on_header_value = OnValue;
      s.on_headers_complete = OnHeadersComplete;
      s.on_body = OnBody;
      s.on_message_complete = OnMessageComplete;
      return s;
    }();
    return &settings;
  }
};

Http1Parser::Http1Parser(Role role, const Http1Limits& limits, Http1Events* events)
    : limits_(limits), events_(events), state_(std::make_unique<State>()) {
  http_parser_init(&state_->parser, role == Role::kServer ? HTTP_REQUEST : HTTP_RESPONSE);
  state_->parser.data = this;
}

Http1Parser::~Http1Parser() = default;

size_t Http1Parser::Feed(std::string_view bytes) {
  if (error_ != Http1Error::kNone || bytes.empty()) return 0;
  http_parser* parser = &state_->parser;
  if (HTTP_PARSER_ERRNO(parser) == HPE_PAUSED) http_parser_pause(parser, 0);
  const size_t used = http_parser_execute(parser, Callbacks::Settings(), bytes.data(), bytes.size());
  const http_errno error = HTTP_PARSER_ERRNO(parser);
  if (error_ == Http1Error::kNone && error != HPE_OK && error != HPE_PAUSED) {
    error_ = error == HPE_HEADER_OVERFLOW ? Http1Error::kHeadersTooLarge : Http1Error::kMalformed;
  }
  return used;
}

bool Http1Parser::FeedEnd() {
  if (error_ != Http1Error::kNone) return false;
  if (!in_message_) return true;
  http_parser_execute(&state_->parser, Callbacks::Settings(), nullptr, 0);
  return !in_message_;
}

int Http1ErrorStatus(Http1Error error) {
  switch (error) {
    case Http1Error::kHeadersTooLarge: return 431;
    case Http1Error::kBodyTooLarge: return 413;
    default: return 400;
  }
}

namespace {

void AppendFields(const Headers& headers, std::string* out) {
  for (const auto& [name, value] : headers.fields()) {
    out->append(name).append(": ");
    const size_t start = out->size();
    out->append(value);
    for (size_t i = start; i < out->size(); ++i) {
      char& c = (*out)[i];
      if (c == '\r' || c == '\n' || c == '\0') c = ' ';
    }
    out->append("\r\n");
  }
  out->append("\r\n");
}

}  // namespace

std::string Http1ResponseHead(int status, const Headers& headers) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(ReasonPhrase(status)).append("\r\n");
  AppendFields(headers, &out);
  return out;
}

std::string Http1RequestHead(std::string_view method, std::string_view target, const Headers& headers) {
  std::string out;
  out.reserve(256 + target.size());
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  AppendFields(headers, &out);
  return out;
}

void AppendHttp1Chunk(std::string_view bytes, std::string* out) {
  if (bytes.empty()) return;
  char size[16];
  const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
  out->append(size, static_cast<size_t>(end - size)).append("\r\n").append(bytes).append("\r\n");
}

std::string_view ReasonPhrase(int status) {
  const char* text = http_status_str(static_cast<http_status>(status));
  return text == std::string_view("<unknown>") ? std::string_view("Status") : std::string_view(text);
}

}  // namespace kp::wire
