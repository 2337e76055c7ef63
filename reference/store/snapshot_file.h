// A snapshot as one file: Raft's account of it, the state machine's bytes, a checksum over both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/raft/types.h"

namespace kp::store {

// "0000000000000007-00000000000000ff.snap": term, index; sorts by age.
std::string SnapshotFileName(const raft::SnapshotMeta& meta);
// The index in such a name; nothing for other names.
std::optional<raft::Index> SnapshotFileIndex(std::string_view name);

// What stands before the data; behind it stands the CRC-32C of all.
std::string EncodeSnapshotHead(const raft::SnapshotMeta& meta);
std::string EncodeSnapshotFile(const raft::Snapshot& snapshot);
// kDataLoss "bad snapshot file: checksum mismatch" and so on.
Result<raft::Snapshot> DecodeSnapshotFile(std::string_view bytes);

}  // namespace kp::store
