// One HTTP/2 connection between memory buffers (RFC 9113), over nghttp2: bytes in, events out, and
// bytes to send. No I/O, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/base/time.h"
#include "reference/wire/headers.h"

namespace kp::wire {

struct Http2Head {
  std::string method;  // requests
  std::string target;
  std::string scheme;
  std::string authority;
  int status = 0;  // responses
  Headers headers;
  bool too_large = false;  // more than Http2Limits::header_bytes: `headers` is not whole
};

// Error codes of RFC 9113 section 7 that are used here.
enum Http2ErrorCode : uint32_t {
  kHttp2NoError = 0,
  kHttp2ProtocolError = 1,
  kHttp2InternalError = 2,
  kHttp2RefusedStream = 7,
  kHttp2Cancel = 8,
  kHttp2EnhanceYourCalm = 11,
};

// Called from inside Receive or Pull; a session must not be destroyed from there.
class Http2Events {
 public:
  virtual ~Http2Events() = default;
  virtual void OnHead(int32_t stream, Http2Head head) = 0;
  virtual void OnData(int32_t stream, std::string_view bytes) = 0;
  virtual void OnTrailers(int32_t stream, Headers trailers) = 0;
  virtual void OnEnd(int32_t stream) = 0;  // the peer sends no more on this stream
  // The last event of a stream: both sides have ended (kHttp2NoError), or it was reset.
  virtual void OnStreamClosed(int32_t stream, uint32_t error_code) = 0;
  virtual void OnGoaway(uint32_t /*error_code*/) {}
  virtual void OnPong() {}
};

struct Http2Limits {
  uint32_t max_concurrent_streams = 1000;
  size_t header_bytes = 64 * 1024;
  uint32_t stream_window = 4 * 1024 * 1024;
  uint32_t connection_window = 16 * 1024 * 1024;
  // Frames that cost us work and the peer nothing: RST_STREAM, PING, SETTINGS, PRIORITY, empty
  // DATA. This many at once, then as many per second as stated (CVE-2019-9512, CVE-2023-44487).
  double control_burst = 2000;
  double control_per_second = 300;
  // Servers: takes an :authority that is none. etcd's Go clients send the whole endpoint URL there
  // ("http://10.0.0.1:2379") when a call names its endpoint. The other rules of RFC 9113 8 on requests hold.
  bool any_authority = false;
};

class Http2Session {
 public:
  enum class Role : unsigned char { kServer, kClient };
  Http2Session(Role role, const Http2Limits& limits, Http2Events* events);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Fails when the peer broke the protocol: then send what Pull still gives (a GOAWAY), and close.
  Status Receive(std::string_view bytes, Time now);
  // Appends bytes to send until `out` has about `size` of them.
  void Pull(size_t size, std::string* out);
  bool WantsToSend() const;
  // Nothing more can happen: a GOAWAY ended it and all streams are over.
  bool Finished() const;

  // Client. The stream id, or nothing when this connection can open no more.
  Result<int32_t> SubmitRequest(const Http2Head& head, bool end_stream);
  // Server.
  void SubmitResponse(int32_t stream, int status, const Headers& headers, bool end_stream);
  // After SubmitRequest or SubmitResponse without end_stream. Calls for streams that are gone do nothing.
  void SubmitData(int32_t stream, SharedBytes bytes);
  // The same for a few bytes: they are copied behind those that wait.
  void SubmitCopy(int32_t stream, std::string_view bytes);
  void SubmitEnd(int32_t stream);
  void SubmitTrailers(int32_t stream, std::shared_ptr<const Headers> trailers);
  void Reset(int32_t stream, uint32_t error_code);
  void Ping();
  // No new streams; the ones under way go on.
  void Goaway(uint32_t error_code);

  size_t BufferedBytes(int32_t stream) const;  // of SubmitData, not yet pulled
  size_t BufferedBytes() const;                // of all streams

 private:
  struct State;
  struct Callbacks;
  std::unique_ptr<State> state_;
};

}  // namespace kp::wire
