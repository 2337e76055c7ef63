// Any bytes: an error, or an object that survives a round trip.
#include <cstddef>
#include <cstdint>

#include "reference/api/protobuf_codec.h"
#include "reference/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kp::api;
  const Registry& registry = BuiltinRegistry();
  auto decoded = DecodeProtobuf(registry, {reinterpret_cast<const char*>(data), size});
  if (!decoded.ok()) return 0;
  const Kind* kind = registry.FindKind(GroupVersionKind::Of(*decoded));
  CHECK(kind != nullptr);
  // Twice: the first time may drop what only a foreign encoder writes (nulls in lists, say).
  auto again = DecodeProtobuf(registry, EncodeProtobuf(*kind, *decoded));
  CHECK(again.ok()) << again.status().ToString();
  auto third = DecodeProtobuf(registry, EncodeProtobuf(*kind, *again));
  CHECK(third.ok() && *third == *again);
  return 0;
}
