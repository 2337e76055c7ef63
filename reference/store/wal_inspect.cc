#include "reference/store/wal_inspect.h"

#include <algorithm>
#include <utility>

namespace kp::store {
namespace {

uint64_t NonZeroBytes(std::string_view bytes, size_t from) {
  const size_t last = bytes.find_last_not_of('\0');
  return last == bytes.npos || last < from ? 0 : last + 1 - from;
}

class Inspector {
 public:
  explicit Inspector(const std::vector<SegmentFile>& segments) : segments_(segments) {}

  WalInspection Run() {
    for (size_t i = 0; i < segments_.size() && !result_.damage; ++i) Segment(i);
    return std::move(result_);
  }

 private:
  void Damage(size_t i, uint64_t offset, std::string what) {
    bool later = HoldsLaterBatch(
        std::string_view(segments_[i].bytes).substr(std::min<size_t>(offset + 1, segments_[i].bytes.size())),
        sequence_);
    for (size_t j = i + 1; j < segments_.size(); ++j) later = later || DecodeSegmentHeader(segments_[j].bytes).ok();
    result_.damage = {segments_[i].name, offset, std::move(what), !later};
  }

  void Segment(size_t i) {
    const SegmentFile& file = segments_[i];
    const bool last = i + 1 == segments_.size();
    const auto header = DecodeSegmentHeader(file.bytes);
    if (!header.ok()) {
      const std::string_view front = std::string_view(file.bytes).substr(0, kSegmentHeaderSize);
      const bool unwritten = front.size() < kSegmentHeaderSize || NonZeroBytes(front, 0) == 0;
      if (!last || !unwritten) Damage(i, 0, header.error().message());
      return;
    }
    // In front of a gap they were being removed.
    if (i == 0 || segments_[i - 1].number + 1 != file.number) {
      sequence_ = header->first_sequence;
      chain_ = header->chain;
    }
    if (header->number != file.number) return Damage(i, 0, "segment header of another file");
    if (header->first_sequence != sequence_ || header->chain != chain_) {
      return Damage(i, 0, "segment does not follow the one before it");
    }
    result_.segments.push_back({.file = file.name, .header = *header});
    std::string_view bytes = file.bytes;
    if (last && bytes.size() < header->size) return Damage(i, bytes.size(), "file cut short");
    if (!last) {
      const auto next = DecodeSegmentHeader(segments_[i + 1].bytes);
      if (next.ok()) bytes = bytes.substr(0, next->previous_end);
    }
    Batches(i, bytes);
  }

  void Batches(size_t i, std::string_view bytes) {
    WalSegmentView& view = result_.segments.back();
    size_t offset = kSegmentHeaderSize;
    while (offset < bytes.size()) {
      auto batch = DecodeBatch(bytes.substr(offset), sequence_, chain_);
      if (!batch.ok()) {
        if (i + 1 < segments_.size() || !IsUnfinished(bytes, offset)) Damage(i, offset, batch.error().message());
        break;
      }
      view.batches.push_back({sequence_, offset, batch->size, std::move(batch->records)});
      offset += batch->size;
      chain_ = batch->chain;
      ++sequence_;
    }
    view.end = offset;
    if (!result_.damage) view.unfinished_bytes = NonZeroBytes(bytes, offset);
  }

  const std::vector<SegmentFile>& segments_;
  WalInspection result_;
  uint64_t sequence_ = 1;
  uint32_t chain_ = 0;
};

}  // namespace

WalInspection InspectWal(const std::vector<SegmentFile>& segments) { return Inspector(segments).Run(); }

}  // namespace kp::store
