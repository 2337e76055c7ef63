// Any bytes are read or refused: requests from clients, frames from peers, snapshots and log entries from the
// disk. The first byte says which. What is read is good for what follows.
#include <cstdint>

#include "reference/base/check.h"
#include "reference/store/codec.h"
#include "reference/store/mvcc.h"
#include "reference/store/peer_frames.h"
#include "reference/store/proposal.h"
#include "reference/store/validate.h"

namespace kp::store {
namespace {

void Snapshot(std::string_view bytes) {
  const Result<Mvcc> store = Mvcc::Restore(bytes);
  if (store.ok()) CHECK(store->Serialize() == bytes) << "reads another state than was written";
}

void Commands(std::string_view bytes) {
  const Result<Proposal> proposal = DecodeProposal(bytes);
  if (!proposal.ok()) return;
  const Result<Command> command = DecodeCommand(proposal->kind, proposal->request);
  if (!command.ok()) return;
  if (const auto* txn = std::get_if<TxnRequest>(&*command); txn != nullptr && !Validate(*txn).ok()) return;
  Mvcc store;
  (void)store.Apply(*command);
  store.CheckInvariants();
}

// In two pieces, as a network may.
void Frames(std::string_view bytes) {
  FrameReader reader;
  const auto on_frame = [](FrameType, std::string_view payload) {
    PeerHello hello;
    (void)PeerHello::Decode(payload, hello);
    BulkPiece piece;
    return BulkPiece::Decode(payload, piece);
  };
  const size_t half = bytes.size() / 2;
  if (reader.Feed(bytes.substr(0, half), on_frame)) (void)reader.Feed(bytes.substr(half), on_frame);
}

}  // namespace
}  // namespace kp::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 == 0) kp::store::Snapshot(bytes);
  if (data[0] % 4 == 1) kp::store::Commands(bytes);
  if (data[0] % 4 == 2) kp::store::Frames(bytes);
  if (data[0] % 4 == 3) (void)kp::store::Decode<kp::store::WatchRequest>(bytes);
  return 0;
}
