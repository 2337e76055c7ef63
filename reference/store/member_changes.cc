// Membership: who may change it and when, and what a member does once it has changed.
//
// Changes that alter who votes or gets the log are Raft configuration changes whose context is an ordinary
// proposal; the others (a member's name, its addresses) are ordinary proposals altogether. Both pass the ledger,
// so a change that was sent twice happens once.
#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/store/binary.h"
#include "reference/store/errors.h"
#include "reference/store/member.h"

namespace kp::store {
namespace {

// etcd's HealthInterval: a peer counts as healthy once it has been connected that long.
constexpr Duration kHealthy = 5s;
// How much of the leader's log a learner must hold before it may vote (etcd's readyPercent).
constexpr double kReadyShare = 0.9;
constexpr size_t kMaxWaitingChanges = 64;
// A removed member stays up a little: its vote may be what the others need to learn of the removal.
constexpr Duration kStopAfterRemoval = 1s;

raft::ChangeType RaftType(MemberChange::Type type) {
  switch (type) {
    case MemberChange::Type::kAddLearner: return raft::ChangeType::kAddLearner;
    case MemberChange::Type::kRemove: return raft::ChangeType::kRemove;
    default: return raft::ChangeType::kAddVoter;
  }
}

}  // namespace

bool Member::is_learner() const {
  const MemberDescription* self = membership_.Find(options_.self);
  return self != nullptr && self->learner;
}

// ---- asking for a change ----

size_t Member::ConnectedVoters() const {
  size_t count = 0;
  for (const uint64_t id : membership_.Voters()) {
    const std::optional<Time> since = peers_->ConnectedSince(id);
    if (id == options_.self || (since && env_.Now() - *since >= kHealthy)) ++count;
  }
  return count;
}

// etcd's --strict-reconfig-check (etcdserver/server.go, mayAddMember and mayRemoveMember).
Status Member::CheckReconfiguration(const MemberChange& change) const {
  if (!options_.strict_reconfig_check || KP_MUTANT("store-reconfigures-unchecked")) return {};
  const uint64_t id = change.member.id;
  const size_t voters = membership_.Voters().size();
  switch (change.type) {
    case MemberChange::Type::kAdd:
      if (!membership_.MayAddVoter()) return ErrorNotEnoughStarted();
      return ConnectedVoters() == voters ? Status() : ErrorUnhealthy();
    case MemberChange::Type::kAddLearner: return ConnectedVoters() == voters ? Status() : ErrorUnhealthy();
    case MemberChange::Type::kRemove: {
      const MemberDescription* member = membership_.Find(id);
      if (member != nullptr && member->learner) return {};
      if (!membership_.MayRemoveVoter(id)) return ErrorNotEnoughStarted();
      // One that is down is no part of any quorum that is there now.
      if (id != options_.self && !peers_->Connected(id)) return {};
      return ConnectedVoters() - 1 >= 1 + (voters - 1) / 2 ? Status() : ErrorUnhealthy();
    }
    default: return {};
  }
}

void Member::ChangeMembers(const MemberChange& change, Completion<Result<Response>> done) {
  Status refused = CheckReconfiguration(change);
  if (pending_.size() >= options_.max_waiting) refused = ErrorTooManyRequests();
  if (!refused.ok()) {
    return env_.Post(alive_.Wrap([done = std::move(done), refused] { done(refused); }));
  }
  ++counters_.proposals;
  const uint64_t sequence = ++last_sequence_;
  const uint64_t finished_below = pending_.empty() ? sequence : pending_.begin()->first;
  const std::string request = EncodeMemberChange(change);
  Pending pending;
  pending.bytes = raft::MakeBuffer(EncodeProposal({.id = {origin_, sequence},
                                                   .finished_below = finished_below,
                                                   .kind = CommandKind::kMembers,
                                                   .request = request}));
  pending.change = change;
  pending.deadline = env_.Now() + RequestTimeout();
  pending.done = std::move(done);
  Dispatch(sequence, pending_.emplace(sequence, std::move(pending)).first->second);
  ScheduleTurn();
}

bool Member::InSync(uint64_t learner) const {
  const auto progress = node_->progress().find(learner);
  if (progress == node_->progress().end()) return true;  // no member: refused when it is applied
  return static_cast<double>(progress->second.match) >= static_cast<double>(node_->log().last()) * kReadyShare ||
         KP_MUTANT("store-promotes-empty-learner");
}

// On the leader. kUnavailable: not now.
Status Member::ProposeChange(const MemberChange& change, const raft::Buffer& bytes) {
  if (!change.reconfigures()) return node_->Propose(bytes);
  // What will be refused when it is applied need not be a configuration change.
  if (!membership_.Check(change).ok()) return node_->Propose(bytes);
  if (change.type == MemberChange::Type::kPromote) {
    if (!InSync(change.member.id)) return ErrorLearnerNotReady();
    if (options_.strict_reconfig_check && !membership_.MayPromoteLearner()) return ErrorNotEnoughStarted();
  }
  const Status status = node_->ProposeChange({RaftType(change.type), change.member.id, *bytes});
  if (status.code() == Code::kFailedPrecondition) return {Code::kUnavailable, status.message()};
  return status;
}

// The leader answers with a refusal, tries again later, or takes it; nothing, when it does not lead any more.
void Member::OnForwardedChange(uint64_t from, const Proposal& proposal, std::string_view payload) {
  const Result<MemberChange> change = DecodeMemberChange(proposal.request);
  if (!is_leader() || !change.ok()) return;
  const raft::Buffer bytes = raft::MakeBuffer(std::string(payload));
  const Status status = ProposeChange(*change, bytes);
  if (status.ok()) return;
  if (status.code() == Code::kUnavailable) {
    if (waiting_changes_.size() < kMaxWaitingChanges) {
      waiting_changes_.push_back({from, bytes, env_.Now() + RequestTimeout()});
    }
    return;
  }
  BinaryWriter out;
  out.Number(proposal.id.origin);
  out.Number(proposal.id.sequence);
  out.Number(static_cast<uint64_t>(status.code()));
  out.Text(status.message());
  peers_->Send(from, FrameType::kRefuse, out.bytes());
}

void Member::OnRefused(std::string_view payload) {
  BinaryReader in(payload);
  const uint64_t origin = in.Number();
  const uint64_t sequence = in.Number();
  const auto code = static_cast<Code>(in.Number());
  const std::string message(in.Text());
  if (in.AtEnd() && origin == origin_ && code != Code::kOk) Finish(sequence, Status(code, message));
}

void Member::RetryChanges() {
  for (WaitingChange& waiting : std::exchange(waiting_changes_, {})) {
    if (waiting.deadline <= env_.Now()) continue;
    const Result<Proposal> proposal = DecodeProposal(*waiting.bytes);
    if (proposal.ok()) OnForwardedChange(waiting.from, *proposal, *waiting.bytes);
  }
}

// ---- after a change ----

void Member::ApplyConfiguration(const raft::Entry& entry) {
  const Result<raft::ConfigurationChange> reconfiguration = raft::DecodeChange(entry.bytes());
  if (!reconfiguration.ok()) return env_.Fail("store", reconfiguration.error().ToString());
  const Result<Proposal> proposal = DecodeProposal(reconfiguration->context);
  // Raft's own step: it leaves a joint configuration.
  if (reconfiguration->context.empty() || !proposal.ok()) {
    node_->ApplyChange(*reconfiguration);
    return;
  }
  const bool own = proposal->id.origin == origin_;
  const uint64_t sequence = proposal->id.sequence;
  if (!ledger_.Admit(*proposal, entry.index)) {
    if (own) Finish(sequence, ErrorTimeout());
    return;
  }
  const Result<MemberChange> change = DecodeMemberChange(proposal->request);
  if (!change.ok()) return env_.Fail("store", change.error().ToString());
  Result<Response> result = ApplyMemberChange(*change, &*reconfiguration);
  if (own) Finish(sequence, std::move(result));
}

// `reconfiguration` is null for a change that Raft has nothing to do with.
Result<Response> Member::ApplyMemberChange(const MemberChange& change,
                                           const raft::ConfigurationChange* reconfiguration) {
  if (Status status = membership_.Check(change); !status.ok()) return status;
  // It was proposed as one that would be refused, and the refused one before it has made room for it.
  if (change.reconfigures() && reconfiguration == nullptr) return ErrorUnhealthy();
  if (reconfiguration != nullptr) node_->ApplyChange(*reconfiguration);
  membership_.Apply(change);
  UpdatePeers();
  if (change.reconfigures()) {
    env_.Log(runtime::Severity::kInfo, "store", "members are " + node_->configuration().ToString() + " now");
  }
  if (membership_.Removed(options_.self)) OnRemovedFromCluster();
  return Response(PlainResponse{state_.revision()});
}

void Member::OnRemovedFromCluster() {
  if (std::exchange(removed_, true)) return;
  env_.Log(runtime::Severity::kError, "store",
           "the member has been permanently removed from the cluster; the data-dir " + options_.data_dir +
               " used by this member must be removed");
  env_.After(kStopAfterRemoval, alive_.Wrap([this] {
    if (options_.on_removed) return options_.on_removed();
    env_.Fail("store", "the member has been permanently removed from the cluster");
  }));
}

// Whom the replicated state names; before a joining member has caught up, also whom it was told of.
void Member::UpdatePeers() {
  std::map<uint64_t, Peer> peers;
  const auto add = [&](const MemberDescription& member) {
    const auto urls = ParseUrls(Join(member.peer_urls, ","));
    if (urls.ok() && !membership_.Removed(member.id)) peers[member.id] = {member.id, *urls};
  };
  for (const MemberDescription& member : options_.known) add(member);
  for (const MemberDescription& member : membership_.List()) add(member);
  std::vector<Peer> list;
  for (auto& [id, peer] : peers) list.push_back(std::move(peer));
  peers_->SetPeers(list, membership_.removed());
}

std::string Member::DescribeCluster() const {
  return EncodeClusterView({options_.cluster.id, Describe(options_.cluster), membership_.List()});
}

// Tells the others this member's name and where it serves clients, once there is somebody to tell.
void Member::MaybePublish() {
  const MemberDescription* self = membership_.Find(options_.self);
  if (publishing_ || self == nullptr || !has_leader()) return;
  MemberChange change{MemberChange::Type::kPublish, *self};
  change.member.name = options_.name;
  change.member.client_urls.clear();
  for (const std::string_view url : Split(options_.client_urls, ',')) change.member.client_urls.emplace_back(url);
  if (change.member == *self) return;
  publishing_ = true;
  ChangeMembers(change, [this](const Result<Response>&) { publishing_ = false; });
}

// ---- leadership ----

void Member::MoveLeader(uint64_t to, Completion<Status> done) {
  Status refused;
  const MemberDescription* member = membership_.Find(to);
  if (!is_leader()) refused = ErrorNotLeader();
  if (refused.ok() && (member == nullptr || member->learner)) refused = ErrorBadTransferee();
  const bool there = refused.ok() && to == options_.self;
  if (refused.ok() && !there && !node_->TransferLeader(to).ok()) refused = ErrorBadTransferee();
  if (!refused.ok() || there) {
    return env_.Post(alive_.Wrap([done = std::move(done), refused] { done(refused); }));
  }
  transfers_.push_back({to, env_.Now() + RequestTimeout(), std::move(done)});
  ScheduleTurn();
}

void Member::CompleteTransfers() {
  std::vector<std::pair<Completion<Status>, Status>> over;
  std::erase_if(transfers_, [&](Transfer& transfer) {
    const bool there = node_->leader() == transfer.to;
    if (!there && transfer.deadline > env_.Now()) return false;
    over.emplace_back(std::move(transfer.done), there ? Status() : ErrorTimeoutTransfer());
    return true;
  });
  for (const auto& [done, status] : over) done(status);
}

// To the member that is furthest, among those that vote and can be reached.
void Member::ResignLeadership() {
  if (!is_leader()) return;
  raft::NodeId best = raft::kNoNode;
  raft::Index furthest = 0;
  for (const auto& [id, progress] : node_->progress()) {
    if (!node_->configuration().IsVoter(id) || !peers_->Connected(id) || progress.match < furthest) continue;
    best = id;
    furthest = progress.match;
  }
  if (best == raft::kNoNode || !node_->TransferLeader(best).ok()) return;
  ScheduleTurn();
}

}  // namespace kp::store
