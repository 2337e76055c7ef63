#include "reference/store/snapshot_file.h"

#include "reference/base/crc32c.h"
#include "reference/base/mutant.h"
#include "reference/raft/varint.h"
#include "reference/store/file_names.h"
#include "reference/store/little_endian.h"

namespace kp::store {
namespace {

constexpr std::string_view kMagic = "KPSNAP02";
constexpr std::string_view kSuffix = ".snap";

Status Damaged(std::string_view what) { return Status(Code::kDataLoss, "bad snapshot file: " + std::string(what)); }

}  // namespace

std::string SnapshotFileName(const raft::SnapshotMeta& meta) {
  return HexName(meta.term) + "-" + HexName(meta.index) + std::string(kSuffix);
}

std::optional<raft::Index> SnapshotFileIndex(std::string_view name) {
  if (name.size() != 33 + kSuffix.size() || !name.ends_with(kSuffix) || name[16] != '-') return std::nullopt;
  if (!ParseHexName(name.substr(0, 16))) return std::nullopt;
  return ParseHexName(name.substr(17, 16));
}

std::string EncodeSnapshotHead(const raft::SnapshotMeta& meta) {
  std::string out(kMagic);
  raft::AppendVarint(out, meta.index);
  raft::AppendVarint(out, meta.term);
  raft::AppendConfiguration(out, meta.configuration);
  return out;
}

std::string EncodeSnapshotFile(const raft::Snapshot& snapshot) {
  const std::string_view data = snapshot.data ? std::string_view(*snapshot.data) : std::string_view();
  std::string out = EncodeSnapshotHead(snapshot.meta);
  out.reserve(out.size() + data.size() + 4);
  out.append(data);
  Append32(out, Crc32c(out));
  return out;
}

Result<raft::Snapshot> DecodeSnapshotFile(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + 4 || !bytes.starts_with(kMagic)) return Damaged("not a snapshot");
  const uint32_t stored = Load32(bytes.substr(bytes.size() - 4));
  bytes.remove_suffix(4);
  if (Crc32c(bytes) != stored && !KP_MUTANT("wal-skip-checksum")) return Damaged("checksum mismatch");
  bytes.remove_prefix(kMagic.size());
  const auto index = raft::ConsumeVarint(bytes);
  const auto term = raft::ConsumeVarint(bytes);
  if (!index || !term || *index == 0) return Damaged("malformed position");
  auto configuration = raft::ConsumeConfiguration(bytes);
  if (!configuration) return Damaged("malformed configuration");
  return raft::Snapshot{{*index, *term, std::move(*configuration)}, raft::MakeBuffer(std::string(bytes))};
}

}  // namespace kp::store
