// HTTP/1.1 messages from bytes and to bytes (RFC 9112). No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reference/wire/headers.h"

namespace kp::wire {

struct Http1Head {
  std::string method;  // requests
  std::string target;
  int status = 0;  // responses
  Headers headers;
  bool keep_alive = true;
  bool http10 = false;  // HTTP/1.0: knows no chunks
  bool expect_continue = false;
  // The peer would like to speak another protocol (header Upgrade); the message is HTTP/1.1 all the same.
  bool upgrade = false;
  uint64_t content_length = 0;  // 0 when not stated
};

enum class Http1Error : unsigned char { kNone, kMalformed, kHeadersTooLarge, kBodyTooLarge };

// "400 Bad Request" and so on: how a server answers a request that cannot be read.
int Http1ErrorStatus(Http1Error error);

class Http1Events {
 public:
  virtual ~Http1Events() = default;
  virtual void OnHead(Http1Head head) = 0;
  virtual void OnBody(std::string_view bytes) = 0;
  virtual void OnMessageEnd() = 0;
};

struct Http1Limits {
  size_t header_bytes = 64 * 1024;
  uint64_t body_bytes = UINT64_MAX;
};

// Reads requests (server) or responses (client), one message at a time.
class Http1Parser {
 public:
  enum class Role : unsigned char { kServer, kClient };
  Http1Parser(Role role, const Http1Limits& limits, Http1Events* events);
  ~Http1Parser();
  Http1Parser(const Http1Parser&) = delete;
  Http1Parser& operator=(const Http1Parser&) = delete;

  // Returns how many bytes were used. Stops behind the end of a message: what is left belongs to the
  // next one (pipelining) and is to be fed when that is wanted. The parser must not be destroyed from
  // inside an event.
  size_t Feed(std::string_view bytes);
  // The peer will send no more. False when that cuts a message short.
  bool FeedEnd();
  // The next response has no body whatever its headers say: the request was HEAD.
  void ExpectNoBody() { no_body_ = true; }
  Http1Error error() const { return error_; }
  // Inside a message: some of its bytes were seen, its end was not.
  bool in_message() const { return in_message_; }

 private:
  struct State;
  struct Callbacks;
  const Http1Limits limits_;
  Http1Events* const events_;
  std::unique_ptr<State> state_;
  Http1Error error_ = Http1Error::kNone;
  bool no_body_ = false;
  bool in_message_ = false;
};

// "HTTP/1.1 200 OK\r\n...\r\n\r\n". Line breaks in values become blanks, so that no value can end a header.
std::string Http1ResponseHead(int status, const Headers& headers);
std::string Http1RequestHead(std::string_view method, std::string_view target, const Headers& headers);
// "1a\r\n", the bytes, "\r\n". An empty chunk would end the body and is left out.
void AppendHttp1Chunk(std::string_view bytes, std::string* out);
inline constexpr std::string_view kHttp1LastChunk = "0\r\n\r\n";
inline constexpr std::string_view kHttp1Continue = "HTTP/1.1 100 Continue\r\n\r\n";
std::string_view ReasonPhrase(int status);

}  // namespace kp::wire
