// What the leader knows of one follower, and how much it may send it.
#pragma once

#include <deque>

#include "reference/raft/types.h"

namespace kp::raft {

// Bounds messages and bytes sent and not yet acknowledged, so that a slow follower costs the leader
// bounded memory and a lost message costs a bounded resend.
class Inflights {
 public:
  Inflights(size_t max_messages, size_t max_bytes) : max_messages_(max_messages), max_bytes_(max_bytes) {}

  bool Full() const { return sent_.size() >= max_messages_ || bytes_ >= max_bytes_; }
  size_t count() const { return sent_.size(); }
  void Add(Index last, size_t bytes) {
    sent_.push_back({last, bytes});
    bytes_ += bytes;
  }
  void FreeTo(Index index) {
    while (!sent_.empty() && sent_.front().last <= index) {
      bytes_ -= sent_.front().bytes;
      sent_.pop_front();
    }
  }
  void Clear() {
    sent_.clear();
    bytes_ = 0;
  }

 private:
  friend class StateVisitor;  // node_state.cc
  struct Sent {
    Index last;
    size_t bytes;
  };
  size_t max_messages_;
  size_t max_bytes_;
  size_t bytes_ = 0;
  std::deque<Sent> sent_;
};

struct Progress {
  enum class State : uint8_t {
    kProbe,      // agreement unknown: one append per heartbeat
    kReplicate,  // pipelined, `next` runs ahead of `match`
    kSnapshot,   // waits for a snapshot to arrive
  };

  Progress(Index next_index, Inflights limits) : next(next_index), inflights(std::move(limits)) {}

  State state = State::kProbe;
  Index match = 0;  // known equal to ours and durable there
  Index next = 1;   // first entry to send
  Index sent_commit = 0;
  Index pending_snapshot = 0;
  int snapshot_ticks = 0;
  bool probe_sent = false;     // kProbe: the one append is out
  bool recent_active = false;  // heard since the last quorum check
  uint64_t read_round = 0;     // the newest read round it confirmed
  Inflights inflights;

  bool Paused() const;
  void BecomeProbe();
  void BecomeReplicate();
  void BecomeSnapshot(Index index);
  // An acknowledgement up to `index`; false when it says nothing new.
  bool MaybeUpdate(Index index);
  // A rejection of the append that followed entry `rejected`; false when stale.
  bool MaybeDecrement(Index rejected, Index hint);
};

}  // namespace kp::raft
