// Linearizable reads without log entries (thesis 6.4): the leader notes its commit index, makes sure
// by a round of heartbeats that it still led after that, and the read waits for that index.
//
// All reads of one turn of the loop share a round; the context of a heartbeat is the round's number.
#include <algorithm>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/raft/node.h"

namespace kp::raft {

Status Node::ReadIndex(uint64_t context) {
  if (role_ == Role::kLeader) {
    QueueRead(options_.id, context);
    return Status::Ok();
  }
  if (leader_ == kNoNode) return Status(Code::kUnavailable, "raft: no leader");
  const uint64_t number = ++next_read_number_;
  forwarded_reads_.emplace(number, ForwardedRead{context, ticks_});
  Send({.type = MessageType::kReadIndex, .to = leader_, .context = number});
  return Status::Ok();
}

void Node::OnReadIndex(const Message& message) {
  if (role_ == Role::kLeader) QueueRead(message.from, message.context);
}

void Node::QueueRead(NodeId from, uint64_t context) {
  PendingRead read{from, context, log_.commit(), 0};
  // Until the first commit of its term a leader's commit index may lag behind its predecessor's.
  if (!CommittedInTerm() && !KP_MUTANT("raft-read-before-term-commit")) {
    reads_before_commit_.push_back(read);
  } else if (options_.lease_reads) {
    AnswerRead(read);
  } else {
    reads_next_round_.push_back(read);
  }
}

void Node::StartReadRound() {
  if (reads_next_round_.empty()) return;
  ++read_round_;
  for (PendingRead& read : reads_next_round_) {
    read.round = read_round_;
    reads_in_round_.push_back(read);
  }
  reads_next_round_.clear();
  BroadcastHeartbeat();
  ReleaseReads();
}

void Node::BroadcastHeartbeat() {
  for (const auto& [id, progress] : progress_) {
    // Not beyond what it acknowledged: what it holds there may be about to be overwritten.
    const Index known = KP_MUTANT("raft-heartbeat-commits-unverified") ? log_.commit() : progress.match;
    Send({.type = MessageType::kHeartbeat, .to = id, .commit = std::min(known, log_.commit()), .context = read_round_});
  }
}

void Node::ReleaseReads() {
  if (role_ != Role::kLeader) return;
  if (CommittedInTerm() && !reads_before_commit_.empty()) {
    for (PendingRead& read : reads_before_commit_) {
      read.index = log_.commit();
      if (options_.lease_reads) {
        AnswerRead(read);
      } else {
        reads_next_round_.push_back(read);
      }
    }
    reads_before_commit_.clear();
  }
  uint64_t confirmed = configuration_.QuorumValue(
      [this](NodeId id) { return id == options_.id ? read_round_ : progress_.at(id).read_round; });
  if (KP_MUTANT("raft-stale-read")) confirmed = read_round_;
  while (!reads_in_round_.empty() && reads_in_round_.front().round <= confirmed) {
    const PendingRead read = reads_in_round_.front();
    reads_in_round_.pop_front();
    AnswerRead(read);
  }
}

void Node::AnswerRead(const PendingRead& read) {
  if (read.from == options_.id) {
    read_states_.push_back({read.context, read.index});
  } else {
    Send({.type = MessageType::kReadIndexReply, .to = read.from, .index = read.index, .context = read.context});
  }
}

void Node::DropReads() {
  for (const auto* reads : {&reads_before_commit_, &reads_next_round_}) {
    for (const PendingRead& read : *reads) {
      if (read.from == options_.id) lost_reads_.push_back(read.context);
    }
  }
  for (const PendingRead& read : reads_in_round_) {
    if (read.from == options_.id) lost_reads_.push_back(read.context);
  }
  for (const auto& [number, read] : forwarded_reads_) lost_reads_.push_back(read.context);
  reads_before_commit_.clear();
  reads_next_round_.clear();
  reads_in_round_.clear();
  forwarded_reads_.clear();
}

void Node::ExpireForwardedReads() {
  while (!forwarded_reads_.empty()) {
    const auto oldest = forwarded_reads_.begin();
    if (ticks_ - oldest->second.tick < static_cast<uint64_t>(options_.election_ticks)) return;
    lost_reads_.push_back(oldest->second.context);
    forwarded_reads_.erase(oldest);
  }
}

void Node::OnReadIndexReply(const Message& message) {
  const auto found = forwarded_reads_.find(message.context);
  if (found == forwarded_reads_.end()) return;
  read_states_.push_back({found->second.context, message.index});
  forwarded_reads_.erase(found);
}

}  // namespace kp::raft
