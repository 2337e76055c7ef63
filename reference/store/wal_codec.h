// The write-ahead log's bytes. No I/O.
//
// A segment file is a header and batches. A batch is what one write and one sync carried: a header
// and records. Every record's CRC-32C is seeded with the one before it, a batch's first with its
// header, and a header repeats where the batch before ended, so nothing can be cut out, swapped or
// left over from an older life without notice.
//
// A batch is written only after the sync of the batch before it has completed. So of a log that ends
// badly only the last batch can be torn, and a batch that a later one follows was durable.
//
// A segment may have been made of zeros beforehand; its header then says how large. What an unfinished write has not
// reached is then zeros still, in whole sectors of 512 bytes, which tells it from a damaged one.
//
//   segment header: "KPWALSG2" number:8 previous_end:8 first_sequence:8 size:8 chain:4 crc:4
//   batch header:   "KPB1" sequence:8 body_length:4 chain:4 crc:4      (little-endian)
//   record:         length:varint type:1 payload crc:4
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/base/status.h"
#include "reference/raft/types.h"

namespace kp::store {

// The owner's own bytes (cluster and member id); in the first batch of every segment.
struct WalMetadata {
  std::string bytes;
  bool operator==(const WalMetadata&) const = default;
};

// The log ends here from now on: what follows is dropped, and when the log has no such entry, all of
// it is. Begins every segment, and stands where a snapshot was installed.
struct WalStart {
  raft::Index index = 0;
  raft::Term term = 0;
  bool operator==(const WalStart&) const = default;
};

// An entry whose index is not beyond the end replaces all from there on.
using WalRecord = std::variant<WalMetadata, WalStart, raft::HardState, raft::Entry>;

struct SegmentHeader {
  uint64_t number = 0;          // consecutive
  uint64_t previous_end = 0;    // bytes of the segment before that count; behind them is a torn tail
  uint64_t first_sequence = 0;  // of the first batch here
  uint64_t size = 0;            // of the file as it was made; 0: it grew as it was written
  uint32_t chain = 0;
  bool operator==(const SegmentHeader&) const = default;
};
inline constexpr size_t kSegmentHeaderSize = 48;
inline constexpr size_t kBatchHeaderSize = 24;

std::string EncodeSegmentHeader(const SegmentHeader& header);
// kDataLoss "bad segment header".
Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);

// Lays the records of one batch down behind `head`, each at its place in the end.
class BatchWriter {
 public:
  explicit BatchWriter(std::string head = {}) : out_(std::move(head)), begin_(out_.size()) {
    out_.resize(begin_ + kBatchHeaderSize);
  }
  void Add(const WalMetadata& metadata);
  void Add(const WalStart& start);
  void Add(const raft::HardState& state);
  void Add(const raft::Entry& entry);

  struct Encoded {
    std::string bytes;  // with the head
    uint32_t chain;     // for the next batch
  };
  Encoded Finish(uint64_t sequence, uint32_t chain) &&;

 private:
  // A record of `size` bytes of type and payload; End leaves room for its checksum.
  void Begin(size_t size, char type);
  void End();

  std::string out_;
  size_t begin_;  // of the batch
  struct Record {
    size_t at;
    size_t size;
  };
  std::vector<Record> records_;
};

struct DecodedBatch {
  std::vector<WalRecord> records;
  size_t size = 0;  // bytes of header and body
  uint32_t chain = 0;
};

// The batch `sequence` at the front of `bytes`. kDataLoss says what is wrong with it.
Result<DecodedBatch> DecodeBatch(std::string_view bytes, uint64_t sequence, uint32_t chain);

// Where a batch that cannot be read begins at `offset` of a segment: was its write cut off? Else it was damaged later.
bool IsUnfinished(std::string_view segment, size_t offset);

// Is there a batch header with a later sequence anywhere in `bytes`? Then whatever stands before it
// was durable once.
bool HoldsLaterBatch(std::string_view bytes, uint64_t after_sequence);

}  // namespace kp::store
