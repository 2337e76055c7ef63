// One member: Raft, log, state machine, leases and watches on one Env.
//
// Everything that comes in (a peer's frame, a proposal, a completed sync, a tick) is handed to the core
// that it concerns, and one turn at the end of the loop's round carries the consequences out, so that
// whatever came together is written, sent and read together.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/completion.h"
#include "reference/raft/node.h"
#include "reference/runtime/env.h"
#include "reference/store/auth.h"
#include "reference/store/auth_tokens.h"
#include "reference/store/caller.h"
#include "reference/store/cluster.h"
#include "reference/store/codec.h"
#include "reference/store/join.h"
#include "reference/store/lessor.h"
#include "reference/store/membership.h"
#include "reference/store/mvcc.h"
#include "reference/store/peers.h"
#include "reference/store/proposal.h"
#include "reference/store/wal.h"
#include "reference/store/watch_hub.h"

namespace kp::store {

struct MemberOptions {
  Cluster cluster;    // as it was when the log began; a recovered log says it itself
  uint64_t self = 0;  // likewise
  std::string name;
  std::string data_dir;
  std::string client_urls;  // comma-separated, where this member serves clients
  std::string peer_urls;    // and its peers
  // Joins a cluster that runs: what its members said.
  bool joins_existing = false;
  std::vector<MemberDescription> known;
  bool strict_reconfig_check = true;
  // Called when this member has been removed from the cluster; ends the process when empty.
  std::function<void()> on_removed;
  transport::TlsOptions peer_server_tls;
  transport::TlsOptions peer_client_tls;
  Duration heartbeat_interval = 100ms;
  Duration election_timeout = 1000ms;
  uint64_t snapshot_count = 100000;  // entries; more when they are small beside the state
  uint64_t catch_up_entries = 5000;  // kept behind a snapshot for followers that are a little late
  size_t max_request_bytes = 1536 * 1024;
  size_t max_txn_ops = 128;
  int64_t quota_bytes = int64_t{2} << 30;
  bool pre_vote = true;
  uint64_t max_apply_lag = 5000;  // committed and not applied; beyond it proposals are refused
  size_t max_waiting = 50000;     // proposals, and reads, that wait for an answer
  Duration auth_token_ttl = 300s;
  WatchHubOptions watch;
  uint64_t wal_segment_bytes = 16 << 20;
  bool preallocate_log = false;  // see Wal
};

struct MemberCounters {
  uint64_t proposals = 0;
  uint64_t proposals_failed = 0;
  uint64_t applied = 0;
  uint64_t puts = 0;
  uint64_t leader_changes = 0;
  uint64_t reads = 0;
  uint64_t read_rounds = 0;
  uint64_t snapshots = 0;
};

class Member : private PeerHandler {
 public:
  // Recovers what the data folder holds. kDataLoss names a damaged file and its offset;
  // kFailedPrecondition: the folder belongs to another member or cluster.
  static Result<std::unique_ptr<Member>> Create(runtime::Env& env, const MemberOptions& options);
  ~Member() override = default;
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  Status ListenPeers(const Url& url) { return peers_->Listen(url); }
  // Takes part from now on.
  void Start();

  // `command` is what `request` decodes to. Answered once it is committed and applied here. kUnavailable
  // leaves its outcome unknown. Whether the caller may is decided where it is applied.
  void Propose(CommandKind kind, std::string_view request, Command command, Caller caller,
               Completion<Result<Response>> done);
  // Completes once this member's state is at least as new as any acknowledged before the call.
  void ReadBarrier(Completion<Status> done);
  // The granted time in seconds, 0 for a lease that is not there; by the leader, wherever it is.
  void LeaseRenew(LeaseId id, Completion<Result<int64_t>> done);
  void LeaseTimeToLive(const LeaseTimeToLiveRequest& request, Completion<Result<LeaseTimeToLiveResponse>> done);

