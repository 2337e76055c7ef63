// From the files of a write-ahead log to the state they hold. No I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/raft/node.h"
#include "reference/store/wal_codec.h"

namespace kp::store {

struct SegmentFile {
  std::string name;
  uint64_t number = 0;
  std::string bytes;
};

// Where writing goes on.
struct WalPosition {
  uint64_t next_segment = 1;
  uint64_t previous_end = 0;
  uint64_t next_sequence = 1;
  uint32_t chain = 0;
  raft::Index last_index = 0;
  raft::Term last_term = 0;
};

struct WalContents {
  raft::Recovered raft;  // start.configuration is the snapshot's; empty without one
  std::optional<raft::Snapshot> snapshot;
  std::string metadata;
  bool fresh = true;  // no segment and no snapshot: first boot
  uint64_t torn_bytes = 0;
  WalPosition position;
  struct Segment {
    uint64_t number = 0;
    raft::Index max_index = 0;  // once a snapshot reaches it, the segment may go
  };
  std::vector<Segment> segments;
};

// `segments` by number. The end of the last one may be torn: it is left out, and only what no
// completed sync covered is lost. kDataLoss "wal: FILE offset N: what" for damage anywhere else.
Result<WalContents> RecoverWal(const std::vector<SegmentFile>& segments, std::optional<raft::Snapshot> snapshot);

}  // namespace kp::store
