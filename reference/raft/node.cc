#include "reference/raft/node.h"

#include <algorithm>

#include "reference/base/check.h"
#include "reference/base/mutant.h"

namespace kp::raft {

std::string_view RoleName(Role role) {
  static constexpr std::string_view kNames[] = {"follower", "pre-candidate", "candidate", "leader"};
  return kNames[static_cast<size_t>(role)];
}

Node::Node(const Options& options, Random random, Recovered recovered)
    : options_(options),
      random_(std::move(random)),
      log_(recovered.start, std::move(recovered.entries), recovered.hard_state.commit),
      configuration_(std::move(recovered.start.configuration)),
      term_(recovered.hard_state.term),
      vote_(recovered.hard_state.vote) {
  CHECK(options_.id != kNoNode);
  CHECK(options_.heartbeat_ticks > 0 && options_.election_ticks > options_.heartbeat_ticks);
  CHECK(!options_.lease_reads || options_.check_quorum) << "without check_quorum there is no lease";
  next_read_number_ = random_.Next() >> 1;  // does not wrap
  if (KP_MUTANT("raft-read-numbers-repeat")) next_read_number_ = 0;
  BecomeFollower(term_, kNoNode);
  TraceStart();
}

void Node::Tick() {
  ++ticks_;
  if (role_ == Role::kLeader) {
    TickLeader();
  } else {
    TickElection();
  }
}

void Node::TickElection() {
  ExpireForwardedReads();
  ++election_elapsed_;
  if (election_elapsed_ < randomized_timeout_ || !Promotable()) return;
  Campaign();
}

void Node::TickLeader() {
  ++heartbeat_elapsed_;
  ++election_elapsed_;
  if (election_elapsed_ >= options_.election_ticks) {
    election_elapsed_ = 0;
    if (options_.check_quorum) CheckQuorumActive();
    // A transfer that took a whole timeout is given up; proposals are admitted again.
    transferee_ = kNoNode;
  }
  if (role_ != Role::kLeader || heartbeat_elapsed_ < options_.heartbeat_ticks) return;
  heartbeat_elapsed_ = 0;
  for (auto& [id, progress] : progress_) {
    // The report on a snapshot can be lost with the connection that carried it.
    if (progress.state == Progress::State::kSnapshot &&
        ++progress.snapshot_ticks * options_.heartbeat_ticks > 20 * options_.election_ticks) {
      progress.pending_snapshot = 0;
      progress.BecomeProbe();
    }
  }
  BroadcastHeartbeat();
}

void Node::Step(Message message) {
  if (message.to != options_.id || lost_log_) return;
  TraceMessage("Receive", message);
  if (message.type == MessageType::kHeartbeat && KP_MUTANT("raft-heartbeat-bypasses-term")) {
    return Send(
        {.type = MessageType::kHeartbeatReply, .to = message.from, .term = message.term, .context = message.context});
  }
  if (!AdmitTerm(message)) return;
  switch (message.type) {
    case MessageType::kPreVote:
    case MessageType::kVote: return OnVoteRequest(message);
    case MessageType::kPreVoteReply:
    case MessageType::kVoteReply: return OnVoteReply(message);
    case MessageType::kAppend: return OnAppend(std::move(message));
    case MessageType::kAppendReply: return OnAppendReply(message);
    case MessageType::kHeartbeat: return OnHeartbeat(message);
    case MessageType::kHeartbeatReply: return OnHeartbeatReply(message);
    case MessageType::kSnapshot: return OnSnapshot(message);
    case MessageType::kTimeoutNow: return OnTimeoutNow(message);
    case MessageType::kReadIndex: return OnReadIndex(message);
    case MessageType::kReadIndexReply: return OnReadIndexReply(message);
    case MessageType::kPropose: return OnPropose(std::move(message));
  }
}

void Node::Send(Message message) {
  message.from = options_.id;
  if (message.term == 0 && message.type != MessageType::kPropose && message.type != MessageType::kReadIndex) {
    message.term = term_;
  }
  TraceMessage("Send", message);
  messages_.push_back(std::move(message));
}

void Node::SendWhenDurable(Message message) {
  message.from = options_.id;
  if (message.term == 0) message.term = term_;
  TraceMessage("Send", message);
  messages_when_durable_.push_back(std::move(message));
}

bool Node::HasReady() const {
  const bool apply = installing_ == 0 && !snapshot_ && log_.applying() < log_.commit();
  return HardStateChanged() || snapshot_ || log_.written() < log_.last() || apply || !messages_.empty() ||
         !messages_when_durable_.empty() || !read_states_.empty() || !lost_reads_.empty() ||
         !reads_next_round_.empty() || !(reported_soft_state_ == SoftState{leader_, role_}) || AppendsPending() ||
         LeaveDue();
}

Ready Node::TakeReady() {
  if (role_ == Role::kLeader) {
    MaybeLeaveJoint();
    FlushAppends();
    StartReadRound();
  }
  if (KP_MUTANT("raft-leader-waits-for-its-disk")) HoldAppends();
  Trace("Ready");
  Ready ready;
  if (snapshot_) installing_ = snapshot_->meta.index;
  ready.snapshot = std::exchange(snapshot_, std::nullopt);
  if (log_.written() < log_.last()) ready.entries = log_.Slice(log_.written() + 1, log_.last(), SIZE_MAX);
  log_.set_written(log_.last());
  if (HardStateChanged() || ready.snapshot || !ready.entries.empty()) {
    HardState hard_state{term_, vote_, log_.commit()};
    const bool new_term = !written_hard_state_ || written_hard_state_->term != term_;
    if (new_term && KP_MUTANT("raft-vote-in-second-write")) hard_state.vote = kNoNode;
    ready.hard_state = written_hard_state_ = hard_state;
    ready.append_id = ++last_append_id_;
    appends_.push_back({ready.append_id, log_.last(), {}});
  }
  if (!appends_.empty()) {
    // What is promised here may rest on a batch of an earlier Ready that is still being written.
    auto& after = KP_MUTANT("raft-ack-earlier-write") ? appends_.front().after : appends_.back().after;
    std::move(messages_when_durable_.begin(), messages_when_durable_.end(), std::back_inserter(after));
    messages_when_durable_.clear();
  } else {
    for (Message& message : std::exchange(messages_when_durable_, {})) messages_.push_back(std::move(message));
  }
  if (installing_ == 0 && log_.applying() < log_.commit()) {
    ready.committed = log_.Slice(log_.applying() + 1, log_.commit(), options_.max_committed_bytes);
    log_.set_applying(ready.committed.back().index);
  }
  ready.messages = std::exchange(messages_, {});
  ready.read_states = std::exchange(read_states_, {});
  ready.lost_reads = std::exchange(lost_reads_, {});
  const SoftState soft_state{leader_, role_};
  if (!(soft_state == reported_soft_state_)) ready.soft_state = reported_soft_state_ = soft_state;
  return ready;
}

// As if the leader had to write before it sends.
void Node::HoldAppends() {
  for (Message& message : std::exchange(messages_, {})) {
    const bool held = message.type == MessageType::kAppend && !message.entries.empty();
    (held ? messages_when_durable_ : messages_).push_back(std::move(message));
  }
}

void Node::OnAppended(uint64_t append_id) {
  CHECK_LE(append_id, last_append_id_);
  std::vector<Message> released;
  const Index stable_before = log_.stable();
  while (!appends_.empty() && appends_.front().id <= append_id) {
    log_.set_stable(appends_.front().last);
    std::move(appends_.front().after.begin(), appends_.front().after.end(), std::back_inserter(released));
    appends_.pop_front();
  }
  for (Message& message : released) {
    if (message.to == options_.id) {
      Step(std::move(message));  // our own vote
    } else {
      messages_.push_back(std::move(message));
    }
  }
  if (role_ != Role::kLeader) return;
  if (log_.stable() > stable_before && log_.TermAt(log_.stable()) == term_) TraceOwnAppend("Receive", log_.stable());
  MaybeCommit();
}

void Node::OnSnapshotInstalled(Index index) {
  log_.set_applied(index);
  if (installing_ <= index) installing_ = 0;
}

void Node::OnApplied(Index index) { log_.set_applied(index); }

void Node::Compact(Index keep_from) {
  if (keep_from > log_.first()) log_.Compact(keep_from - 1);
}

SnapshotMeta Node::MetaAt(Index index) const {
  CHECK(index <= log_.applied());
  const auto term = log_.TermAt(index);
  CHECK(term.has_value()) << "no term for index " << index << ", log begins after " << log_.offset();
  return {index, *term, configuration_};
}

void Node::CheckInvariants() const {
  log_.CheckInvariants();
  CHECK(configuration_.Sound()) << configuration_.ToString();
  CHECK_LE(log_.last_term(), term_);
  CHECK_LE(log_.applying(), log_.written()) << "applied before it was handed to the disk";
  CHECK(role_ != Role::kLeader || leader_ == options_.id);
  CHECK(leader_ != options_.id || role_ == Role::kLeader);
  CHECK(role_ == Role::kLeader || progress_.empty());
  CHECK(role_ != Role::kCandidate || vote_ == options_.id);
  for (const auto& [id, progress] : progress_) {
    CHECK(id != options_.id);
    CHECK(configuration_.Contains(id));
    CHECK_LT(progress.match, progress.next);
    CHECK_LE(progress.match, log_.last()) << "follower " << id << " acknowledged what we do not have";
  }
  Index last = 0;
  for (const AppendInFlight& append : appends_) {
    CHECK_LE(append.last, log_.written());
    last = append.id;
  }
  CHECK_LE(last, last_append_id_);
}

}  // namespace kp::raft
