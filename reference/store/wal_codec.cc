#include "reference/store/wal_codec.h"

#include <utility>

#include "reference/base/crc32c.h"
#include "reference/base/mutant.h"
#include "reference/raft/varint.h"
#include "reference/store/little_endian.h"

namespace kp::store {
namespace {

using raft::AppendVarint;
using raft::ConsumeVarint;

constexpr std::string_view kSegmentMagic = "KPWALSEG";
constexpr std::string_view kBatchMagic = "KPB1";
enum RecordType : char { kMetadata = 1, kStart = 2, kHardState = 3, kEntry = 4 };

Status Damaged(std::string what) { return Status(Code::kDataLoss, std::move(what)); }

std::optional<WalRecord> DecodeNumbers(char type, std::string_view bytes) {
  const auto first = ConsumeVarint(bytes);
  const auto second = ConsumeVarint(bytes);
  if (!first || !second) return std::nullopt;
  if (type == kStart) {
    if (!bytes.empty()) return std::nullopt;
    return WalStart{*first, *second};
  }
  const auto commit = ConsumeVarint(bytes);
  if (!commit || !bytes.empty()) return std::nullopt;
  return raft::HardState{*first, *second, *commit};
}

std::optional<WalRecord> DecodeEntry(std::string_view bytes) {
  raft::Entry entry;
  const auto term = ConsumeVarint(bytes);
  const auto index = ConsumeVarint(bytes);
  if (!term || !index || *index == 0 || bytes.empty()) return std::nullopt;
  if (bytes[0] != 0 && bytes[0] != 1) return std::nullopt;
  entry.term = *term;
  entry.index = *index;
  entry.type = static_cast<raft::EntryType>(bytes[0]);
  bytes.remove_prefix(1);
  if (!bytes.empty()) entry.data = raft::MakeBuffer(std::string(bytes));
  return entry;
}

std::optional<WalRecord> DecodeRecord(std::string_view bytes) {
  const char type = bytes[0];
  bytes.remove_prefix(1);
  switch (type) {
    case kMetadata: return WalMetadata{std::string(bytes)};
    case kStart:
    case kHardState: return DecodeNumbers(type, bytes);
    case kEntry: return DecodeEntry(bytes);
    default: return std::nullopt;
  }
}

struct BatchHeader {
  uint64_t sequence;
  uint32_t body_length;
  uint32_t chain;
  uint32_t crc;
};

std::optional<BatchHeader> DecodeBatchHeader(std::string_view bytes) {
  if (bytes.size() < kBatchHeaderSize || bytes.substr(0, 4) != kBatchMagic) return std::nullopt;
  const BatchHeader header{Load64(bytes.substr(4)), Load32(bytes.substr(12)), Load32(bytes.substr(16)),
                           Load32(bytes.substr(20))};
  if (Crc32c(bytes.substr(0, 20)) != header.crc && !KP_MUTANT("wal-skip-checksum")) return std::nullopt;
  return header;
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string out(kSegmentMagic);
  Append64(out, header.number);
  Append64(out, header.previous_end);
  Append64(out, header.first_sequence);
  Append32(out, header.chain);
  Append32(out, Crc32c(out));
  return out;
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderSize || !bytes.starts_with(kSegmentMagic) ||
      Crc32c(bytes.substr(0, kSegmentHeaderSize - 4)) != Load32(bytes.substr(kSegmentHeaderSize - 4))) {
    return Damaged("bad segment header");
  }
  return SegmentHeader{Load64(bytes.substr(8)), Load64(bytes.substr(16)), Load64(bytes.substr(24)),
                       Load32(bytes.substr(32))};
}

void BatchWriter::Add(const WalMetadata& metadata) { records_.push_back(std::string(1, kMetadata) + metadata.bytes); }

void BatchWriter::Add(const WalStart& start) {
  std::string record(1, kStart);
  AppendVarint(record, start.index);
  AppendVarint(record, start.term);
  records_.push_back(std::move(record));
}

void BatchWriter::Add(const raft::HardState& state) {
  // The owner goes on as if it were kept; only a restart tells.
  if (KP_MUTANT("wal-lose-hard-state")) return;
  std::string record(1, kHardState);
  AppendVarint(record, state.term);
  AppendVarint(record, state.vote);
  AppendVarint(record, state.commit);
  records_.push_back(std::move(record));
}

void BatchWriter::Add(const raft::Entry& entry) {
  std::string record;
  record.reserve(entry.size() + 24);
  record.push_back(kEntry);
  AppendVarint(record, entry.term);
  AppendVarint(record, entry.index);
  record.push_back(static_cast<char>(entry.type));
  record.append(entry.bytes());
  records_.push_back(std::move(record));
}

BatchWriter::Encoded BatchWriter::Finish(uint64_t sequence, uint32_t chain) && {
  size_t body_length = 0;
  for (const std::string& record : records_) {
    std::string length;
    AppendVarint(length, record.size());
    body_length += length.size() + record.size() + 4;
  }
  std::string out(kBatchMagic);
  out.reserve(kBatchHeaderSize + body_length);
  Append64(out, sequence);
  Append32(out, static_cast<uint32_t>(body_length));
  Append32(out, chain);
  uint32_t crc = Crc32c(out);
  Append32(out, crc);
  for (const std::string& record : records_) {
    AppendVarint(out, record.size());
    out.append(record);
    crc = Crc32c(record, crc);
    Append32(out, crc);
  }
  records_.clear();
  return {std::move(out), crc};
}

Result<DecodedBatch> DecodeBatch(std::string_view bytes, uint64_t sequence, uint32_t chain) {
  const auto header = DecodeBatchHeader(bytes);
  if (!header) return Damaged("bad batch header");
  if (header->sequence != sequence) return Damaged("batch out of sequence");
  if (header->chain != chain) return Damaged("batch does not follow the one before it");
  bytes.remove_prefix(kBatchHeaderSize);
  if (header->body_length > bytes.size()) return Damaged("batch cut short");
  bytes = bytes.substr(0, header->body_length);
  DecodedBatch batch{.size = kBatchHeaderSize + header->body_length, .chain = header->crc};
  while (!bytes.empty()) {
    const auto record = raft::ConsumeBytes(bytes);
    if (!record || record->empty() || bytes.size() < 4) return Damaged("record cut short");
    batch.chain = Crc32c(*record, batch.chain);
    const uint32_t stored = Load32(bytes);
    if (batch.chain != stored) {
      if (!KP_MUTANT("wal-skip-checksum")) return Damaged("record checksum mismatch");
      batch.chain = stored;
    }
    bytes.remove_prefix(4);
    auto decoded = DecodeRecord(*record);
    if (!decoded) return Damaged("malformed record");
    batch.records.push_back(std::move(*decoded));
  }
  return batch;
}

bool HoldsLaterBatch(std::string_view bytes, uint64_t after_sequence) {
  for (size_t at = bytes.find(kBatchMagic); at != std::string_view::npos; at = bytes.find(kBatchMagic, at + 1)) {
    const auto header = DecodeBatchHeader(bytes.substr(at));
    if (header && header->sequence > after_sequence) return true;
  }
  return false;
}

}  // namespace kp::store
