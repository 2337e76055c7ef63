// What gRPC adds to HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/base/time.h"
#include "reference/wire/headers.h"

namespace kp::wire {

// The five bytes before an uncompressed message.
std::string GrpcPrefix(size_t message_size);

// Takes messages out of a stream of bytes.
class GrpcDecoder {
 public:
  explicit GrpcDecoder(size_t max_message) : max_message_(max_message) {}

  // Calls `on_message(std::string_view)` for each message that `bytes` completes, until it returns false
  // (then the rest is dropped). The view is good during the call. Fails with kResourceExhausted (too
  // large), kUnimplemented (compressed) or kInternal (malformed); nothing is decoded afterwards.
  template <typename F>
  Status Feed(std::string_view bytes, F on_message) {
    while (!bytes.empty()) {
      std::string_view message;
      bool complete = false;
      if (Status status = Take(&bytes, &message, &complete); !status.ok()) return status;
      if (complete && !on_message(message)) return {};
    }
    return {};
  }
  // In the middle of a message.
  bool partial() const { return !held_.empty(); }
  size_t held_bytes() const { return held_.size(); }

 private:
  Status Take(std::string_view* bytes, std::string_view* message, bool* complete);
  Result<size_t> MessageSize(std::string_view prefix) const;

  const size_t max_message_;
  std::string held_;  // the part of a message that has come
  std::string whole_;
};

// "grpc-message" holds any UTF-8 text: bytes outside 0x20-0x7e and '%' are escaped.
std::string EncodeGrpcMessage(std::string_view text);
std::string DecodeGrpcMessage(std::string_view text);  // malformed escapes stay as they are

// "grpc-timeout": up to eight digits and a unit, rounded up. Zero and less become "0n".
std::string EncodeGrpcTimeout(Duration timeout);
std::optional<Duration> DecodeGrpcTimeout(std::string_view text);

// The status in trailers; nothing when there is no "grpc-status".
std::optional<Status> StatusOfTrailers(const Headers& trailers);
void AddStatus(const Status& status, Headers* trailers);
// What a response without "grpc-status" means (doc/http-grpc-status-mapping.md).
Status StatusOfHttp(int http_status);
// What a reset stream means.
Status StatusOfReset(uint32_t http2_error);

// Metadata as the application sees it: names that end in "-bin" carry bytes, base64 on the wire.
Headers DecodeMetadata(Headers headers);
void AddMetadata(const Headers& metadata, Headers* headers);

}  // namespace kp::wire
