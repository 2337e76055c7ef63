#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/raft/configuration_change.h"
#include "reference/store/auth_access.h"
#include "reference/store/errors.h"
#include "reference/store/member.h"

namespace kp::store {
namespace {

// etcd's account of what a write adds: key, value and 256 bytes per put, 64 per lease.
int64_t CostOf(const Command& command);

int64_t CostOf(const std::vector<RequestOp>& operations) {
  int64_t cost = 0;
  for (const RequestOp& op : operations) {
    if (const auto* put = std::get_if<PutRequest>(&op)) cost += CostOf(Command(*put));
    if (const auto* txn = std::get_if<std::shared_ptr<const TxnRequest>>(&op)) cost += CostOf(Command(**txn));
  }
  return cost;
}

int64_t CostOf(const Command& command) {
  if (const auto* put = std::get_if<PutRequest>(&command)) {
    return static_cast<int64_t>(put->key.size() + put->value.size()) + 256;
  }
  if (const auto* txn = std::get_if<TxnRequest>(&command)) return std::max(CostOf(txn->success), CostOf(txn->failure));
  return std::holds_alternative<LeaseGrantRequest>(command) ? 64 : 0;
}

// What a store that forgets to wait for its quorum would answer.
Response Premature(const Command& command, Revision revision) {
  if (std::holds_alternative<PutRequest>(command)) return PutResponse{revision, nullptr};
  TxnResponse response{revision, true, {}};
  if (const auto* txn = std::get_if<TxnRequest>(&command)) {
    response.responses.resize(txn->success.size(), PutResponse{revision, nullptr});
  }
  return response;
}

}  // namespace

void Member::Propose(CommandKind kind, std::string_view request, Command command, Caller caller,
                     Completion<Result<Response>> done) {
  Status refused;
  const size_t most = KP_MUTANT("store-refuses-a-megabyte") ? size_t{1} << 20 : options_.max_request_bytes;
  if (request.size() > most && !KP_MUTANT("store-takes-large-requests")) refused = ErrorRequestTooLarge();
  if (node_->log().commit() > applied_ + options_.max_apply_lag) refused = ErrorTooManyRequests();
  if (pending_.size() >= (KP_MUTANT("store-keeps-ten-waiting") ? 10 : options_.max_waiting))
    refused = ErrorTooManyRequests();
  if (refused.ok() && OverQuota(command)) refused = ErrorNoSpace();
  if (!refused.ok()) {
    return env_.Post(alive_.Wrap([done = std::move(done), refused] { done(refused); }));
  }
  Submit(kind, request, std::move(command), std::move(caller), Route::kAnywhere, std::move(done));
}

void Member::Submit(CommandKind kind, std::string_view request, Command command, Caller caller, Route route,
                    Completion<Result<Response>> done) {
  ++counters_.proposals;
  const uint64_t sequence = ++last_sequence_;
  const uint64_t finished_below = pending_.empty() ? sequence : pending_.begin()->first;
  Pending pending;
  pending.bytes = raft::MakeBuffer(EncodeProposal({{origin_, sequence}, finished_below, kind, caller, request}));
  pending.command = std::move(command);
  pending.caller = std::move(caller);
  pending.route = route;
  pending.deadline = env_.Now() + RequestTimeout();
  pending.done = std::move(done);
  Dispatch(sequence, pending_.emplace(sequence, std::move(pending)).first->second);
  ScheduleTurn();
}

// Hands it to whoever leads. A proposal that finds nobody waits; DispatchWaiting comes back to it.
void Member::Dispatch(uint64_t sequence, Pending& pending) {
  if (is_leader()) {
    const Status status =
        pending.change ? ProposeChange(*pending.change, pending.bytes) : node_->Propose(pending.bytes);
    // Not in step yet: no use in waiting.
    if (status.code() == Code::kFailedPrecondition && pending.change) {
      return env_.Post(alive_.Wrap([this, sequence, status] { Finish(sequence, status); }));
    }
    if (status.code() == Code::kResourceExhausted) {
      return env_.Post(alive_.Wrap([this, sequence] { Finish(sequence, ErrorTooManyRequests()); }));
    }
    if (status.ok()) pending.sent_term = node_->term();
    if (status.ok() && KP_MUTANT("store-ack-before-commit") && !pending.change && pending.route == Route::kAnywhere &&
        (std::holds_alternative<PutRequest>(pending.command) || std::holds_alternative<TxnRequest>(pending.command))) {
      env_.Post(alive_.Wrap(
          [this, sequence, early = Premature(pending.command, state_.revision() + 1)] { Finish(sequence, early); }));
    }
    return;
  }
  if (pending.route == Route::kLocalOnly) {
    return env_.Post(alive_.Wrap([this, sequence] { Finish(sequence, ErrorLeaderChanged()); }));
  }
  if (has_leader() && peers_->Send(node_->leader(), FrameType::kPropose, *pending.bytes)) {
    pending.sent_term = node_->term();
  }
}

// What was sent to a leader of an earlier term may be lost: it goes to the new one too, and the ledger
// sees to it that it happens once.
void Member::DispatchWaiting() {
  if (!has_leader()) return;
  for (auto& [sequence, pending] : pending_) {
    if (pending.sent_term < node_->term()) Dispatch(sequence, pending);
  }
}

void Member::OnForwardedProposal(uint64_t from, std::string_view payload) {
  if (const auto proposal = DecodeProposal(payload); proposal.ok() && proposal->kind == CommandKind::kMembers) {
    return OnForwardedChange(from, *proposal, payload);
  }
  // Not leader, or not able to: the sender finds out by itself who leads.
  (void)node_->Propose(raft::MakeBuffer(std::string(payload)));
}

void Member::Finish(uint64_t sequence, Result<Response> result) {
  auto entry = pending_.find(sequence);
  if (entry == pending_.end()) return;
  const Completion<Result<Response>> done = std::move(entry->second.done);
  pending_.erase(entry);
  if (!result.ok()) ++counters_.proposals_failed;
  done(std::move(result));
}

void Member::Apply(const raft::Entry& entry) {
  CHECK_EQ(entry.index, applied_ + 1);
  if (entry.type == raft::EntryType::kConfiguration) {
    ApplyConfiguration(entry);
  } else if (entry.size() > 0) {
    ApplyProposal(entry);
  }
  applied_ = entry.index;
  bytes_since_snapshot_ += entry.size() + 64;  // as the store counts what a version takes
  ++counters_.applied;
}

void Member::ApplyProposal(const raft::Entry& entry) {
  const Result<Proposal> proposal = DecodeProposal(entry.bytes());
  if (!proposal.ok()) return env_.Fail("store", proposal.error().ToString());
  auto own = proposal->id.origin == origin_ ? pending_.find(proposal->id.sequence) : pending_.end();
  if (!ledger_.Admit(*proposal, entry.index)) {
    // Applied before, in a snapshot perhaps: it happened, and how it ended is no longer known.
    if (own != pending_.end()) Finish(own->first, ErrorTimeout());
    return;
  }
  if (proposal->kind == CommandKind::kMembers) {
    const Result<MemberChange> change = DecodeMemberChange(proposal->request);
    if (!change.ok()) return env_.Fail("store", change.error().ToString());
    Result<Response> result = ApplyMemberChange(*change, nullptr);
    if (own != pending_.end()) Finish(own->first, std::move(result));
    return;
  }
  if (own != pending_.end()) {
    Result<Response> result = ApplyCommand(own->second.command, own->second.caller);
    return Finish(own->first, std::move(result));
  }
  Result<Command> command = DecodeCommand(proposal->kind, proposal->request);
  if (!command.ok())
    return env_.Fail("store", "entry " + std::to_string(entry.index) + ": " + command.error().message());
  if (std::holds_alternative<AuthCommand>(*command) && KP_MUTANT("auth-is-not-replicated")) return;
  (void)ApplyCommand(*command, proposal->caller);
}

// Users and roles are no data of the keys: alarms do not stop their changes.
Result<Response> Member::ApplyAuth(const AuthCommand& command) {
  const bool was_enabled = auth_.enabled();
  if (Status status = auth_.Apply(command); !status.ok()) return status;
  using Verb = AuthCommand::Verb;
  if (command.verb == Verb::kAuthenticate) tokens_.Assign(command.token, command.user, env_.Now());
  if (command.verb == Verb::kUserDelete || command.verb == Verb::kUserChangePassword) tokens_.Revoke(command.user);
  if (was_enabled && !auth_.enabled()) tokens_.Clear();
  return Response(PlainResponse{state_.revision()});
}

Result<Response> Member::ApplyCommand(Command& command, const Caller& caller) {
  const bool rests = state_.HasAlarm(AlarmType::kNoSpace) && KP_MUTANT("auth-rests-while-space-is-out");
  const Status allowed = rests ? Status() : Access(auth_, state_, caller).Check(command);
  if (!allowed.ok()) return allowed;
  if (const auto* auth = std::get_if<AuthCommand>(&command)) return ApplyAuth(*auth);
  if (!std::holds_alternative<AlarmRequest>(command)) {
    if (state_.HasAlarm(AlarmType::kCorrupt) && !KP_MUTANT("alarm-of-corruption-is-ignored")) return ErrorCorrupt();
    if (CostOf(command) > 0 && !KP_MUTANT("alarm-of-space-is-ignored") && state_.HasAlarm(AlarmType::kNoSpace))
      return ErrorNoSpace();
  }
  // The events that compaction drops go out first.
  if (std::holds_alternative<CompactRequest>(command)) {
    hub_.Pump(env_.Now());
    saver_.reset();
  }
  const Revision before = state_.revision();
  Result<Response> result = state_.Apply(std::move(command));
  if (!result.ok()) return result;
  for (size_t i = state_.events().size(); i > 0 && state_.events()[i - 1].revision() > before; --i) {
    counters_.puts += state_.events()[i - 1].is_delete() ? 0 : 1;
  }
  if (const auto* grant = std::get_if<LeaseGrantRequest>(&command)) {
    lessor_.OnGranted(grant->id, grant->ttl, env_.Now());
  }
  if (const auto* revoke = std::get_if<LeaseRevokeRequest>(&command)) lessor_.OnRevoked(revoke->id);
  return result;
}

// The first write over the quota raises the alarm that refuses all further ones, until someone has
// compacted and disarmed it.
bool Member::OverQuota(const Command& command) {
  const int64_t cost = CostOf(command);
  if (cost == 0 || state_.size_bytes() + cost <= options_.quota_bytes) return false;
  if (!state_.HasAlarm(AlarmType::kNoSpace)) {
    const AlarmRequest alarm{AlarmRequest::Action::kActivate, options_.self, AlarmType::kNoSpace};
    Submit(CommandKind::kAlarm, EncodeRequest(alarm), alarm, Caller::Cluster(), Route::kAnywhere,
           [](const Result<Response>&) {});
  }
  return true;
}

void Member::ExpireWaiting() {
  const Time now = env_.Now();
  while (!pending_.empty() && pending_.begin()->second.deadline <= now) Finish(pending_.begin()->first, ErrorTimeout());
  if (has_leader()) {
    // A forward that found no connection.
    for (auto& [sequence, pending] : pending_) {
      if (pending.sent_term == 0) Dispatch(sequence, pending);
    }
  }
  std::vector<Completion<Status>> late_reads;
  const auto take_late = [&](std::vector<Read>& reads) {
    for (auto read = reads.begin(); read != reads.end();) {
      if (read->deadline > now) {
        ++read;
        continue;
      }
      late_reads.push_back(std::move(read->done));
      read = reads.erase(read);
    }
  };
  take_late(next_reads_);
  for (auto& [context, reads] : asked_reads_) take_late(reads);
  for (auto& [index, reads] : confirmed_reads_) take_late(reads);
  for (const auto& done : late_reads) done(ErrorTimeout());
  while (!lease_calls_.empty() && lease_calls_.begin()->second.deadline <= now) {
    const auto done = std::move(lease_calls_.begin()->second.done);
    lease_calls_.erase(lease_calls_.begin());
    done(ErrorTimeout());
  }
}

}  // namespace kp::store
