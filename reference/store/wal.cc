#include "reference/store/wal.h"

#include <algorithm>
#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/data_folder.h"
#include "reference/store/snapshot_file.h"

namespace kp::store {
namespace {

constexpr uint64_t kSpareAfter = 64 << 10;

}  // namespace

Wal::Wal(runtime::Env& env, WalOptions options, std::function<void(uint64_t)> on_durable)
    : env_(env),
      options_(std::move(options)),
      on_durable_(std::move(on_durable)),
      spare_(env, options_.directory, options_.segment_bytes),
      snapshots_(env, options_.directory) {}

Result<WalContents> Wal::Recover() {
  if (Status status = env_.disk().MakeDirectories(options_.directory); !status.ok()) return status;
  auto folder = ReadDataFolder(env_.disk(), options_.directory);
  if (!folder.ok()) return folder.error();
  for (const std::string& name : folder->leftovers) {
    if (Status status = env_.disk().Remove(Path(name)); !status.ok()) return status;
  }
  auto snapshot = SnapshotOf(*folder);
  if (!snapshot.ok()) return snapshot.error();
  auto contents = RecoverWal(folder->segments, std::move(*snapshot));
  if (!contents.ok()) return contents;
  position_ = contents->position;
  segments_ = contents->segments;
  hard_state_ = contents->raft.hard_state;
  snapshot_index_ = contents->raft.start.index;
  if (!segments_.empty()) {
    recovered_file_ = cut_file_ = SegmentName(segments_.back().number);
    recovered_end_ = position_.previous_end;
  }
  if (contents->fresh) {
    contents->metadata = options_.metadata;
  } else {
    options_.metadata = contents->metadata;
  }
  if (contents->torn_bytes > 0) {
    env_.Log(runtime::Severity::kWarning, "wal",
             "left out " + std::to_string(contents->torn_bytes) + " bytes of an unfinished write");
  }
  return contents;
}

void Wal::Append(uint64_t append_id, Batch batch) {
  pending_.push_back({append_id, std::move(batch)});
  Pump();
}

void Wal::Pump() {
  if (busy_ || failed_ || pending_.empty()) return;
  busy_ = true;
  if (!recovered_file_.empty() && !KP_MUTANT("wal-trust-page-cache")) {
    SyncRecovered();
  } else if (pending_.front().batch.snapshot && !pending_.front().snapshot_saved) {
    SaveReceivedSnapshot();
  } else {
    WriteBatch();
  }
}

// Written again, not only synced: a sync that failed in the life before has marked pages as clean that never came to
// the disk (https://wiki.postgresql.org/wiki/Fsync_Errors), and no later sync brings them there.
void Wal::SyncRecovered() {
  auto file = env_.disk().Open(Path(recovered_file_), runtime::Disk::OpenMode::kReadWrite);
  if (Failed(file.status(), "opening " + recovered_file_)) return;
  file_ = std::move(*file);
  auto bytes = env_.disk().ReadAll(Path(recovered_file_));
  if (Failed(bytes.status(), "reading " + recovered_file_)) return;
  bytes->resize(std::min<size_t>(bytes->size(), position_.previous_end));
  if (!KP_MUTANT("wal-trust-a-sync-after-a-failed-one") &&
      Failed(file_->Write(0, *bytes), "writing " + recovered_file_)) {
    return;
  }
  file_->Sync(alive_.Wrap([this](const Status& status) {
    if (Failed(status, "syncing " + recovered_file_)) return;
    file_.reset();
    recovered_file_.clear();
    busy_ = false;
    Pump();
  }));
}

// Before the batch that refers to it: a log that begins after a snapshot which is not there could
// not be recovered.
void Wal::SaveReceivedSnapshot() {
  const raft::Snapshot& snapshot = *pending_.front().batch.snapshot;
  env_.disk().WriteAtomically(Path(SnapshotFileName(snapshot.meta)), EncodeSnapshotFile(snapshot),
                              alive_.Wrap([this](const Status& status) {
                                if (Failed(status, "saving a received snapshot")) return;
                                OnReceivedSnapshotSaved();
                              }));
}

void Wal::OnReceivedSnapshotSaved() {
  pending_.front().snapshot_saved = true;
  busy_ = false;
  Pump();
}

void Wal::AddPending(BatchWriter& writer, Pending pending) {
  if (pending.batch.snapshot) {
    const raft::SnapshotMeta& meta = pending.batch.snapshot->meta;
    writer.Add(WalStart{meta.index, meta.term});
    position_.last_index = meta.index;
    position_.last_term = meta.term;
    snapshot_index_ = std::max(snapshot_index_, meta.index);
  }
  for (const raft::Entry& entry : pending.batch.entries) {
    CHECK_LE(entry.index, position_.last_index + 1) << "a gap in the log";
    writer.Add(entry);
    position_.last_index = entry.index;
    position_.last_term = entry.term;
    segments_.back().max_index = std::max(segments_.back().max_index, entry.index);
  }
  if (pending.batch.hard_state) hard_state_ = *pending.batch.hard_state;
}

Status Wal::OpenSegment() {
  file_name_ = SegmentName(position_.next_segment);
  made_ahead_ = spare_.ready();
  if (made_ahead_) {
    // It replaces what a process left that died while it made this segment.
    if (Status status = env_.disk().Rename(spare_.path(), Path(file_name_)); !status.ok()) return status;
    file_ = spare_.Take();
  } else {
    auto file = env_.disk().Open(Path(file_name_), runtime::Disk::OpenMode::kCreate);
    if (!file.ok()) return file.error();
    file_ = std::move(*file);
    if (Status status = file_->Truncate(0); !status.ok()) return status;
  }
  file_size_ = 0;
  segments_.push_back({position_.next_segment, 0});
  ++position_.next_segment;
  return Status::Ok();
}

void Wal::WriteBatch() {
  const bool rotate = MustRotate();
  buffer_.clear();
  if (rotate) {
    if (Failed(OpenSegment(), "making a segment")) return;
    buffer_ = EncodeSegmentHeader({segments_.back().number, position_.previous_end, position_.next_sequence,
                                   made_ahead_ ? options_.segment_bytes : 0, position_.chain});
  }
  BatchWriter writer(std::move(buffer_));
  if (rotate) {
    writer.Add(WalMetadata{options_.metadata});
    writer.Add(WalStart{position_.last_index, position_.last_term});
  }
  bool hard_state = rotate && !KP_MUTANT("wal-forget-hard-state-at-rotation");
  uint64_t append_id = 0;
  size_t bytes = 0;
  while (!pending_.empty() && bytes < options_.batch_bytes) {
    Pending& next = pending_.front();
    if (next.batch.snapshot && !next.snapshot_saved) break;
    append_id = next.id;
    hard_state = hard_state || next.batch.hard_state;
    for (const raft::Entry& entry : next.batch.entries) bytes += entry.size();
    AddPending(writer, std::move(next));
    pending_.pop_front();
  }
  if (hard_state) writer.Add(hard_state_);
  auto batch = std::move(writer).Finish(position_.next_sequence, position_.chain);
  ++position_.next_sequence;
  position_.chain = batch.chain;
  buffer_ = std::move(batch.bytes);
  if (Failed(file_->Write(file_size_, buffer_), "writing " + file_name_)) return;
  file_size_ += buffer_.size();
  written_bytes_ += buffer_.size();
  position_.previous_end = file_size_;
  if (KP_MUTANT("wal-ack-before-sync")) env_.Post(alive_.Wrap([this, append_id] { on_durable_(append_id); }));
  ++syncs_;
  file_->Sync(alive_.Wrap([this, append_id, rotate](const Status& status) {
    if (Failed(status, "syncing " + file_name_)) return;
    if (!rotate) return OnBatchSynced(append_id);
    // The new file's name must last as well.
    env_.disk().SyncDirectory(options_.directory, alive_.Wrap([this, append_id](const Status& directory) {
      if (Failed(directory, "syncing " + options_.directory)) return;
      OnBatchSynced(append_id);
    }));
  }));
}

void Wal::OnBatchSynced(uint64_t append_id) {
  const bool first_of_segment = durable_segment_ != segments_.back().number;
  durable_segment_ = segments_.back().number;
  if (first_of_segment) {
    if (!cut_file_.empty()) CutRecovered();
    RemoveObsolete(snapshot_index_);
  }
  if (spare_.wanted()) PrepareSpare();
  busy_ = false;
  Pump();  // the disk first: the owner's work can run beside it
  if (!KP_MUTANT("wal-ack-before-sync")) on_durable_(append_id);
}

// The next segment's header says how far this one counts, so the zeros behind can go.
void Wal::CutRecovered() {
  const std::string name = std::exchange(cut_file_, "");
  auto file = env_.disk().Open(Path(name), runtime::Disk::OpenMode::kReadWrite);
  if (Failed(file.status(), "opening " + name) || (*file)->Size() <= recovered_end_) return;
  Failed((*file)->Truncate(recovered_end_), "cutting " + name);
}

// Of the oldest segment, when it is obsolete; RemoveObsolete leaves one for this.
void Wal::PrepareSpare() {
  // Not for a log that hardly grows.
  if (!options_.preallocate || failed_ || file_size_ < std::min(kSpareAfter, options_.segment_bytes / 4)) return;
  std::string recycled;
  if (FirstIsObsolete(snapshot_index_)) {
    recycled = Path(SegmentName(segments_.front().number));
    segments_.erase(segments_.begin());
  }
  spare_.Prepare(recycled, alive_.Wrap([this](const Status& status) { Failed(status, "making a segment ahead"); }));
}

void Wal::SaveSnapshot(const raft::SnapshotMeta& meta, SnapshotSource source, Completion<raft::Index> done) {
  if (failed_) return;
  snapshots_.Save(meta, std::move(source),
                  alive_.Wrap([this, index = meta.index, done = std::move(done)](const Status& status) {
                    if (status.code() == Code::kAborted) return done(0);
                    if (Failed(status, "saving a snapshot")) return;
                    snapshot_index_ = std::max(snapshot_index_, index);
                    RemoveObsolete(snapshot_index_);
                    done(index);
                  }));
}

// Only in front of a segment that is surely there, and from the oldest on.
bool Wal::FirstIsObsolete(raft::Index snapshot_index) const {
  return segments_.size() > 1 && segments_.front().number < durable_segment_ &&
         segments_.front().max_index <= snapshot_index;
}

// Removal is not synced: a file that a crash brings back is removed after the next snapshot.
void Wal::RemoveObsolete(raft::Index snapshot_index) {
  const auto names = env_.disk().List(options_.directory);
  if (Failed(names.status(), "listing " + options_.directory)) return;
  for (const std::string& name : *names) {
    const auto index = SnapshotFileIndex(name);
    if (index && *index < snapshot_index && Failed(env_.disk().Remove(Path(name)), "removing " + name)) return;
  }
  while (FirstIsObsolete(snapshot_index)) {
    // The last of them waits to become the next segment.
    const bool only =
        !(segments_.size() > 2 && segments_[1].number < durable_segment_ && segments_[1].max_index <= snapshot_index);
    if (options_.preallocate && only) return;
    const std::string name = SegmentName(segments_.front().number);
    if (Failed(env_.disk().Remove(Path(name)), "removing " + name)) return;
    segments_.erase(segments_.begin());
  }
}

bool Wal::Failed(const Status& status, const std::string& what) {
  if (status.ok()) return false;
  failed_ = true;
  env_.Fail("wal", what + ": " + status.message());
  return true;
}

}  // namespace kp::store
