// Any bytes: an error, or a message that survives a round trip.
#include <cstddef>
#include <cstdint>

#include "reference/base/check.h"
#include "reference/raft/configuration_change.h"
#include "reference/raft/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kp::raft;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto change = DecodeChange(bytes); change.ok()) CHECK(*DecodeChange(EncodeChange(*change)) == *change);
  const auto message = DecodeMessage(bytes);
  if (!message.ok()) return 0;
  const auto again = DecodeMessage(EncodeMessage(*message));
  CHECK(again.ok()) << again.status().ToString();
  CHECK(*again == *message);
  return 0;
}
