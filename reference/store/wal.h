// The write-ahead log of one member: Raft's hard state and entries in segment files, snapshots
// beside them.
//
// Segments are files of zeros made ahead of time, of obsolete ones where there are any, unless the disk has not
// kept up with that; snapshots are written in pieces between the log's own writes.
//
// Group commit without a timer: while one sync is in flight, everything appended is gathered, and
// goes out as one batch the moment it completes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/raft/node.h"
#include "reference/runtime/env.h"
#include "reference/store/snapshot_writer.h"
#include "reference/store/wal_recovery.h"
#include "reference/store/wal_spare.h"

namespace kp::store {

struct WalOptions {
  std::string directory;
  std::string metadata;  // of a new log; a recovered one keeps its own
  uint64_t segment_bytes = 64 << 20;
  size_t batch_bytes = 8 << 20;  // more goes into the batch after
  bool preallocate = false;      // segments are made of zeros beforehand
};

class Wal {
 public:
  // `on_durable(append_id)`: that append and all before it will survive a crash.
  // A write or sync that fails ends the process (Env::Fail): what the disk holds is then unknown.
  Wal(runtime::Env& env, WalOptions options, std::function<void(uint64_t)> on_durable);
  Wal(const Wal&) = delete;
  Wal& operator=(const Wal&) = delete;

  // Reads what the directory holds, made when missing. Once, before anything else. kDataLoss names
  // file and offset of the damage. What it returns is surely durable only with the first append
  // after it: a process that died may have left it in the page cache.
  Result<WalContents> Recover();

  // What a raft::Ready says is to be written. `ids` ascend.
  struct Batch {
    std::optional<raft::HardState> hard_state;
    std::optional<raft::Snapshot> snapshot;  // received; replaces the log up to its index
    std::vector<raft::Entry> entries;
  };
  void Append(uint64_t append_id, Batch batch);

  // Keeps a snapshot of our own state machine, then removes segments and snapshots that nobody
  // needs any more. One at a time. `done` gets its index, 0 when the source gave up.
  void SaveSnapshot(const raft::SnapshotMeta& meta, SnapshotSource source, Completion<raft::Index> done);
  void SaveSnapshot(const raft::Snapshot& snapshot, Completion<raft::Index> done) {
    SaveSnapshot(snapshot.meta, SourceOf(snapshot.data), std::move(done));
  }
  bool saving_snapshot() const { return snapshots_.busy(); }

  uint64_t syncs() const { return syncs_; }
  uint64_t written_bytes() const { return written_bytes_ + snapshots_.written_bytes(); }
  size_t segment_count() const { return segments_.size(); }

 private:
  struct Pending {
    uint64_t id = 0;
    Batch batch;
    bool snapshot_saved = false;
  };

  void Pump();
  void SaveReceivedSnapshot();
  void OnReceivedSnapshotSaved();
  void SyncRecovered();
  void WriteBatch();
  void AddPending(BatchWriter& writer, Pending pending);
  Status OpenSegment();
  bool MustRotate() const { return !file_ || file_size_ >= options_.segment_bytes || (!made_ahead_ && spare_.ready()); }
  void OnBatchSynced(uint64_t append_id);
  void CutRecovered();
  bool FirstIsObsolete(raft::Index snapshot_index) const;
  void PrepareSpare();
  void RemoveObsolete(raft::Index snapshot_index);
  bool Failed(const Status& status, const std::string& what);
  std::string Path(const std::string& name) const { return options_.directory + "/" + name; }

  runtime::Env& env_;
  WalOptions options_;
  std::function<void(uint64_t)> on_durable_;

  std::deque<Pending> pending_;
  bool busy_ = false;  // one write or sync is under way
  bool failed_ = false;
  std::unique_ptr<runtime::File> file_;  // the newest segment; none until the first batch
  std::string file_name_;
  std::string recovered_file_;  // the newest segment of the life before, until it is synced
  uint64_t file_size_ = 0;      // what is written of it
  bool made_ahead_ = false;     // it was a file of zeros
  std::string buffer_;          // of the last batch, for the next one
  uint64_t recovered_end_ = 0;
  std::string cut_file_;  // the newest segment of the life before, until it is cut to what counts
  WalPosition position_;
  raft::HardState hard_state_;  // repeated in every segment, so that older ones can go
  std::vector<WalContents::Segment> segments_;
  uint64_t durable_segment_ = 0;    // the newest with a completed sync
  raft::Index snapshot_index_ = 0;  // the newest that is durable
  uint64_t syncs_ = 0;
  uint64_t written_bytes_ = 0;
  WalSpare spare_;
  SnapshotWriter snapshots_;
  Alive alive_;
};

}  // namespace kp::store