  WatchHub::StreamId OpenWatch(WatchSink* sink) { return hub_.Open(sink); }
  void CloseWatch(WatchHub::StreamId stream) { hub_.Close(stream); }
  void HandleWatch(WatchHub::StreamId stream, const WatchRequest& request);

  const Mvcc& store() const { return state_; }
  const Auth& auth() const { return auth_; }
  AuthTokens& tokens() { return tokens_; }
  const WatchHub& hub() const { return hub_; }
  const raft::Node& raft() const { return *node_; }
  const Wal& wal() const { return *wal_; }
  const MemberOptions& options() const { return options_; }
  const MemberCounters& counters() const { return counters_; }
  uint64_t applied_index() const { return applied_; }
  size_t pending_proposals() const { return pending_.size(); }
  bool has_leader() const { return node_->leader() != raft::kNoNode; }
  bool is_leader() const { return node_->role() == raft::Role::kLeader; }
  const Membership& membership() const { return membership_; }
  const Peers& peers() const { return *peers_; }
  bool is_learner() const;
  // Adds, removes, promotes a member or gives it other peer URLs; answered once that is applied here.
  void ChangeMembers(const MemberChange& change, Completion<Result<Response>> done);
  // Makes `to` the leader; done once it is.
  void MoveLeader(uint64_t to, Completion<Status> done);
  // Hands leadership to the member that is furthest, so that a planned stop costs no election. Nothing when
  // this one does not lead or has nobody to hand it to.
  void ResignLeadership();
  ReplyHeader Header(Revision revision) const { return {options_.cluster.id, options_.self, revision, node_->term()}; }

  void CheckInvariants() const;

  // The replicated state as snapshots hold it.
  static std::string EncodeState(const ProposalLedger& ledger, const Membership& membership, const Auth& auth,
                                 const Mvcc& state);

 private:
  enum class Route : uint8_t {
    kAnywhere,   // forwarded to the leader, and to the next one when it changes
    kLocalOnly,  // this leader's own doing, void once it leads no more
  };
  struct Pending {
    Command command;
    Caller caller;
    raft::Buffer bytes;
    Route route = Route::kAnywhere;
    std::optional<MemberChange> change;  // instead of a command
    raft::Term sent_term = 0;            // 0: waits for a leader
    Time deadline{};
    Completion<Result<Response>> done;
  };
  struct Read {
    Time deadline{};
    Completion<Status> done;
  };
  struct Transfer {
    uint64_t to = 0;
    Time deadline{};
    Completion<Status> done;
  };
  // A member change that came from another member before an earlier one was through.
  struct WaitingChange {
    uint64_t from = 0;
    raft::Buffer bytes;
    Time deadline{};
  };
  struct LeaseCall {
    Time deadline{};
    Completion<Result<LeaseTimeToLiveResponse>> done;
  };

  Member(runtime::Env& env, MemberOptions options);

  // member.cc
  Status Recover();
  Status AdoptIdentity(const WalContents& contents);
  Status LoadState(std::string_view bytes);
  std::string SaveState() const;
  SnapshotSource StateInPieces();
  // What stands in front of the keys.
  static void WriteHead(BinaryWriter& out, const ProposalLedger& ledger, const Membership& membership,
                        const Auth& auth);
  void OnSnapshotSaved(raft::Index index);
  void TrimLog();
  void Tick();
  void ScheduleTurn();
  void Turn();
  void CarryOut(raft::Ready ready);
  void SendMessages(std::vector<raft::Message> messages);
  void InstallSnapshot(const raft::Snapshot& snapshot);
  void OnSoftState(const raft::SoftState& state);
  void MaybeSnapshot();
  void PumpWatches();
  void OnPeerFrame(uint64_t from, FrameType type, std::string_view payload) override;
  void OnPeerUp(uint64_t id) override;
  void OnPeerDown(uint64_t id) override;
  void OnBulkSent(uint64_t to, const Status& outcome) override;
  void OnRemovedFromCluster() override;
  std::string DescribeCluster() const override;

