// One member's Raft, without I/O, clocks or threads (Ongaro and Ousterhout 2014; Ongaro's thesis for
// pre-vote, leader transfer, learners, ReadIndex).
//
// The owner, once per turn of its loop, feeds it what came (Tick, Step, Propose ...) and then:
//
//   if (node.HasReady()) {
//     Ready ready = node.TakeReady();
//     send every ready.messages;
//     if (ready.append_id) write ready.snapshot, ready.entries and ready.hard_state to the log in
//       one batch, sync, then node.OnAppended(ready.append_id);
//     install ready.snapshot in the state machine, then node.OnSnapshotInstalled(index);
//     apply ready.committed in order, then node.OnApplied(last index);
//     answer ready.read_states once their index is applied;
//   }
//
// The next Ready may be taken while earlier writes are still on their way to the disk. Messages that
// promise durability (votes, acknowledgements) are kept inside until OnAppended; all the others,
// among them the leader's appends, come out at once, so the leader writes while its followers do.
// A write is acknowledged by its number, not by what it wrote: an entry that is overwritten and comes
// back with the same index and term is not taken for durable when the first of the three writes ends.
//
// Membership. On the leader:
//
//   node.ProposeChange({ChangeType::kAddLearner, 4, "addresses of 4"})  -> an entry, or a refusal
//   ... 4 starts, with nothing Recovered; node.progress().at(4).match tells how far it has come ...
//   node.ProposeChange({ChangeType::kAddVoter, 4})                      -> promotes it
//
// Then, on every member, for each kConfiguration entry among ready.committed and before the entries
// after it: node.ApplyChange(*DecodeChange(entry.bytes())). Quorums follow configuration(), which is
// what has been applied, also in snapshots (MetaAt). A change made of several steps passes through
// a joint configuration, which the leader leaves by itself unless the change said kExplicit. A
// leader that applies its own removal steps down; a removed member should stay up for an election
// timeout or so, since its vote may be what the others need to learn of its removal.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "reference/base/random.h"
#include "reference/base/status.h"
#include "reference/raft/configuration_change.h"
#include "reference/raft/log.h"
#include "reference/raft/message.h"
#include "reference/raft/progress.h"
#include "reference/raft/trace.h"
#include "reference/raft/types.h"

namespace kp::raft {

struct Options {
  NodeId id = kNoNode;
  int election_ticks = 10;  // the timeout is drawn from [n, 2n) each time
  int heartbeat_ticks = 1;
  bool pre_vote = true;
  bool check_quorum = true;        // a leader that hears no quorum for election_ticks steps down
  bool forward_proposals = false;  // Propose on a follower sends to the leader, else it is refused
  size_t max_message_bytes = 1 << 20;
  size_t max_inflight_messages = 256;
  size_t max_inflight_bytes = 16 << 20;
  size_t max_committed_bytes = 16 << 20;     // per Ready
  size_t max_uncommitted_bytes = 256 << 20;  // beyond it Propose answers kResourceExhausted
  // The leader answers reads at once, without asking a quorum whether it still leads. It relies on
  // check_quorum and on clocks: one that stands still while others run makes reads stale.
  bool lease_reads = false;
  TraceSink* trace = nullptr;  // outlives the node
};

// What the disk held. All zero and `start.configuration` set: a new cluster's first boot. All zero: a
// member that joins; it gets its configuration from the leader, in a snapshot.
struct Recovered {
  HardState hard_state;
  SnapshotMeta start;          // the snapshot that the state machine was loaded from
  std::vector<Entry> entries;  // after it
};

// The state machine at `index` or later answers the read `context` linearizably.
struct ReadState {
  uint64_t context = 0;
  Index index = 0;
};

struct Ready {
  // To the disk, as one batch. append_id 0: nothing to write.
  uint64_t append_id = 0;
  std::optional<HardState> hard_state;
  std::optional<Snapshot> snapshot;  // replaces all of log and state machine
  std::vector<Entry> entries;        // the first one's index may be <= the last written: it truncates
  // To the network, now. A kSnapshot message leaves without data: the owner adds it, or replaces
  // the whole by a newer snapshot.
  std::vector<Message> messages;
  // To the state machine.
  std::vector<Entry> committed;
  // To whoever waits.
  std::vector<ReadState> read_states;
  std::vector<uint64_t> lost_reads;  // contexts that will not be answered; ask again
  std::optional<SoftState> soft_state;

  bool must_sync() const { return append_id != 0; }
};

class Node {
 public:
  Node(const Options& options, Random random, Recovered recovered);

