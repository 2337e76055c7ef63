#include "reference/store/snapshot_writer.h"

#include <utility>

#include "reference/base/check.h"
#include "reference/base/crc32c.h"
#include "reference/base/mutant.h"
#include "reference/store/little_endian.h"
#include "reference/store/snapshot_file.h"

namespace kp::store {
namespace {

// Each piece is synced by itself: a sync of the log waits for one piece at most, and the device is never handed the
// whole at once.
constexpr size_t kPieceBytes = 256 << 10;

}  // namespace

SnapshotSource SourceOf(raft::Buffer data) {
  return [data = std::move(data), at = size_t{0}](size_t size, std::string& out) mutable {
    if (!data) return SnapshotPiece::kLast;
    out.append(*data, at, size);
    at += std::min(size, data->size() - at);
    return at == data->size() ? SnapshotPiece::kLast : SnapshotPiece::kMore;
  };
}

void SnapshotWriter::Save(const raft::SnapshotMeta& meta, SnapshotSource source, Completion<Status> done) {
  CHECK(!busy()) << "one snapshot at a time";
  path_ = directory_ + "/" + SnapshotFileName(meta);
  auto file = env_.disk().Open(Temporary(), runtime::Disk::OpenMode::kCreate);
  if (!file.ok()) {
    env_.Post(alive_.Wrap([done = std::move(done), status = file.error()] { done(status); }));
    return;
  }
  file_ = std::move(*file);
  source_ = std::move(source);
  done_ = std::move(done);
  piece_ = EncodeSnapshotHead(meta);
  size_ = 0;
  crc_ = 0;
  last_ = false;
  if (Status status = file_->Truncate(0); !status.ok()) return End(status);
  WritePiece();
}

void SnapshotWriter::WritePiece() {
  const SnapshotPiece got = source_(kPieceBytes, piece_);
  if (got == SnapshotPiece::kGone) return End({Code::kAborted, "the state was replaced"});
  crc_ = Crc32c(piece_, crc_);
  last_ = got == SnapshotPiece::kLast;
  if (last_) Append32(piece_, crc_);
  if (Status status = file_->Write(size_, piece_); !status.ok()) return End(status);
  size_ += piece_.size();
  written_bytes_ += piece_.size();
  piece_.clear();
  if (KP_MUTANT("snapshot-published-before-sync")) {
    return env_.Post(alive_.Wrap([this] { OnSynced(Status::Ok()); }));
  }
  file_->Sync(alive_.Wrap([this](const Status& status) { OnSynced(status); }));
}

void SnapshotWriter::OnSynced(const Status& status) {
  if (!status.ok()) return End(status);
  if (last_) return Publish();
  WritePiece();
}

void SnapshotWriter::Publish() {
  if (Status status = env_.disk().Rename(Temporary(), path_); !status.ok()) return End(status);
  env_.disk().SyncDirectory(directory_, alive_.Wrap([this](const Status& status) { End(status); }));
}

void SnapshotWriter::End(const Status& status) {
  file_ = nullptr;
  source_ = nullptr;
  piece_ = {};
  if (status.code() == Code::kAborted) (void)env_.disk().Remove(Temporary());
  // Posted: the source, or whoever asked, may be further up the stack.
  env_.Post(alive_.Wrap([done = std::exchange(done_, nullptr), status] { done(status); }));
}

}  // namespace kp::store
