#include "reference/store/wal_recovery.h"

#include <algorithm>

#include "reference/base/mutant.h"

namespace kp::store {
namespace {

Status Damaged(const SegmentFile& file, size_t offset, std::string_view what) {
  return Status(Code::kDataLoss, "wal: " + file.name + " offset " + std::to_string(offset) + ": " + std::string(what));
}

constexpr raft::Term kUnknownTerm = UINT64_MAX;

// What the records say, one after another.
class Replay {
 public:
  Status Apply(const WalRecord& record) {
    return std::visit([this](const auto& value) { return On(value); }, record);
  }

  Status On(const WalMetadata& metadata) {
    metadata_ = metadata.bytes;
    return Status::Ok();
  }

  Status On(const WalStart& start) {
    if (TermAt(start.index) == start.term) {
      entries_.resize(start.index - base_.index);
    } else {
      entries_.clear();
      base_ = start;
    }
    return Status::Ok();
  }

  Status On(const raft::HardState& state) {
    if (state.term < hard_state_.term) return Status(Code::kDataLoss, "term goes back");
    hard_state_ = state;
    return Status::Ok();
  }

  Status On(const raft::Entry& entry) {
    if (entry.index > last() + 1) {
      return Status(Code::kDataLoss, "entry " + std::to_string(entry.index) + " after entry " + std::to_string(last()));
    }
    if (entry.index <= base_.index) {
      // The oldest segment begins after entries that were not committed then and were overwritten
      // later; the segment that held them is gone, because a snapshot covers their indexes.
      base_ = {entry.index - 1, kUnknownTerm};
      entries_.clear();
    }
    entries_.resize(entry.index - base_.index - 1);
    entries_.push_back(entry);
    return Status::Ok();
  }

  // Without the entries that the snapshot holds, or that it contradicts.
  Result<raft::Recovered> Finish(const std::optional<raft::Snapshot>& snapshot) && {
    raft::Recovered recovered;
    recovered.hard_state = hard_state_;
    if (snapshot) recovered.start = snapshot->meta;
    const raft::SnapshotMeta& start = recovered.start;
    if (base_.index > start.index) {
      return Status(Code::kDataLoss, "wal: the log begins after entry " + std::to_string(base_.index) +
                                         ", the newest snapshot ends at " + std::to_string(start.index));
    }
    if (TermAt(start.index) == start.term) {
      entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(start.index - base_.index));
      recovered.entries = std::move(entries_);
    }
    if (recovered.hard_state.term < start.term) {
      // The snapshot outlived the batch that said so: no vote of that term was ever given.
      recovered.hard_state.term = start.term;
      recovered.hard_state.vote = raft::kNoNode;
    }
    if (KP_MUTANT("wal-forgets-what-it-wrote-last")) {
      recovered.entries.resize(recovered.entries.size() - std::min<size_t>(recovered.entries.size(), 5));
      recovered.hard_state.commit = std::min(recovered.hard_state.commit, start.index + recovered.entries.size());
    }
    const raft::Index last = start.index + recovered.entries.size();
    if (recovered.hard_state.commit > last) {
      return Status(Code::kDataLoss, "wal: commit index " + std::to_string(recovered.hard_state.commit) +
                                         " beyond the last entry " + std::to_string(last));
    }
    return recovered;
  }

  raft::Index last() const { return base_.index + entries_.size(); }
  const std::string& metadata() const { return metadata_; }

 private:
  std::optional<raft::Term> TermAt(raft::Index index) const {
    if (index == base_.index) return base_.term;
    if (index < base_.index || index > last()) return std::nullopt;
    return entries_[index - base_.index - 1].term;
  }

  std::string metadata_;
  WalStart base_;
  raft::HardState hard_state_;
  std::vector<raft::Entry> entries_;
};

// Segments in front of a gap were being removed when the process died: they come before a
// snapshot, or else the log that is left begins too late and Replay::Finish says so.
size_t FirstConnected(const std::vector<SegmentFile>& segments) {
  size_t first = 0;
  for (size_t i = 1; i < segments.size(); ++i) {
    if (segments[i].number != segments[i - 1].number + 1) first = i;
  }
  return first;
}

class Recovery {
 public:
  explicit Recovery(const std::vector<SegmentFile>& segments) : segments_(segments) {}

  Result<WalContents> Run(std::optional<raft::Snapshot> snapshot) {
    const size_t first = FirstConnected(segments_);
    for (size_t i = 0; i < first; ++i) contents_.segments.push_back({segments_[i].number, 0});
    for (size_t i = first; i < segments_.size(); ++i) {
      if (Status status = ReadSegment(i, i == first); !status.ok()) return status;
    }
    contents_.fresh = !any_batch_ && !snapshot;
    contents_.metadata = replay_.metadata();
    auto recovered = std::move(replay_).Finish(snapshot);
    if (!recovered.ok()) return recovered.error();
    contents_.raft = std::move(*recovered);
    contents_.snapshot = std::move(snapshot);
    const auto& entries = contents_.raft.entries;
    position().last_index = entries.empty() ? contents_.raft.start.index : entries.back().index;
    position().last_term = entries.empty() ? contents_.raft.start.term : entries.back().term;
    return std::move(contents_);
  }

