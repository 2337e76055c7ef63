// Any bytes as a log or a snapshot file: an error, or something sound. Checksums stop most inputs,
// so the bytes are also taken as the records of a batch that is sealed properly.
#include <cstddef>
#include <cstdint>

#include "reference/base/check.h"
#include "reference/base/crc32c.h"
#include "reference/raft/varint.h"
#include "reference/store/little_endian.h"
#include "reference/store/snapshot_file.h"
#include "reference/store/wal_recovery.h"

namespace {

using namespace kp;
using namespace kp::store;

// Each input byte triple begins a record: its length, then its bytes.
std::string Seal(std::string_view input) {
  std::string body;
  std::vector<std::string_view> records;
  while (!input.empty()) {
    const size_t length = std::min<size_t>(static_cast<unsigned char>(input[0]), input.size() - 1);
    if (length > 0) records.push_back(input.substr(1, length));
    input.remove_prefix(1 + length);
  }
  size_t size = 0;
  for (const std::string_view record : records) size += record.size() + 4 + (record.size() < 128 ? 1 : 2);
  std::string out = "KPB1";
  Append64(out, 1);
  Append32(out, static_cast<uint32_t>(size));
  Append32(out, 0);
  uint32_t crc = Crc32c(out);
  Append32(out, crc);
  for (const std::string_view record : records) {
    raft::AppendBytes(out, record);
    crc = Crc32c(record, crc);
    Append32(out, crc);
  }
  return EncodeSegmentHeader({.number = 1, .first_sequence = 1}) + out;
}

void Recover(std::string bytes) {
  const auto contents = RecoverWal({{"segment", 1, std::move(bytes)}}, std::nullopt);
  if (!contents.ok()) return;
  kp::raft::Index index = contents->raft.start.index;
  for (const auto& entry : contents->raft.entries) CHECK_EQ(entry.index, ++index);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Recover(bytes);
  Recover(Seal(bytes));
  if (const auto snapshot = DecodeSnapshotFile(bytes); snapshot.ok()) {
    CHECK(*DecodeSnapshotFile(EncodeSnapshotFile(*snapshot)) == *snapshot);
  }
  return 0;
}
