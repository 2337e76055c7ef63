#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/errors.h"
#include "reference/store/member.h"

namespace kp::store {

void Member::ReadBarrier(Completion<Status> done) {
  ++counters_.reads;
  if (KP_MUTANT("store-serves-stale-linearizable-read")) {
    return env_.Post(alive_.Wrap([done = std::move(done)] { done(Status::Ok()); }));
  }
  if (next_reads_.size() >= options_.max_waiting) {
    return env_.Post(alive_.Wrap([done = std::move(done)] { done(ErrorTooManyRequests()); }));
  }
  next_reads_.push_back({env_.Now() + RequestTimeout(), std::move(done)});
  ScheduleTurn();
}

// One question to the leader for all reads that came in this turn. A fresh context each time: an answer
// to an earlier question says nothing about reads that came after it (etcd-io/etcd#20418).
void Member::StartReadRound() {
  if (next_reads_.empty()) return;
  const uint64_t context = ++last_read_context_;
  if (!node_->ReadIndex(context).ok()) return;  // no leader; asked again with the next turn
  ++counters_.read_rounds;
  asked_reads_.emplace(context, std::exchange(next_reads_, {}));
}

void Member::OnReadStates(const std::vector<raft::ReadState>& states) {
  for (const raft::ReadState& state : states) {
    auto asked = asked_reads_.find(state.context);
    if (asked == asked_reads_.end()) continue;
    std::vector<Read>& waiting = confirmed_reads_[state.index];
    for (Read& read : asked->second) waiting.push_back(std::move(read));
    asked_reads_.erase(asked);
  }
}

void Member::OnLostReads(const std::vector<uint64_t>& contexts) {
  for (const uint64_t context : contexts) {
    auto asked = asked_reads_.find(context);
    if (asked == asked_reads_.end()) continue;
    for (Read& read : asked->second) next_reads_.push_back(std::move(read));
    asked_reads_.erase(asked);
  }
}

void Member::CompleteReads() {
  while (!confirmed_reads_.empty() && confirmed_reads_.begin()->first <= applied_) {
    const std::vector<Read> reads = std::move(confirmed_reads_.begin()->second);
    confirmed_reads_.erase(confirmed_reads_.begin());
    for (const Read& read : reads) read.done(Status::Ok());
  }
}

}  // namespace kp::store
