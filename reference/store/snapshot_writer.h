// Writes a snapshot file piece by piece, so that neither the loop nor the log's own syncs wait long for a large state.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference/raft/types.h"
#include "reference/runtime/env.h"

namespace kp::store {

// Appends the next piece of a snapshot's data, of about the size that is asked for.
enum class SnapshotPiece : uint8_t {
  kMore,
  kLast,
  kGone,  // the state has been replaced under it: there is no such snapshot any more
};
using SnapshotSource = std::function<SnapshotPiece(size_t size, std::string& out)>;
SnapshotSource SourceOf(raft::Buffer data);

class SnapshotWriter {
 public:
  SnapshotWriter(runtime::Env& env, std::string directory) : env_(env), directory_(std::move(directory)) {}

  // One at a time. kAborted when the source gave up; other errors are the disk's.
  void Save(const raft::SnapshotMeta& meta, SnapshotSource source, Completion<Status> done);
  bool busy() const { return file_ != nullptr; }
  uint64_t written_bytes() const { return written_bytes_; }

 private:
  void WritePiece();
  void OnSynced(const Status& status);
  void Publish();
  void End(const Status& status);
  std::string Temporary() const { return path_ + ".tmp"; }

  runtime::Env& env_;
  const std::string directory_;
  std::string path_;
  SnapshotSource source_;
  Completion<Status> done_;
  std::unique_ptr<runtime::File> file_;
  std::string piece_;
  uint64_t size_ = 0;
  uint32_t crc_ = 0;
  bool last_ = false;
  uint64_t written_bytes_ = 0;
  Alive alive_;
};

}  // namespace kp::store
