#include "reference/raft/progress.h"

#include <algorithm>

namespace kp::raft {

bool Progress::Paused() const {
  switch (state) {
    case State::kProbe: return probe_sent;
    case State::kReplicate: return inflights.Full();
    case State::kSnapshot: return true;
  }
  return true;
}

void Progress::BecomeProbe() {
  // After a snapshot the follower holds at least what it carried, if it arrived.
  next = state == State::kSnapshot ? std::max(match, pending_snapshot) + 1 : match + 1;
  state = State::kProbe;
  pending_snapshot = 0;
  probe_sent = false;
  sent_commit = std::min(sent_commit, next - 1);
  inflights.Clear();
}

void Progress::BecomeReplicate() {
  state = State::kReplicate;
  pending_snapshot = 0;
  probe_sent = false;
  next = match + 1;
  inflights.Clear();
}

void Progress::BecomeSnapshot(Index index) {
  state = State::kSnapshot;
  pending_snapshot = index;
  snapshot_ticks = 0;
  probe_sent = false;
  next = index + 1;
  inflights.Clear();
}

bool Progress::MaybeUpdate(Index index) {
  if (index <= match) return false;
  match = index;
  next = std::max(next, index + 1);
  probe_sent = false;
  return true;
}

bool Progress::MaybeDecrement(Index rejected, Index hint) {
  if (state == State::kReplicate) {
    if (rejected <= match) return false;
    next = match + 1;
    return true;
  }
  if (next - 1 != rejected) return false;
  next = std::max(std::min(rejected, hint + 1), match + 1);
  sent_commit = std::min(sent_commit, next - 1);
  probe_sent = false;
  return true;
}

}  // namespace kp::raft
