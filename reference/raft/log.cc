#include "reference/raft/log.h"

#include <algorithm>

#include "reference/base/check.h"

namespace kp::raft {

Log::Log(const SnapshotMeta& start, std::vector<Entry> entries, Index commit)
    : offset_(start.index), offset_term_(start.term), applying_(start.index), applied_(start.index) {
  for (Entry& entry : entries) Append(std::move(entry));
  written_ = stable_ = last();
  commit_ = std::max(start.index, commit);
  CHECK_LE(commit_, last()) << "recovered commit index beyond the recovered log";
}

std::optional<Term> Log::TermAt(Index index) const {
  if (index == offset_) return offset_term_;
  if (index < offset_ || index > last()) return std::nullopt;
  return entries_[index - offset_ - 1].term;
}

const Entry& Log::At(Index index) const {
  CHECK(index > offset_ && index <= last()) << "entry " << index << " of a log from " << first() << " to " << last();
  return entries_[index - offset_ - 1];
}

std::vector<Entry> Log::Slice(Index from, Index to, size_t max_bytes) const {
  std::vector<Entry> slice;
  size_t bytes = 0;
  for (Index index = from; index <= to; ++index) {
    const Entry& entry = At(index);
    bytes += entry.size();
    if (!slice.empty() && bytes > max_bytes) break;
    slice.push_back(entry);
  }
  return slice;
}

bool Log::CoveredBy(Term other_last_term, Index other_last) const {
  return other_last_term > last_term() || (other_last_term == last_term() && other_last >= last());
}

Index Log::FindConflictByTerm(Index from, Term term) const {
  Index index = std::min(from, last());
  while (index > offset_ && *TermAt(index) > term) --index;
  return index;
}

Index Log::FindConflict(const std::vector<Entry>& entries) const {
  for (const Entry& entry : entries) {
    // What is compacted here was committed, so it cannot differ.
    if (entry.index > offset_ && !Matches(entry.index, entry.term)) return entry.index;
  }
  return 0;
}

void Log::Append(Entry entry) {
  CHECK_EQ(entry.index, last() + 1);
  CHECK_LE(last_term(), entry.term);
  entries_.push_back(std::move(entry));
}

void Log::TruncateFrom(Index index) {
  CHECK(index > commit_) << "truncating committed entry " << index << ", commit " << commit_;
  if (index > last()) return;
  entries_.resize(index - offset_ - 1);
  written_ = std::min(written_, last());
  stable_ = std::min(stable_, last());
}

void Log::CommitTo(Index index) {
  if (index <= commit_) return;
  CHECK_LE(index, last()) << "commit index beyond the log";
  commit_ = index;
}

void Log::Compact(Index index) {
  CHECK_LE(index, applied_) << "compacting what is not applied";
  if (index <= offset_) return;
  offset_term_ = *TermAt(index);
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(index - offset_));
  offset_ = index;
  // An applied entry that is not yet on this disk is in the snapshot that allowed the compaction.
  written_ = std::max(written_, index);
  stable_ = std::max(stable_, index);
}

void Log::Restore(const SnapshotMeta& snapshot) {
  CHECK_LT(commit_, snapshot.index);
  entries_.clear();
  offset_ = snapshot.index;
  offset_term_ = snapshot.term;
  commit_ = applying_ = snapshot.index;
  written_ = snapshot.index;
  stable_ = 0;  // nothing is until the snapshot is
}

void Log::set_applying(Index index) {
  CHECK(applying_ <= index && index <= commit_) << "applying " << index << ", commit " << commit_;
  applying_ = index;
}

void Log::set_applied(Index index) {
  CHECK_LE(index, applying_) << "applied what was never handed out";
  applied_ = std::max(applied_, index);
}

void Log::set_written(Index index) {
  CHECK(written_ <= index && index <= last()) << "written " << index;
  written_ = index;
}

void Log::set_stable(Index index) {
  CHECK_LE(index, written_) << "stable beyond what was written";
  stable_ = std::max(stable_, index);
}

void Log::CheckInvariants() const {
  CHECK_LE(applied_, applying_);
  CHECK_LE(applying_, commit_);
  CHECK_LE(offset_, commit_);
  CHECK_LE(commit_, last());
  CHECK_LE(stable_, written_);
  CHECK_LE(written_, last());
  Term term = offset_term_;
  Index index = offset_;
  for (const Entry& entry : entries_) {
    CHECK_EQ(entry.index, ++index);
    CHECK_LE(term, entry.term);
    term = entry.term;
  }
}

}  // namespace kp::raft
