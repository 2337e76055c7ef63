#include "reference/store/data_folder.h"

#include <utility>

#include "reference/store/file_names.h"
#include "reference/store/snapshot_file.h"
#include "reference/store/wal_spare.h"

namespace kp::store {
namespace {

std::optional<uint64_t> SegmentNumber(std::string_view name) {
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  return ParseHexName(name.substr(0, name.size() - kSegmentSuffix.size()));
}

}  // namespace

std::string SegmentName(uint64_t number) { return HexName(number) + std::string(kSegmentSuffix); }

Result<DataFolder> ReadDataFolder(runtime::Disk& disk, const std::string& directory) {
  auto names = disk.List(directory);
  if (!names.ok()) return names.error();
  DataFolder folder;
  raft::Index newest = 0;
  for (const std::string& name : *names) {
    if (const auto index = SnapshotFileIndex(name); index && *index > newest) {
      folder.snapshot_name = name;
      newest = *index;
    }
    if (name == kSpareName || name.ends_with(".tmp")) folder.leftovers.push_back(name);
    const auto number = SegmentNumber(name);
    if (!number) continue;
    auto bytes = disk.ReadAll(directory + "/" + name);
    if (!bytes.ok()) return bytes.error();
    folder.segments.push_back({name, *number, std::move(*bytes)});
  }
  if (newest == 0) return folder;
  auto bytes = disk.ReadAll(directory + "/" + folder.snapshot_name);
  if (!bytes.ok()) return bytes.error();
  folder.snapshot_bytes = std::move(*bytes);
  return folder;
}

Result<std::optional<raft::Snapshot>> SnapshotOf(const DataFolder& folder) {
  if (folder.snapshot_name.empty()) return std::optional<raft::Snapshot>();
  auto decoded = DecodeSnapshotFile(folder.snapshot_bytes);
  if (!decoded.ok()) {
    return Status(decoded.error().code(), "wal: " + folder.snapshot_name + ": " + decoded.error().message());
  }
  return std::optional<raft::Snapshot>(std::move(*decoded));
}

}  // namespace kp::store
