// The decoder finds the same messages however the bytes are cut; text forms survive a round trip.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/check.h"
#include "reference/wire/grpc_frame.h"

namespace {

struct Outcome {
  std::vector<std::string> messages;
  kp::Status status;
  bool operator==(const Outcome&) const = default;
};

Outcome Decode(std::string_view bytes, size_t step) {
  Outcome outcome;
  kp::wire::GrpcDecoder decoder(1000);
  for (size_t at = 0; at < bytes.size() && outcome.status.ok(); at += step) {
    outcome.status = decoder.Feed(bytes.substr(at, step), [&](std::string_view message) {
      outcome.messages.emplace_back(message);
      return true;
    });
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CHECK(Decode(bytes, 1 + data[0]) == Decode(bytes, size));
  CHECK(kp::wire::DecodeGrpcMessage(kp::wire::EncodeGrpcMessage(bytes)) == bytes);
  if (auto timeout = kp::wire::DecodeGrpcTimeout(bytes)) {
    CHECK(kp::wire::DecodeGrpcTimeout(kp::wire::EncodeGrpcTimeout(*timeout)).has_value());
  }
  return 0;
}
