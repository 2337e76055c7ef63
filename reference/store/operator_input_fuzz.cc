// Any bytes are read or refused: JSON of the gateway, snapshot files, what members tell each other of members. The
// first byte says which.
#include <cstdint>

#include "reference/base/check.h"
#include "reference/store/backend_image.h"
#include "reference/store/gateway_json.h"
#include "reference/store/join.h"
#include "reference/store/membership.h"
#include "reference/store/peer_frames.h"

namespace kp::store {
namespace {

void Json(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto& methods = GatewayMethods();
  const GatewayMethod& method = methods[static_cast<unsigned char>(bytes[0]) % methods.size()];
  (void)RequestsFromJson(method.method, bytes.substr(1));
  (void)ReplyToJson(method.method, bytes.substr(1));
}

void Backend(std::string_view bytes) {
  const Result<VersionedState> state = ReadBackend(bytes);
  if (!state.ok()) return;
  const Result<Mvcc> store = Mvcc::FromVersions(*state);
  if (store.ok()) store->CheckInvariants();
}

void Members(std::string_view bytes) {
  (void)DecodeIdentity(bytes);
  (void)DecodeClusterView(bytes);
  GoAway refusal;
  (void)GoAway::Decode(bytes, refusal);
  const Result<MemberChange> change = DecodeMemberChange(bytes);
  if (!change.ok()) return;
  CHECK(EncodeMemberChange(*change).size() <= bytes.size()) << "reads more than was written";
  Membership members({{.id = 1, .name = "a"}, {.id = 2}});
  if (members.Check(*change).ok()) members.Apply(*change);
}

}  // namespace
}  // namespace kp::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) kp::store::Json(bytes);
  if (data[0] % 3 == 1) kp::store::Backend(bytes);
  if (data[0] % 3 == 2) kp::store::Members(bytes);
  return 0;
}
