// A log's files looked at piece by piece, for people: what every batch holds, and where exactly it is damaged.
// RecoverWal decides what a member starts with; this says why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/store/wal_recovery.h"

namespace kp::store {

struct WalDamage {
  std::string file;
  uint64_t offset = 0;
  std::string what;
  // Nothing that was written later stands behind it: it lies in the last write, which may be given up.
  bool in_last_write = false;
};

struct WalBatchView {
  uint64_t sequence = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
  std::vector<WalRecord> records;
};

struct WalSegmentView {
  std::string file;
  SegmentHeader header;
  std::vector<WalBatchView> batches;
  uint64_t end = 0;               // of the last good batch
  uint64_t unfinished_bytes = 0;  // behind it, of a write that was cut off
};

struct WalInspection {
  std::vector<WalSegmentView> segments;
  std::optional<WalDamage> damage;  // the first one; nothing behind it was looked at
};

WalInspection InspectWal(const std::vector<SegmentFile>& segments);

}  // namespace kp::store
