#include "reference/store/wal_codec.h"

#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/crc32c.h"
#include "reference/base/mutant.h"
#include "reference/raft/varint.h"
#include "reference/store/little_endian.h"

namespace kp::store {
namespace {

using raft::AppendVarint;
using raft::ConsumeVarint;

constexpr std::string_view kSegmentMagic = "KPWALSG2";
constexpr std::string_view kBatchMagic = "KPB1";
enum RecordType : char { kMetadata = 1, kStart = 2, kHardState = 3, kEntry = 4 };

Status Damaged(std::string what) { return Status(Code::kDataLoss, std::move(what)); }

size_t VarintSize(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

bool AllZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

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
  Append64(out, header.size);
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
                       Load64(bytes.substr(32)), Load32(bytes.substr(40))};
}

void BatchWriter::Begin(size_t size, char type) {
  AppendVarint(out_, size);
  records_.push_back({out_.size(), size});
  out_.push_back(type);
}

void BatchWriter::End() {
  CHECK_EQ(out_.size(), records_.back().at + records_.back().size);
  out_.append(4, '\0');
}

void BatchWriter::Add(const WalMetadata& metadata) {
  Begin(1 + metadata.bytes.size(), kMetadata);
  out_.append(metadata.bytes);
  End();
}

void BatchWriter::Add(const WalStart& start) {
  Begin(1 + VarintSize(start.index) + VarintSize(start.term), kStart);
  AppendVarint(out_, start.index);
  AppendVarint(out_, start.term);
  End();
}

void BatchWriter::Add(const raft::HardState& state) {
  // The owner goes on as if it were kept; only a restart tells.
  if (KP_MUTANT("wal-lose-hard-state")) return;
  Begin(1 + VarintSize(state.term) + VarintSize(state.vote) + VarintSize(state.commit), kHardState);
  AppendVarint(out_, state.term);
  AppendVarint(out_, state.vote);
  AppendVarint(out_, state.commit);
  End();
}

void BatchWriter::Add(const raft::Entry& entry) {
  Begin(2 + VarintSize(entry.term) + VarintSize(entry.index) + entry.size(), kEntry);
  AppendVarint(out_, entry.term);
  AppendVarint(out_, entry.index);
  out_.push_back(static_cast<char>(entry.type));
  out_.append(entry.bytes());
  End();
}

BatchWriter::Encoded BatchWriter::Finish(uint64_t sequence, uint32_t chain) && {
  std::string header(kBatchMagic);
  Append64(header, sequence);
  Append32(header, static_cast<uint32_t>(out_.size() - begin_ - kBatchHeaderSize));
  Append32(header, chain);
  uint32_t crc = Crc32c(header);
  Append32(header, crc);
  out_.replace(begin_, kBatchHeaderSize, header);
  for (const Record& record : records_) {
    crc = Crc32c(std::string_view(out_).substr(record.at, record.size), crc);
    Store32(out_.data() + record.at + record.size, crc);
  }
  return {std::move(out_), crc};
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

// A write reaches the device in sectors, in any order. One that was cut off has left at least one sector as it was: of
// zeros where the batch has its place, or, in a file that grows, missing.
bool IsUnfinished(std::string_view segment, size_t offset) {
  constexpr size_t kSector = 512;
  const auto header = DecodeBatchHeader(segment.substr(offset));
  const size_t end = offset + kBatchHeaderSize + (header ? header->body_length : 0);
  if (end > segment.size() || KP_MUTANT("wal-takes-damage-for-a-tail")) return true;
  for (size_t at = offset; at < end;) {
    const size_t next = std::min(end, (at / kSector + 1) * kSector);
    if (AllZero(segment.substr(at, next - at))) return true;
    at = next;
  }
  return false;
}

bool HoldsLaterBatch(std::string_view bytes, uint64_t after_sequence) {
  for (size_t at = bytes.find(kBatchMagic); at != std::string_view::npos; at = bytes.find(kBatchMagic, at + 1)) {
    const auto header = DecodeBatchHeader(bytes.substr(at));
    if (header && header->sequence > after_sequence) return true;
  }
  return false;
}

}  // namespace kp::store
