// The log in memory: every entry since the last compaction, and how far it has been handed to the
// disk, made durable, committed and applied.
//
//   offset <= applied <= applying <= commit <= last
//   stable <= written <= last
//
// `stable` counts what a completed sync covers. An entry that is overwritten while its write is in
// flight must not become stable by the completion of that older write; Node keeps that account.
#pragma once

#include <deque>
#include <vector>

#include "reference/raft/types.h"

namespace kp::raft {

class Log {
 public:
  // As recovered: all of it is on disk. `start` is the snapshot, or zero. Entries follow it.
  Log(const SnapshotMeta& start, std::vector<Entry> entries, Index commit);

  Index offset() const { return offset_; }  // the entry before the first one kept
  Index first() const { return offset_ + 1; }
  Index last() const { return offset_ + entries_.size(); }
  Term last_term() const { return *TermAt(last()); }
  // Nothing below offset or beyond the end. At offset it is the snapshot's term.
  std::optional<Term> TermAt(Index index) const;
  bool Matches(Index index, Term term) const { return TermAt(index) == term; }
  const Entry& At(Index index) const;

  // Entries from `from` on, until their data passes `max_bytes`; the first one always.
  std::vector<Entry> Slice(Index from, Index to, size_t max_bytes) const;

  // True when a log that ends so holds all that this one may have committed (Raft 5.4.1).
  bool CoveredBy(Term other_last_term, Index other_last) const;
  // The largest index <= `from` whose term is <= `term`, or offset: where two logs may still agree.
  Index FindConflictByTerm(Index from, Term term) const;
  // First of `entries` that is missing here or has another term; 0 when all are present.
  Index FindConflict(const std::vector<Entry>& entries) const;

  void Append(Entry entry);
  // Drops `index` and all after it. Committed entries never go: that is a CHECK.
  void TruncateFrom(Index index);
  void CommitTo(Index index);
  // Drops entries up to `index`, which must be applied.
  void Compact(Index index);
  // Replaces everything by a snapshot received from the leader.
  void Restore(const SnapshotMeta& snapshot);

  Index commit() const { return commit_; }
  Index applying() const { return applying_; }
  Index applied() const { return applied_; }
  Index written() const { return written_; }
  Index stable() const { return stable_; }
  void set_applying(Index index);
  void set_applied(Index index);
  void set_written(Index index);
  void set_stable(Index index);

  void CheckInvariants() const;

 private:
  friend class StateVisitor;  // node_state.cc
  Index offset_ = 0;
  Term offset_term_ = 0;
  std::deque<Entry> entries_;  // entries_[i] has index offset_ + 1 + i
  Index commit_ = 0;
  Index applying_ = 0;  // handed to the state machine
  Index applied_ = 0;   // done by the state machine
  Index written_ = 0;   // handed to the disk
  Index stable_ = 0;    // on disk
};

}  // namespace kp::raft