  void Tick();
  // A message of a peer. Anything a confused or outdated peer may send is tolerated.
  void Step(Message message);
  // kFailedPrecondition "raft: not leader", or kUnavailable "raft: no leader" when forwarding is on;
  // kUnavailable "raft: leadership is being transferred";
  // kResourceExhausted when too much waits to be committed. On OK the entry is in the log, and may
  // still be lost: only its appearance in Ready::committed counts.
  Status Propose(Buffer data);
  // As Propose. Further kFailedPrecondition: "raft: an earlier configuration change is not applied
  // yet", or one of those of Apply(Configuration, ConfigurationChange).
  Status ProposeChange(const ConfigurationChange& change);
  // Answered by Ready::read_states or Ready::lost_reads. kUnavailable "raft: no leader".
  Status ReadIndex(uint64_t context);
  void Campaign();
  // Brings `to` up to date and lets it campaign at once. Given up after an election timeout without
  // success; until then proposals are refused. kFailedPrecondition "raft: not leader", kNotFound
  // "raft: bad leader transferee" when `to` is no voter.
  Status TransferLeader(NodeId to);
  // A follower that knows (from its transport, say) that its leader is gone need not wait for the
  // election timeout to vote for another. Nothing on a leader, which lets go by stepping down.
  void ForgetLeader();

  // True at the start: what was read from a disk need not be durable there (the process may have
  // died before the sync), so the first Ready writes the hard state again, and nothing that rests on
  // what was recovered is promised before that write is done.
  bool HasReady() const;
  Ready TakeReady();

  // The batch of this Ready is durable, and so are all before it.
  void OnAppended(uint64_t append_id);
  void OnSnapshotInstalled(Index index);
  void OnApplied(Index index);
  // A committed kConfiguration entry takes effect. All members decide alike about it: what does not
  // fit changes nothing, and an owner may refuse one by not calling this.
  const Configuration& ApplyChange(const ConfigurationChange& change);
  // A snapshot at `index` (applied) is durable: entries up to `keep_from` - 1 may go. Entries kept
  // beyond need spare followers a snapshot.
  void Compact(Index keep_from);
  // What a snapshot taken now, at applied `index`, must say of itself. Not while a received one is
  // being installed: the log is ahead of the state machine then.
  SnapshotMeta MetaAt(Index index) const;
  // The transport could not deliver; a snapshot was handed over (or not).
  void ReportUnreachable(NodeId id);
  enum class SnapshotOutcome : uint8_t { kDelivered, kFailed };
  void ReportSnapshot(NodeId id, SnapshotOutcome outcome);

  NodeId id() const { return options_.id; }
  Term term() const { return term_; }
  NodeId vote() const { return vote_; }
  NodeId leader() const { return leader_; }
  Role role() const { return role_; }
  NodeId transferee() const { return transferee_; }
  // The leader relies on entries that this member acknowledged and does not have: its disk was
  // replaced or rolled back. It takes part in nothing any more; remove it and add it as new.
  bool lost_log() const { return lost_log_; }
  // As of the last ApplyChange. Other members may have applied more or less of the log.
  const Configuration& configuration() const { return configuration_; }
  // A change is in the log and not applied yet, as far as this leader knows; another is refused.
  bool change_pending() const { return pending_change_ > log_.applied(); }
  const Log& log() const { return log_; }
  // The leader's view of the others, learners too; empty elsewhere. `match` is what they hold
  // durably, `recent_active` whether they were heard since the last check of the quorum.
  const std::map<NodeId, Progress>& progress() const { return progress_; }

  void CheckInvariants() const;

 private:
  friend class StateVisitor;  // node_state.cc
  struct AppendInFlight {
    uint64_t id = 0;
    Index last = 0;  // what becomes stable with it; lowered when the log is truncated meanwhile
    std::vector<Message> after;
  };
  struct PendingRead {
    NodeId from = kNoNode;
    uint64_t context = 0;
    Index index = 0;
    uint64_t round = 0;
  };

  // node.cc
  void Send(Message message);
  void SendWhenDurable(Message message);
  void TickElection();
  void TickLeader();
  void AddProgress(NodeId id);
  void HoldAppends();
  void RestoreSnapshot(const Snapshot& snapshot);
  bool HardStateChanged() const {
    return !written_hard_state_ || term_ != written_hard_state_->term || vote_ != written_hard_state_->vote;
  }

