// Terms, votes and roles.
#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/raft/node.h"

namespace kp::raft {

bool Node::Promotable() const {
  // With a committed change that is not applied yet we would count votes in an outdated configuration.
  const bool votes = configuration_.IsVoter(options_.id) || KP_MUTANT("raft-learner-campaigns");
  return votes && !lost_log_ && !snapshot_ && installing_ == 0 && !ChangeUnapplied();
}

bool Node::ChangeUnapplied() const {
  for (Index index = std::max(log_.applied(), log_.offset()) + 1; index <= log_.commit(); ++index) {
    if (log_.At(index).type == EntryType::kConfiguration) return true;
  }
  return false;
}

void Node::ResetTerm(Term term) {
  if (term != term_) {
    CHECK_LT(term_, term) << "the term never goes back";
    term_ = term;
    vote_ = kNoNode;
  }
  leader_ = kNoNode;
  election_elapsed_ = 0;
  heartbeat_elapsed_ = 0;
  randomized_timeout_ = options_.election_ticks + static_cast<int>(random_.Below(options_.election_ticks));
  if (KP_MUTANT("raft-fixed-timeout")) randomized_timeout_ = options_.election_ticks;
  if (!KP_MUTANT("raft-transfer-outlives-leadership")) transferee_ = kNoNode;
  pending_change_ = 0;
  uncommitted_bytes_ = 0;
  votes_.clear();
  progress_.clear();
  DropReads();
}

void Node::BecomeFollower(Term term, NodeId leader) {
  const bool changes = role_ != Role::kFollower || term != term_;
  ResetTerm(term);
  if (KP_MUTANT("raft-step-down-forgets-vote")) vote_ = kNoNode;
  role_ = Role::kFollower;
  leader_ = leader;
  if (changes) Trace("BecomeFollower");
}

void Node::BecomePreCandidate() {
  // Neither term nor vote change: a member that cannot win disturbs nobody (thesis 9.6).
  ResetTerm(term_);
  role_ = Role::kPreCandidate;
}

void Node::BecomeCandidate() {
  ResetTerm(term_ + 1);
  role_ = Role::kCandidate;
  vote_ = options_.id;
  Trace("BecomeCandidate");
  if (KP_MUTANT("raft-candidate-drops-tail")) TruncateFrom(log_.commit() + 1);
}

void Node::BecomeLeader() {
  CHECK(role_ == Role::kCandidate);
  ResetTerm(term_);
  role_ = Role::kLeader;
  leader_ = options_.id;
  for (const NodeId id : configuration_.All()) {
    if (id != options_.id) AddProgress(id);
  }
  read_round_ = 0;
  Trace("BecomeLeader");
  // Whatever the tail holds may be a change of configuration; it must be applied before another.
  if (!KP_MUTANT("raft-change-before-term-commit")) pending_change_ = log_.last();
  // Commits everything before it: entries of older terms never commit by counting (Raft 5.4.2).
  if (!KP_MUTANT("raft-no-no-op")) AppendOwn(EntryType::kNormal, nullptr);
}

void Node::AddProgress(NodeId id) {
  progress_.emplace(id, Progress(log_.last() + 1, {options_.max_inflight_messages, options_.max_inflight_bytes}));
}

void Node::Campaign() {
  if (role_ == Role::kLeader) return;
  election_elapsed_ = 0;
  if (!Promotable()) return;
  StartCampaign(options_.pre_vote ? CampaignType::kPreElection : CampaignType::kElection);
}

void Node::StartCampaign(CampaignType type) {
  if (type == CampaignType::kPreElection) {
    BecomePreCandidate();
    RequestVotes(type);
    RecordVote(options_.id, true);
    return;
  }
  BecomeCandidate();
  RequestVotes(type);
  // Our own vote counts like any other: once it is durable.
  SendWhenDurable({.type = MessageType::kVoteReply, .to = options_.id});
}

void Node::RequestVotes(CampaignType type) {
  for (const NodeId id : configuration_.Voters()) {
    if (id == options_.id) continue;
    Message request{.to = id,
                    .index = log_.last(),
                    .log_term = log_.last_term(),
                    .hint = *log_.TermAt(log_.commit()),
                    .commit = log_.commit()};
    if (type == CampaignType::kPreElection) {
      request.type = MessageType::kPreVote;
      request.term = term_ + 1;
      Send(std::move(request));
      continue;
    }
    request.type = MessageType::kVote;
    request.forced = type == CampaignType::kTransfer && !KP_MUTANT("raft-transfer-not-forced");
    // After a crash we may ask for this term again with a shorter log. Votes given to the longer
    // one must not count then, so the term is durable before anyone is asked.
    SendWhenDurable(std::move(request));
  }
}

void Node::RecordVote(NodeId from, bool granted) {
  // Who leaves with this change still counts in the old half (scylladb/scylladb#10618).
  if (KP_MUTANT("raft-leaver-votes-not") && !configuration_.voters.contains(from)) return;
  votes_.try_emplace(from, granted);
  const auto result = configuration_.Count([this](NodeId id) -> std::optional<bool> {
    const auto vote = votes_.find(id);
    if (vote == votes_.end()) return std::nullopt;
    return vote->second;
  });
  if (result == Configuration::Vote::kWon) {
    if (role_ == Role::kPreCandidate) {
      StartCampaign(CampaignType::kElection);
    } else {
      BecomeLeader();
    }
  } else if (result == Configuration::Vote::kLost) {
    BecomeFollower(term_, kNoNode);
  }
}

bool Node::AdmitTerm(const Message& message) {
  if (message.type == MessageType::kPropose || message.type == MessageType::kReadIndex) return true;
  if (message.term < term_) return AdmitOlderTerm(message);
  if (message.term > term_) return AdmitNewerTerm(message);
  return true;
}

bool Node::AdmitOlderTerm(const Message& message) {
  if (message.type == MessageType::kSnapshot && KP_MUTANT("raft-snapshot-of-old-term")) return true;
  if (KP_MUTANT("raft-heartbeat-cancels-campaign") && role_ == Role::kCandidate) {
    BecomeFollower(term_, message.from);
    return false;
  }
  switch (message.type) {
    case MessageType::kHeartbeat:
    case MessageType::kAppend:
    case MessageType::kSnapshot:
      // A leader of an older term, or one that we, cut off for a while, have outgrown without a
      // majority: our term makes it step down (raft thesis 6.2 with check-quorum).
      Send({.type = MessageType::kAppendReply, .to = message.from, .reject = true});
      break;
    case MessageType::kPreVote:
      // Without an answer a pre-candidate with an older term could wait for ever (canonical/raft#279).
      if (KP_MUTANT("raft-old-pre-vote-unanswered")) break;
      Send({.type = MessageType::kPreVoteReply, .to = message.from, .reject = true});
      break;
    default: break;
  }
  return false;
}

bool Node::AdmitNewerTerm(const Message& message) {
  const bool vote_request = message.type == MessageType::kVote || message.type == MessageType::kPreVote;
  if (vote_request) {
    // The lease protects the leader; one that asks for votes has none (hashicorp/raft#606).
    const bool other_leads =
        leader_ != kNoNode && (leader_ != message.from || KP_MUTANT("raft-refuses-leaders-pre-vote"));
    const bool in_lease = options_.check_quorum && other_leads && election_elapsed_ < options_.election_ticks;
    if (in_lease && !message.forced) return false;
  }
  if (message.type == MessageType::kPreVote) {
    // Only a question; it moves no term.
    if (KP_MUTANT("raft-prevote-raises-term")) BecomeFollower(message.term, kNoNode);
    return true;
  }
  // A granted pre-vote echoes the term that was asked about.
  if (message.type == MessageType::kPreVoteReply && !message.reject) return true;
  const bool from_leader = message.type == MessageType::kAppend || message.type == MessageType::kHeartbeat ||
                           message.type == MessageType::kSnapshot;
  BecomeFollower(message.term, from_leader ? message.from : kNoNode);
  return true;
}

// A candidate that loses to us, or the one that refuses us, may know of a committed change that makes
// another member the only electable one (etcd-io/etcd#12359). Who holds the entry may believe it.
void Node::LearnCommit(const Message& message) {
  if (role_ == Role::kLeader || message.commit <= log_.commit() || message.commit > log_.last()) return;
  if (!log_.Matches(message.commit, message.hint) || KP_MUTANT("raft-votes-tell-no-commit")) return;
  log_.CommitTo(message.commit);
  // Votes must not be counted across a change of who may vote.
  if (role_ != Role::kFollower && ChangeUnapplied()) BecomeFollower(term_, kNoNode);
}

void Node::OnVoteRequest(const Message& message) {
  // Not asked whether we are a voter: we may have been made one and not know yet (etcd-io/etcd#10998).
  if (!configuration_.IsVoter(options_.id) && KP_MUTANT("raft-learner-refuses-vote")) return;
  LearnCommit(message);
  const bool pre = message.type == MessageType::kPreVote;
  const bool free = vote_ == message.from || (vote_ == kNoNode && leader_ == kNoNode) ||
                    (pre && message.term > term_) || (role_ == Role::kFollower && KP_MUTANT("raft-vote-twice"));
  const bool granted =
      free && (log_.CoveredBy(message.log_term, message.index) || KP_MUTANT("raft-vote-for-stale-log"));
  Message reply{.type = pre ? MessageType::kPreVoteReply : MessageType::kVoteReply,
                .to = message.from,
                .term = granted ? message.term : term_,
                .hint = *log_.TermAt(log_.commit()),
                .commit = log_.commit(),
                .reject = !granted};
  if (pre) return Send(std::move(reply));
  if (granted) {
    vote_ = message.from;
    election_elapsed_ = 0;
  }
  SendWhenDurable(std::move(reply));
}

void Node::OnVoteReply(const Message& message) {
  LearnCommit(message);
  const bool mistaken = role_ == Role::kCandidate && KP_MUTANT("raft-pre-votes-count");
  if (message.type == MessageType::kPreVoteReply && !mistaken) {
    // A grant for an earlier question, of a term that has passed, is worth nothing.
    if (role_ != Role::kPreCandidate || (!message.reject && message.term != term_ + 1)) return;
  } else if (role_ != Role::kCandidate) {
    return;
  }
  RecordVote(message.from, !message.reject);
}

void Node::OnTimeoutNow(const Message& message) {
  if (role_ == Role::kLeader || message.from != leader_ || !Promotable()) return;
  // No pre-vote: the leader itself asked, and the others are told to forget its lease.
  StartCampaign(CampaignType::kTransfer);
}

void Node::CheckQuorumActive() {
  const auto active = configuration_.Count(
      [this](NodeId id) -> std::optional<bool> { return id == options_.id || progress_.at(id).recent_active; });
  for (auto& [id, progress] : progress_) progress.recent_active = false;
  if (active != Configuration::Vote::kWon) BecomeFollower(term_, kNoNode);
}

void Node::ForgetLeader() {
  if (role_ != Role::kLeader) leader_ = kNoNode;
}

Status Node::TransferLeader(NodeId to) {
  if (role_ != Role::kLeader) return Status(Code::kFailedPrecondition, "raft: not leader");
  const bool may_lead = configuration_.IsVoter(to) || KP_MUTANT("raft-transfer-to-learner");
  if (!may_lead || !configuration_.Contains(to)) return Status(Code::kNotFound, "raft: bad leader transferee");
  if (to == options_.id || to == transferee_) return Status::Ok();
  transferee_ = to;
  election_elapsed_ = 0;  // the transfer has one election timeout
  Progress& progress = progress_.at(to);
  if (progress.match == log_.last()) {
    Send({.type = MessageType::kTimeoutNow, .to = to});
  } else if (progress.state != Progress::State::kSnapshot) {
    progress.probe_sent = false;
    SendAppend(to, progress, WhenEmpty::kSend);
  }
  return Status::Ok();
}

}  // namespace kp::raft
