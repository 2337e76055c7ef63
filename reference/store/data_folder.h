// The files of a member's data folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/runtime/env.h"
#include "reference/store/wal_recovery.h"

namespace kp::store {

inline constexpr std::string_view kSegmentSuffix = ".wal";
std::string SegmentName(uint64_t number);

struct DataFolder {
  std::vector<SegmentFile> segments;  // by number
  std::string snapshot_name;          // the newest; "": none
  std::string snapshot_bytes;
  std::vector<std::string> leftovers;  // of writes that a crash cut off: nobody needs them
};

Result<DataFolder> ReadDataFolder(runtime::Disk& disk, const std::string& directory);
// Its newest snapshot, if there is one. kDataLoss "wal: FILE: what".
Result<std::optional<raft::Snapshot>> SnapshotOf(const DataFolder& folder);

}  // namespace kp::store