 private:
  WalPosition& position() { return contents_.position; }

  Status ReadSegment(size_t i, bool first) {
    const SegmentFile& file = segments_[i];
    const bool last = i + 1 == segments_.size();
    auto header = DecodeSegmentHeader(file.bytes);
    if (header.ok() && header->number != file.number)
      header = Status(Code::kDataLoss, "segment header of another file");
    if (!header.ok()) {
      // A segment that was being made when the process died: its first sector never was written, or its first batch
      // was not, which is written together with the header.
      const std::string_view front = std::string_view(file.bytes).substr(0, kSegmentHeaderSize);
      const std::string_view rest = std::string_view(file.bytes).substr(front.size());
      const bool unwritten = front.find_first_not_of('\0') == front.npos || rest.find_first_not_of('\0') == rest.npos;
      if (last && unwritten && !first && !HoldsLaterBatch(file.bytes, position().next_sequence)) return Skip(file);
      if (last && unwritten && first && !HoldsLaterBatch(file.bytes, 1) && file.number == 1) return Skip(file);
      return Damaged(file, 0, header.error().message());
    }
    if (first) {
      position().next_sequence = header->first_sequence;
      position().chain = header->chain;
    } else if (header->first_sequence != position().next_sequence || header->chain != position().chain ||
               header->previous_end != position().previous_end) {
      return Damaged(file, 0, "segment does not follow the one before it");
    }
    std::string_view bytes = file.bytes;
    // Of the others the next header says how far they count; they may have been cut to that.
    if (last && bytes.size() < header->size) return Damaged(file, bytes.size(), "file cut short");
    if (!last) {
      const auto next = DecodeSegmentHeader(segments_[i + 1].bytes);
      if (next.ok() && next->previous_end <= bytes.size()) bytes = bytes.substr(0, next->previous_end);
    }
    return ReadBatches(file, bytes, i);
  }

  Status ReadBatches(const SegmentFile& file, std::string_view bytes, size_t i) {
    WalContents::Segment segment{file.number, 0};
    size_t offset = kSegmentHeaderSize;
    while (offset < bytes.size()) {
      auto batch = DecodeBatch(bytes.substr(offset), position().next_sequence, position().chain);
      if (!batch.ok()) {
        if (Status status = AdmitTornTail(file, bytes, offset, i, batch.error()); !status.ok()) return status;
        break;
      }
      for (const WalRecord& record : batch->records) {
        if (Status status = replay_.Apply(record); !status.ok()) return Damaged(file, offset, status.message());
        if (std::holds_alternative<raft::Entry>(record))
          segment.max_index = std::max(segment.max_index, replay_.last());
      }
      any_batch_ = true;
      offset += batch->size;
      ++position().next_sequence;
      position().chain = batch->chain;
    }
    position().previous_end = offset;
    position().next_segment = file.number + 1;
    contents_.segments.push_back(segment);
    return Status::Ok();
  }

  Status AdmitTornTail(const SegmentFile& file, std::string_view bytes, size_t offset, size_t i, const Status& what) {
    // Later batches, here or in a later segment that has any, prove that this one was durable.
    bool later = HoldsLaterBatch(bytes.substr(offset + 1), position().next_sequence);
    for (size_t j = i + 1; j < segments_.size(); ++j) {
      later = later || DecodeSegmentHeader(segments_[j].bytes).ok() ||
              HoldsLaterBatch(segments_[j].bytes, position().next_sequence);
    }
    if (later || !IsUnfinished(bytes, offset)) return Damaged(file, offset, what.message());
    const size_t end = bytes.find_last_not_of('\0');
    contents_.torn_bytes += end == bytes.npos || end < offset ? 0 : end + 1 - offset;
    return Status::Ok();
  }

  Status Skip(const SegmentFile& file) {
    const size_t end = file.bytes.find_last_not_of('\0');
    contents_.torn_bytes += end == std::string::npos ? 0 : end + 1;
    position().next_segment = file.number;  // made again
    return Status::Ok();
  }

  const std::vector<SegmentFile>& segments_;
  WalContents contents_;
  Replay replay_;
  bool any_batch_ = false;
};

}  // namespace

Result<WalContents> RecoverWal(const std::vector<SegmentFile>& segments, std::optional<raft::Snapshot> snapshot) {
  return Recovery(segments).Run(std::move(snapshot));
}

}  // namespace kp::store
