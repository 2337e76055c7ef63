// The log from the leader to the followers.
#include <algorithm>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/raft/node.h"

namespace kp::raft {

Status Node::AdmitProposal(size_t bytes) const {
  if (role_ != Role::kLeader) return Status(Code::kFailedPrecondition, "raft: not leader");
  if (transferee_ != kNoNode) return Status(Code::kUnavailable, "raft: leadership is being transferred");
  if (uncommitted_bytes_ > 0 && uncommitted_bytes_ + bytes > options_.max_uncommitted_bytes) {
    return Status(Code::kResourceExhausted, "raft: too many uncommitted bytes");
  }
  return Status::Ok();
}

void Node::AppendOwn(EntryType type, Buffer data) {
  TraceProposal(type, data);
  Entry entry{term_, log_.last() + 1, type, std::move(data)};
  uncommitted_bytes_ += entry.size();
  if (type == EntryType::kConfiguration) pending_change_ = entry.index;
  log_.Append(std::move(entry));
  TraceOwnAppend("Send", log_.last());
}

Status Node::Propose(Buffer data) {
  if (role_ != Role::kLeader && options_.forward_proposals) return Forward({.data = std::move(data)});
  if (Status status = AdmitProposal(data ? data->size() : 0); !status.ok()) return status;
  AppendOwn(EntryType::kNormal, std::move(data));
  return Status::Ok();
}

Status Node::Forward(Entry entry) {
  if (leader_ == kNoNode) return Status(Code::kUnavailable, "raft: no leader");
  Message forward{.type = MessageType::kPropose, .to = leader_};
  forward.entries.push_back(std::move(entry));
  Send(std::move(forward));
  return Status::Ok();
}

void Node::OnPropose(Message message) {
  // A refusal is silent: a forwarded proposal is like one lost on the way.
  for (Entry& entry : message.entries) {
    if (entry.type == EntryType::kConfiguration) {
      const auto change = DecodeChange(entry.bytes());
      if (role_ != Role::kLeader || !change.ok() || !ProposeChange(*change).ok()) return;
    } else {
      if (!AdmitProposal(entry.size()).ok()) return;
      AppendOwn(EntryType::kNormal, std::move(entry.data));
    }
  }
}

bool Node::SendAppend(NodeId to, Progress& progress, WhenEmpty when_empty) {
  const auto previous_term = log_.TermAt(progress.next - 1);
  if (!previous_term) {
    SendSnapshot(to, progress);
    return false;
  }
  Message append{.type = MessageType::kAppend,
                 .to = to,
                 .index = progress.next - 1,
                 .log_term = *previous_term,
                 .commit = log_.commit()};
  const bool room = progress.state != Progress::State::kReplicate || !progress.inflights.Full();
  if (progress.next <= log_.last() && room) {
    append.entries = log_.Slice(progress.next, log_.last(), options_.max_message_bytes);
  } else if (when_empty == WhenEmpty::kSkip) {
    return false;
  }
  progress.sent_commit = log_.commit();
  const bool sent = !append.entries.empty();
  if (progress.state == Progress::State::kReplicate && sent) {
    size_t bytes = 0;
    for (const Entry& entry : append.entries) bytes += entry.size();
    progress.next = append.entries.back().index + 1;
    progress.inflights.Add(progress.next - 1, bytes);
  } else if (progress.state == Progress::State::kProbe) {
    progress.probe_sent = true;
  }
  Send(std::move(append));
  return sent;
}

void Node::SendSnapshot(NodeId to, Progress& progress) {
  if (progress.state == Progress::State::kSnapshot) return;
  // To a dead member it would only be lost, and it is dear.
  if (!progress.recent_active) return;
  const Index index = std::max(log_.offset(), log_.applied());
  progress.BecomeSnapshot(index);
  Snapshot snapshot{{index, *log_.TermAt(index), configuration_}, nullptr};
  Send({.type = MessageType::kSnapshot, .to = to, .snapshot = std::move(snapshot)});
}

bool Node::AppendsPending() const {
  return std::any_of(progress_.begin(), progress_.end(), [this](const auto& item) {
    const Progress& progress = item.second;
    if (progress.Paused()) return false;
    if (!log_.TermAt(progress.next - 1)) return progress.recent_active;
    return progress.next <= log_.last() || progress.sent_commit < log_.commit();
  });
}

// Once per Ready, so that everything proposed in one turn of the loop shares its messages.
void Node::FlushAppends() {
  for (auto& [id, progress] : progress_) {
    while (!progress.Paused() && progress.next <= log_.last() && SendAppend(id, progress, WhenEmpty::kSkip)) {
    }
    if (!progress.Paused() && progress.sent_commit < log_.commit()) SendAppend(id, progress, WhenEmpty::kSend);
  }
}

Index Node::QuorumIndex() const {
  if (KP_MUTANT("raft-ack-before-quorum")) return log_.last();
  const bool removed = !configuration_.IsVoter(options_.id);  // never of a leader, but for the mutant
  return configuration_.QuorumValue([this, removed](NodeId id) -> Index {
    if (removed && id == *configuration_.voters.rbegin()) return log_.stable();  // ourselves in its place
    if (id != options_.id) return progress_.at(id).match;
    // The parallel write has not finished for what is not stable: we hold no copy of it yet.
    return KP_MUTANT("raft-leader-counts-undurable") ? log_.last() : log_.stable();
  });
}

void Node::MaybeCommit() {
  const Index quorum = QuorumIndex();
  // Raft figure 8: an entry of an older term on a quorum can still be overwritten.
  const bool own = log_.TermAt(quorum) == term_ || KP_MUTANT("raft-commit-old-term");
  if (quorum <= log_.commit() || !own) return Trace("Commit");
  for (Index index = log_.commit() + 1; index <= quorum; ++index) {
    uncommitted_bytes_ -= std::min(uncommitted_bytes_, log_.At(index).size());
  }
  log_.CommitTo(quorum);
  Trace("Commit");
  ReleaseReads();
}

void Node::Followed(const Message& message) {
  // Two leaders in one term are the end of all guarantees.
  CHECK(role_ != Role::kLeader || KP_MUTANT("raft-tolerates-second-leader"))
      << "two leaders in term " << term_ << ": " << options_.id << " and " << message.from;
  if (role_ == Role::kPreCandidate && KP_MUTANT("raft-pre-candidate-for-ever")) return;
  if (role_ != Role::kFollower || leader_ != message.from) BecomeFollower(term_, message.from);
  // Also while a snapshot is being installed, or the first tick after that would start an election.
  if (installing_ == 0 || !KP_MUTANT("raft-installing-follower-times-out")) election_elapsed_ = 0;
}

void Node::TruncateFrom(Index index) {
  log_.TruncateFrom(index);
  // Writes on their way to the disk still end in order, but what they wrote from `index` on is
  // about to be overwritten there; it may even come back with equal terms before they end.
  for (AppendInFlight& append : appends_) append.last = std::min(append.last, log_.last());
}

void Node::OnAppend(Message message) {
  Followed(message);
  Message reply{.type = MessageType::kAppendReply, .to = message.from};
  if (message.index < log_.commit()) {
    // Delayed; entries up to the commit index are equal anyway.
    reply.index = log_.commit();
    return SendWhenDurable(std::move(reply));
  }
  // What the log changes is known from it, but not what the first members were.
  if (configuration_.voters.empty()) return RejectAppend(message);
  const bool present = message.index <= log_.last() && KP_MUTANT("raft-matches-index-only");
  if (!present && !log_.Matches(message.index, message.log_term)) return RejectAppend(message);
  const Index last_new = message.index + message.entries.size();
  Index conflict = log_.FindConflict(message.entries);
  // Only a differing entry truncates: a delayed shorter append must not cut what was acknowledged.
  if (KP_MUTANT("raft-truncate-on-every-append") && !message.entries.empty() && message.index >= log_.commit()) {
    conflict = message.index + 1;
  }
  if (conflict != 0) {
    TruncateFrom(conflict);
    for (Entry& entry : message.entries) {
      if (entry.index >= conflict) log_.Append(std::move(entry));
    }
  }
  // Beyond last_new our log is unverified: it may hold what the leader is about to overwrite.
  log_.CommitTo(std::min(message.commit, KP_MUTANT("raft-append-commits-unverified") ? log_.last() : last_new));
  reply.index = last_new;
  SendWhenDurable(std::move(reply));
}

void Node::RejectAppend(const Message& message) {
  // The leader need not step back one entry at a time: between here and the hint nothing can match
  // the term it asked about.
  const Index hint = log_.FindConflictByTerm(message.index, message.log_term);
  Send({.type = MessageType::kAppendReply,
        .to = message.from,
        .index = message.index,
        .log_term = *log_.TermAt(hint),
        .hint = hint,
        .reject = true,
        .forced = configuration_.voters.empty()});
}

void Node::OnAppendReply(const Message& message) {
  const auto found = progress_.find(message.from);
  if (role_ != Role::kLeader || found == progress_.end()) return;
  Progress& progress = found->second;
  progress.recent_active = true;
  if (message.reject) return OnAppendRejected(message, progress);
  if (message.index > log_.last()) return;  // no sound follower says so
  const bool confirmed = progress.state == Progress::State::kProbe && progress.match == message.index &&
                         !KP_MUTANT("raft-probe-needs-news");
  if (!progress.MaybeUpdate(message.index) && !confirmed) return;
  switch (progress.state) {
    case Progress::State::kProbe: progress.BecomeReplicate(); break;
    case Progress::State::kSnapshot:
      // It has reached our log, whether by the snapshot or by an earlier append.
      if (KP_MUTANT("raft-snapshot-state-needs-its-index") && progress.match < progress.pending_snapshot) break;
      if (progress.match + 1 >= log_.first()) progress.BecomeReplicate();
      break;
    case Progress::State::kReplicate: progress.inflights.FreeTo(message.index); break;
  }
  MaybeCommit();
  if (message.from == transferee_ && progress.match == log_.last()) {
    Send({.type = MessageType::kTimeoutNow, .to = message.from});
  }
}

void Node::OnAppendRejected(const Message& message, Progress& progress) {
  if (message.forced) return SendSnapshot(message.from, progress);
  // The largest place of ours that may agree with the follower's hint.
  const Index hint = message.log_term > 0 ? log_.FindConflictByTerm(message.hint, message.log_term) : message.hint;
  if (progress.state == Progress::State::kSnapshot || !progress.MaybeDecrement(message.index, hint)) return;
  if (progress.state == Progress::State::kReplicate) progress.BecomeProbe();
  SendAppend(message.from, progress, WhenEmpty::kSend);
}

void Node::OnHeartbeat(const Message& message) {
  Followed(message);
  // The leader caps `commit` by what we acknowledged in its term, and what we acknowledge is durable.
  // If it is not there any more, our disk has been replaced or rolled back: our votes and
  // acknowledgements are worth nothing (etcd-io/raft#197).
  lost_log_ = message.commit > log_.last() && !KP_MUTANT("raft-lost-log-goes-on");
  if (lost_log_) return;
  log_.CommitTo(std::min(message.commit, log_.last()));
  Send({.type = MessageType::kHeartbeatReply, .to = message.from, .context = message.context});
}

void Node::OnHeartbeatReply(const Message& message) {
  const auto found = progress_.find(message.from);
  if (role_ != Role::kLeader || found == progress_.end()) return;
  Progress& progress = found->second;
  progress.recent_active = true;
  progress.probe_sent = false;
  // Appends or their acknowledgements may be lost: an empty one finds out, also when the window of
  // messages in flight is full (etcd-io/etcd#14633).
  if (progress.Paused() && KP_MUTANT("raft-full-window-silent")) return;
  if (progress.state != Progress::State::kSnapshot &&
      (progress.match < log_.last() || progress.state == Progress::State::kProbe)) {
    SendAppend(message.from, progress, WhenEmpty::kSend);
  }
  if (message.context > progress.read_round) {
    progress.read_round = std::min(message.context, read_round_);
    ReleaseReads();
  }
}

void Node::OnSnapshot(const Message& message) {
  Followed(message);
  if (!message.snapshot) return;
  const SnapshotMeta& meta = message.snapshot->meta;
  Message reply{.type = MessageType::kAppendReply, .to = message.from};
  if (meta.index <= log_.commit()) {
    reply.index = log_.commit();
  } else if (log_.Matches(meta.index, meta.term)) {
    // Nothing to install: the log goes that far and now we know it is committed.
    log_.CommitTo(meta.index);
    reply.index = meta.index;
  } else if (meta.index <= log_.last() && KP_MUTANT("raft-snapshot-loses-to-conflict")) {
    reply.index = log_.commit();
  } else {
    RestoreSnapshot(*message.snapshot);
    reply.index = meta.index;
  }
  SendWhenDurable(std::move(reply));
}

void Node::RestoreSnapshot(const Snapshot& snapshot) {
  log_.Restore(snapshot.meta);
  for (AppendInFlight& append : appends_) append.last = 0;
  // The log's configuration entries are gone, and so is what they said (databendlabs/openraft#1808).
  if (configuration_.voters.empty() || !KP_MUTANT("raft-snapshot-keeps-configuration")) {
    configuration_ = snapshot.meta.configuration;
  }
  snapshot_ = snapshot;
  // Not yet taken, from when we led this turn: the owner could not fill it from a state machine that
  // has fallen behind the log.
  std::erase_if(messages_, [](const Message& message) { return message.type == MessageType::kSnapshot; });
}

void Node::ReportUnreachable(NodeId id) {
  const auto found = progress_.find(id);
  if (found == progress_.end()) return;
  // What was in flight is probably lost.
  if (found->second.state == Progress::State::kReplicate) found->second.BecomeProbe();
}

void Node::ReportSnapshot(NodeId id, SnapshotOutcome outcome) {
  const auto found = progress_.find(id);
  if (found == progress_.end() || found->second.state != Progress::State::kSnapshot) return;
  Progress& progress = found->second;
  if (outcome == SnapshotOutcome::kFailed) progress.pending_snapshot = 0;
  progress.BecomeProbe();
  // Delivered is not installed: the acknowledgement or the next heartbeat says when to go on.
  progress.probe_sent = true;
}

}  // namespace kp::raft