  // node_election.cc
  bool Promotable() const;
  void ResetTerm(Term term);
  void BecomeFollower(Term term, NodeId leader);
  void BecomePreCandidate();
  void BecomeCandidate();
  void BecomeLeader();
  enum class CampaignType : uint8_t { kPreElection, kElection, kTransfer };
  void StartCampaign(CampaignType type);
  void RequestVotes(CampaignType type);
  void RecordVote(NodeId from, bool granted);
  bool AdmitTerm(const Message& message);
  bool AdmitOlderTerm(const Message& message);
  bool AdmitNewerTerm(const Message& message);
  void LearnCommit(const Message& message);
  bool ChangeUnapplied() const;
  void OnVoteRequest(const Message& message);
  void OnVoteReply(const Message& message);
  void OnTimeoutNow(const Message& message);
  void CheckQuorumActive();

  // node_replication.cc
  Status AdmitProposal(size_t bytes) const;
  Status Forward(Entry entry);
  void AppendOwn(EntryType type, Buffer data);
  enum class WhenEmpty : uint8_t { kSkip, kSend };
  bool SendAppend(NodeId to, Progress& progress, WhenEmpty when_empty);
  void SendSnapshot(NodeId to, Progress& progress);
  void FlushAppends();
  bool AppendsPending() const;
  Index QuorumIndex() const;
  void MaybeCommit();
  void OnAppend(Message message);
  void RejectAppend(const Message& message);
  void TruncateFrom(Index index);
  void OnAppendReply(const Message& message);
  void OnAppendRejected(const Message& message, Progress& progress);
  void OnHeartbeat(const Message& message);
  void OnHeartbeatReply(const Message& message);
  void OnSnapshot(const Message& message);
  void OnPropose(Message message);
  void Followed(const Message& message);

  // node_membership.cc
  void MaybeLeaveJoint();
  bool LeaveDue() const;

  // node_read.cc
  void QueueRead(NodeId from, uint64_t context);
  void StartReadRound();
  void BroadcastHeartbeat();
  void ReleaseReads();
  void AnswerRead(const PendingRead& read);
  void DropReads();
  void ExpireForwardedReads();
  void OnReadIndex(const Message& message);
  void OnReadIndexReply(const Message& message);
  bool CommittedInTerm() const { return log_.TermAt(log_.commit()) == term_; }

  // node_trace.cc
  void Trace(const std::string& name, const std::string& more = {});
  void TraceStart();
  void TraceMessage(const char* verb, const Message& message);
  void TraceProposal(EntryType type, const Buffer& data);
  void TraceApplyChange(const Configuration& next);
  void TraceOwnAppend(const char* verb, Index index);

  Options options_;
  Random random_;
  Log log_;
  Configuration configuration_;
  Term term_ = 0;
  NodeId vote_ = kNoNode;
  NodeId leader_ = kNoNode;
  Role role_ = Role::kFollower;

  int election_elapsed_ = 0;
  int heartbeat_elapsed_ = 0;
  int randomized_timeout_ = 0;

  std::map<NodeId, bool> votes_;         // of the current campaign
  std::map<NodeId, Progress> progress_;  // leader only, without itself
  NodeId transferee_ = kNoNode;
  Index pending_change_ = 0;  // no new configuration change until this is applied
  size_t uncommitted_bytes_ = 0;
  bool lost_log_ = false;
  Index trace_shift_ = 0;

  // Reads, on the leader: not yet confirmable, waiting for the next round, waiting for its quorum.
  std::vector<PendingRead> reads_before_commit_;
  std::vector<PendingRead> reads_next_round_;
  std::deque<PendingRead> reads_in_round_;
  uint64_t read_round_ = 0;
  // On a follower: number on the wire to the caller's context. Numbers begin at a random place, so
  // that a reply to an earlier life of this process matches nothing.
  // One that is not answered within an election timeout is given up as lost.
  struct ForwardedRead {
    uint64_t context = 0;
    uint64_t tick = 0;
  };
  std::map<uint64_t, ForwardedRead> forwarded_reads_;
  uint64_t next_read_number_ = 0;
  uint64_t ticks_ = 0;

  // Output.
  std::vector<Message> messages_;
  std::vector<Message> messages_when_durable_;  // go with the next batch
  std::vector<ReadState> read_states_;
  std::vector<uint64_t> lost_reads_;
  std::optional<Snapshot> snapshot_;             // received, not yet handed out
  Index installing_ = 0;                         // handed out, not yet installed
  std::optional<HardState> written_hard_state_;  // none before the first Ready of this life
  SoftState reported_soft_state_;
  uint64_t last_append_id_ = 0;
  std::deque<AppendInFlight> appends_;
};

}  // namespace kp::raft
