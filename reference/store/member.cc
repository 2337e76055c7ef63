#include "reference/store/member.h"

#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/strings.h"
#include "reference/raft/message.h"
#include "reference/store/binary.h"
#include "reference/store/file_names.h"

namespace kp::store {
namespace {

// Before the state in every snapshot; another layout has another number.
constexpr std::string_view kStateFormat = "kpstate3";

// How soon a full watch stream is looked at again.
constexpr Duration kBlockedWatchRetry = 5ms;

}  // namespace

Member::Member(runtime::Env& env, MemberOptions options)
    : env_(env),
      options_(std::move(options)),
      origin_(env.random().Fork("store/origin").Next()),
      tokens_(options_.auth_token_ttl),
      hub_(state_, options_.watch),
      tick_(env),
      expiry_(env),
      watch_timer_(env) {}

Result<std::unique_ptr<Member>> Member::Create(runtime::Env& env, const MemberOptions& options) {
  std::unique_ptr<Member> member(new Member(env, options));
  if (Status status = member->Recover(); !status.ok()) return status;
  auto peers = Peers::Create(env,
                             {.cluster = member->options_.cluster.id,
                              .self = member->options_.self,
                              .peer_urls = options.peer_urls,
                              .server_tls = options.peer_server_tls,
                              .client_tls = options.peer_client_tls},
                             member.get());
  if (!peers.ok()) return peers.error();
  member->peers_ = std::move(*peers);
  member->UpdatePeers();
  return member;
}

Status Member::Recover() {
  wal_ = std::make_unique<Wal>(
      env_,
      WalOptions{.directory = options_.data_dir,
                 .metadata = EncodeIdentity({options_.cluster.id, options_.self, Describe(options_.cluster)}),
                 .segment_bytes = options_.wal_segment_bytes,
                 .preallocate = options_.preallocate_log},
      [this](uint64_t append_id) {
        node_->OnAppended(append_id);
        ScheduleTurn();
      });
  Result<WalContents> contents = wal_->Recover();
  if (!contents.ok()) return contents.error();
  if (contents->torn_bytes > 0) {
    env_.Log(runtime::Severity::kInfo, "store",
             "dropped " + std::to_string(contents->torn_bytes) + " bytes that a crash left unfinished");
  }
  if (Status status = AdoptIdentity(*contents); !status.ok()) return status;
  if (contents->snapshot) {
    if (Status status = LoadState(*contents->snapshot->data); !status.ok()) return status;
    applied_ = snapshot_index_ = saved_index_ = contents->snapshot->meta.index;
  }
  raft::Recovered recovered = std::move(contents->raft);
  if (recovered.start.configuration.voters.empty()) {
    for (const ClusterMember& member : options_.cluster.members) recovered.start.configuration.voters.insert(member.id);
  }
  const raft::Options raft_options{
      .id = options_.self,
      .election_ticks = static_cast<int>(std::max<int64_t>(options_.election_timeout / options_.heartbeat_interval, 2)),
      .pre_vote = options_.pre_vote,
  };
  node_.emplace(raft_options, env_.random().Fork("store/raft"), std::move(recovered));
  return {};
}

Status Member::AdoptIdentity(const WalContents& contents) {
  const Result<Identity> identity = DecodeIdentity(contents.metadata);
  if (!identity.ok()) return identity.error();
  if (contents.fresh && options_.joins_existing && options_.known.empty()) {
    return {Code::kFailedPrecondition, "data-dir " + options_.data_dir +
                                           " holds a log that was never begun; remove it, so that the member can join"};
  }
  // The flags of one that joined say nothing of its ids, which the cluster gave it.
  const bool same = identity->cluster == options_.cluster.id && identity->self == options_.self;
  if (!contents.fresh && !same && !options_.joins_existing) {
    return {Code::kFailedPrecondition,
            "data-dir " + options_.data_dir + " belongs to member " + HexName(identity->self) + " of cluster " +
                HexName(identity->cluster) + ", the flags describe member " + HexName(options_.self) + " of cluster " +
                HexName(options_.cluster.id) +
                " (where the data is right and the members have changed since: --initial-cluster-state existing)"};
  }
  Result<Cluster> cluster = ToCluster(identity->cluster, identity->bootstrap);
  if (!cluster.ok()) return cluster.error();
  options_.cluster = std::move(*cluster);
  options_.self = identity->self;
  membership_ = Membership(identity->bootstrap);
  return {};
}

void Member::Start() {
  if (!KP_MUTANT("lease-clocks-do-not-survive")) lessor_.Reset(state_.leases(), env_.Now());
  if (membership_.Removed(options_.self)) OnRemovedFromCluster();
  // With the loop's first turn, when all that starts together is there to be dialled.
  env_.Post(alive_.Wrap([this] { peers_->Start(); }));
  // Alone there is nobody to wait for.
  const auto& voters = node_->configuration().voters;
  if (voters.size() == 1 && voters.contains(options_.self)) node_->Campaign();
  tick_.Start(options_.heartbeat_interval, [this] { Tick(); });
  ScheduleTurn();
}

void Member::Tick() {
  tick_.Start(options_.heartbeat_interval, [this] { Tick(); });
  node_->Tick();
  ExpireWaiting();
  RetryChanges();
  MaybePublish();
  ScheduleTurn();
}

void Member::ScheduleTurn() {
  if (std::exchange(turn_scheduled_, true)) return;
  env_.Post(alive_.Wrap([this] {
    turn_scheduled_ = false;
    Turn();
  }));
}

void Member::Turn() {
  StartReadRound();
  // Bounded: each Ready makes progress, and what a turn itself brings up waits for the next one.
  for (int i = 0; i < 16 && node_->HasReady(); ++i) CarryOut(node_->TakeReady());
  if (node_->HasReady()) ScheduleTurn();
  CompleteReads();
  CompleteTransfers();
  PumpWatches();
  MaybeSnapshot();
  TrimLog();
}

void Member::CarryOut(raft::Ready ready) {
  // First to the network: the leader's followers write while it does.
  SendMessages(std::move(ready.messages));
  if (ready.snapshot) InstallSnapshot(*ready.snapshot);
  if (ready.append_id != 0) {
    wal_->Append(ready.append_id, {std::move(ready.hard_state), std::move(ready.snapshot), std::move(ready.entries)});
  }
  if (ready.soft_state) OnSoftState(*ready.soft_state);
  for (const raft::Entry& entry : ready.committed) Apply(entry);
  if (!ready.committed.empty()) {
    ScheduleExpiry();
    node_->OnApplied(applied_);
  }
  OnReadStates(ready.read_states);
  OnLostReads(ready.lost_reads);
}

void Member::SendMessages(std::vector<raft::Message> messages) {
  for (raft::Message& message : messages) {
    const raft::NodeId to = message.to;
    if (message.type == raft::MessageType::kSnapshot) {
      message.snapshot = raft::Snapshot{node_->MetaAt(applied_), raft::MakeBuffer(SaveState())};
      if (!peers_->SendBulk(to, EncodeMessage(message))) {
        node_->ReportSnapshot(to, raft::Node::SnapshotOutcome::kFailed);
        ScheduleTurn();
      }
    } else if (!peers_->Send(to, FrameType::kRaft, EncodeMessage(message))) {
      node_->ReportUnreachable(to);
    }
  }
}

void Member::OnSoftState(const raft::SoftState& state) {
  ++counters_.leader_changes;
  const bool leads = state.role == raft::Role::kLeader;
  if (leads && !lessor_.primary()) {
    lessor_.Promote(env_.Now(), options_.election_timeout);
  } else if (!leads && lessor_.primary()) {
    lessor_.Demote();
  }
  ScheduleExpiry();
  DispatchWaiting();
  MaybePublish();
}

// ---- state ----

std::string Member::SaveState() const { return EncodeState(ledger_, membership_, auth_, state_); }

std::string Member::EncodeState(const ProposalLedger& ledger, const Membership& membership, const Auth& auth,
                                const Mvcc& state) {
  BinaryWriter out;
  WriteHead(out, ledger, membership, auth);
  out.bytes().append(state.Serialize());
  return std::move(out.bytes());
}

void Member::WriteHead(BinaryWriter& out, const ProposalLedger& ledger, const Membership& membership,
                       const Auth& auth) {
  out.Text(kStateFormat);
  ledger.Serialize(out);
  membership.Serialize(out);
  auth.Serialize(out);
}

Status Member::LoadState(std::string_view bytes) {
  BinaryReader in(bytes);
  if (in.Text() != kStateFormat) return {Code::kDataLoss, "snapshot: of another version of this store"};
  ProposalLedger ledger = ProposalLedger::Restore(in);
  if (!in.ok()) return {Code::kDataLoss, "snapshot: malformed ledger"};
  Membership membership = Membership::Restore(in);
  if (!in.ok()) return {Code::kDataLoss, "snapshot: malformed members"};
  Auth auth;
  if (!auth.Restore(in)) return {Code::kDataLoss, "snapshot: malformed users and roles"};
  Result<Mvcc> state = Mvcc::Restore(in.rest());
  if (!state.ok()) return state.error();
  saver_.reset();
  ledger_ = std::move(ledger);
  membership_ = std::move(membership);
  auth_ = std::move(auth);
  state_ = std::move(*state);
  hub_.OnStoreReplaced();
  return {};
}

// A member that was too far behind gets the whole state. Its watchers go on where they were, or are told
// that compaction has overtaken them.
void Member::InstallSnapshot(const raft::Snapshot& snapshot) {
  if (Status status = LoadState(*snapshot.data); !status.ok()) {
    return env_.Fail("store", "received snapshot: " + status.ToString());
  }
  applied_ = snapshot.meta.index;
  snapshot_index_ = std::max(snapshot_index_, applied_);
  saved_index_ = std::max(saved_index_, applied_);
  lessor_.Reset(state_.leases(), env_.Now());
  node_->OnSnapshotInstalled(applied_);
  UpdatePeers();
  if (membership_.Removed(options_.self)) OnRemovedFromCluster();
  env_.Log(runtime::Severity::kInfo, "store", "installed a snapshot at index " + std::to_string(applied_));
}

// A snapshot writes the whole state, so besides the entries the log's bytes must have earned it: its cost
// per write then stays bounded however large the state is.
void Member::MaybeSnapshot() {
  const uint64_t entries = applied_ - snapshot_index_;
  if (saving_snapshot_ || entries < options_.snapshot_count) return;
  const bool earned = bytes_since_snapshot_ >= static_cast<uint64_t>(state_.size_bytes());
  if (!earned && entries < 10 * options_.snapshot_count) return;
  saving_snapshot_ = true;
  bytes_since_snapshot_ = 0;
  snapshot_index_ = applied_;
  ++counters_.snapshots;
  wal_->SaveSnapshot(node_->MetaAt(applied_), StateInPieces(),
                     alive_.Wrap([this](raft::Index index) { OnSnapshotSaved(index); }));
}

SnapshotSource Member::StateInPieces() {
  BinaryWriter head;
  WriteHead(head, ledger_, membership_, auth_);
  saver_.emplace(state_);
  // Where compactions come faster than snapshots get done, the next one is taken in one piece.
  return [this, at_once = save_at_once_, head = std::move(head.bytes())](size_t size, std::string& out) mutable {
    if (!saver_) return SnapshotPiece::kGone;
    out.append(std::exchange(head, ""));
    return saver_->Next(at_once ? SIZE_MAX : size, out) ? SnapshotPiece::kLast : SnapshotPiece::kMore;
  };
}

void Member::OnSnapshotSaved(raft::Index index) {
  saving_snapshot_ = false;
  saver_.reset();
  save_at_once_ = index == 0;
  if (index == 0) {
    snapshot_index_ = saved_index_;
    return ScheduleTurn();
  }
  saved_index_ = std::max(saved_index_, index);
  if (index > options_.catch_up_entries) node_->Compact(index - options_.catch_up_entries + 1);
}

// Alone there is nobody who could ask for entries; the log on disk keeps what a restart needs.
void Member::TrimLog() {
  if (!node_->progress().empty() || !is_leader()) return;
  const raft::Index done = std::min(applied_, node_->log().stable());
  if (done > node_->log().offset() + options_.catch_up_entries) node_->Compact(done + 1);
}

// ---- watches ----

void Member::HandleWatch(WatchHub::StreamId stream, const WatchRequest& request) {
  hub_.Handle(stream, request, env_.Now());
  ScheduleTurn();
}

void Member::PumpWatches() {
  const WatchHub::Outcome outcome = hub_.Pump(env_.Now());
  if (outcome == WatchHub::Outcome::kMore) ScheduleTurn();
  std::optional<Time> wake = hub_.NextProgress();
  if (outcome == WatchHub::Outcome::kBlocked) wake = env_.Now() + kBlockedWatchRetry;
  if (!wake) return watch_timer_.Stop();
  watch_timer_.Start(std::max(*wake - env_.Now(), Duration(0)), [this] { ScheduleTurn(); });
}

// ---- peers ----

void Member::OnPeerFrame(uint64_t from, FrameType type, std::string_view payload) {
  switch (type) {
    case FrameType::kRaft: {
      Result<raft::Message> message = raft::DecodeMessage(payload);
      if (!message.ok() || message->from != from) {
        return env_.Log(runtime::Severity::kWarning, "store", "ignored a malformed message");
      }
      node_->Step(std::move(*message));
      if (node_->lost_log()) {
        return env_.Fail("store",
                         "the data folder lacks entries that this member has acknowledged: it is not the folder that "
                         "it had; remove the member from the cluster and add it again");
      }
      break;
    }
    case FrameType::kPropose: OnForwardedProposal(from, payload); break;
    case FrameType::kRefuse: OnRefused(payload); break;
    case FrameType::kLeaseCall: OnLeaseCall(from, payload); break;
    case FrameType::kLeaseReply: OnLeaseReply(payload); break;
    default: return;
  }
  ScheduleTurn();
}

// After a start of all members nobody leads, so the first of them asks at once instead of waiting for an
// election timeout. Where there is a leader after all, those who hear it refuse the pre-vote.
void Member::OnPeerUp(uint64_t) {
  const auto& voters = node_->configuration().voters;
  if (voters.empty() || *voters.begin() != options_.self || has_leader()) return;
  if (peers_->connected() + 1 < voters.size() / 2 + 1) return;
  node_->Campaign();
  ScheduleTurn();
}

void Member::OnPeerDown(uint64_t id) {
  node_->ReportUnreachable(id);
  if (id == node_->leader()) {
    // What was on its way there may be lost. Sent again, it still happens once.
    for (auto& [sequence, pending] : pending_) pending.sent_term = 0;
  }
  ScheduleTurn();
}

void Member::OnBulkSent(uint64_t to, const Status& outcome) {
  node_->ReportSnapshot(to,
                        outcome.ok() ? raft::Node::SnapshotOutcome::kDelivered : raft::Node::SnapshotOutcome::kFailed);
  ScheduleTurn();
}

void Member::CheckInvariants() const {
  node_->CheckInvariants();
  state_.CheckInvariants();
  hub_.CheckInvariants();
  CHECK_LE(applied_, node_->log().commit());
}

}  // namespace kp::store