  // member_propose.cc
  void Submit(CommandKind kind, std::string_view request, Command command, Caller caller, Route route,
              Completion<Result<Response>> done);
  void Dispatch(uint64_t sequence, Pending& pending);
  void DispatchWaiting();
  void OnForwardedProposal(uint64_t from, std::string_view payload);
  void Finish(uint64_t sequence, Result<Response> result);
  void Apply(const raft::Entry& entry);
  void ApplyProposal(const raft::Entry& entry);
  Result<Response> ApplyCommand(Command& command, const Caller& caller);  // takes what it can out of it
  Result<Response> ApplyAuth(const AuthCommand& command);
  bool OverQuota(const Command& command);
  void ExpireWaiting();

  // member_changes.cc
  Status CheckReconfiguration(const MemberChange& change) const;
  Status ProposeChange(const MemberChange& change, const raft::Buffer& bytes);
  bool InSync(uint64_t learner) const;
  size_t ConnectedVoters() const;
  void OnForwardedChange(uint64_t from, const Proposal& proposal, std::string_view payload);
  void OnRefused(std::string_view payload);
  void RetryChanges();
  void ApplyConfiguration(const raft::Entry& entry);
  Result<Response> ApplyMemberChange(const MemberChange& change, const raft::ConfigurationChange* reconfiguration);
  void UpdatePeers();
  void MaybePublish();
  void CompleteTransfers();

  // member_reads.cc
  void StartReadRound();
  void OnReadStates(const std::vector<raft::ReadState>& states);
  void OnLostReads(const std::vector<uint64_t>& contexts);
  void CompleteReads();

  // member_leases.cc
  void CallLease(std::string_view verb, const LeaseTimeToLiveRequest& request,
                 Completion<Result<LeaseTimeToLiveResponse>> done);
  void AnswerLeaseHere(std::string_view verb, const LeaseTimeToLiveRequest& request,
                       Completion<Result<LeaseTimeToLiveResponse>> done);
  void OnLeaseCall(uint64_t from, std::string_view payload);
  void OnLeaseReply(std::string_view payload);
  void RevokeExpired();
  void ScheduleExpiry();

  Duration RequestTimeout() const { return 5s + 2 * options_.election_timeout; }

  runtime::Env& env_;
  MemberOptions options_;  // as started with; identity and first members as the log says
  uint64_t origin_ = 0;    // of this life's proposals
  Membership membership_;
  Mvcc state_;
  Auth auth_;
  AuthTokens tokens_;
  ProposalLedger ledger_;
  Lessor lessor_;
  WatchHub hub_;
  MemberCounters counters_;
  std::unique_ptr<Wal> wal_;
  std::optional<raft::Node> node_;
  std::unique_ptr<Peers> peers_;

  raft::Index applied_ = 0;
  raft::Index snapshot_index_ = 0;  // of the newest snapshot of our own that is durable or being saved
  uint64_t bytes_since_snapshot_ = 0;
  bool saving_snapshot_ = false;
  std::optional<Mvcc::Serializer> saver_;  // of the snapshot that is being saved; none: the state went on without it
  raft::Index saved_index_ = 0;            // of the newest snapshot that is durable
  bool save_at_once_ = false;              // the last one was overtaken
  bool turn_scheduled_ = false;

  uint64_t last_sequence_ = 0;
  std::map<uint64_t, Pending> pending_;  // by sequence, which is by deadline too
  std::vector<Read> next_reads_;         // for the next round
  uint64_t last_read_context_ = 0;
  std::map<uint64_t, std::vector<Read>> asked_reads_;
  std::map<raft::Index, std::vector<Read>> confirmed_reads_;
  std::deque<WaitingChange> waiting_changes_;
  std::vector<Transfer> transfers_;
  bool publishing_ = false;
  bool removed_ = false;
  uint64_t last_lease_call_ = 0;
  std::map<uint64_t, LeaseCall> lease_calls_;

  runtime::Timer tick_;
  runtime::Timer expiry_;
  runtime::Timer watch_timer_;
  Alive alive_;
};

}  // namespace kp::store
