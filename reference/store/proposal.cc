#include "reference/store/proposal.h"

#include <algorithm>

#include "reference/base/mutant.h"

namespace kp::store {
namespace {

// Lives of members that are remembered; the one that was silent the longest goes first. A proposal lives
// for seconds, so its origin cannot be forgotten while it may still come twice.
constexpr size_t kMaxOrigins = 64;

}  // namespace

std::string EncodeProposal(const Proposal& proposal) {
  BinaryWriter out;
  out.bytes().reserve(proposal.request.size() + 32);
  out.Number(proposal.id.origin);
  out.Number(proposal.id.sequence);
  out.Number(proposal.finished_below);
  out.Number(static_cast<uint64_t>(proposal.kind));
  out.Number(static_cast<uint64_t>(proposal.caller.kind));
  if (proposal.caller.kind == Caller::Kind::kUser) {
    out.Text(proposal.caller.user);
    out.Number(proposal.caller.auth_revision);
  }
  out.bytes().append(proposal.request);
  return std::move(out.bytes());
}

Result<Proposal> DecodeProposal(std::string_view bytes) {
  BinaryReader in(bytes);
  Proposal proposal;
  proposal.id.origin = in.Number();
  proposal.id.sequence = in.Number();
  proposal.finished_below = in.Number();
  proposal.kind = static_cast<CommandKind>(in.Number());
  const uint64_t kind_of_caller = in.Number();
  proposal.caller.kind = static_cast<Caller::Kind>(kind_of_caller);
  if (proposal.caller.kind == Caller::Kind::kUser) {
    proposal.caller.user = in.Text();
    proposal.caller.auth_revision = in.Number();
  }
  if (!in.ok() || kind_of_caller > 2) return Status(Code::kDataLoss, "log: malformed proposal");
  proposal.request = in.rest();
  return proposal;
}

bool ProposalLedger::Admit(const Proposal& proposal, uint64_t index) {
  if (KP_MUTANT("store-applies-proposal-twice")) return true;
  Origin& origin = origins_[proposal.id.origin];
  origin.last_index = index;
  if (!origin.Insert(proposal.id.sequence)) return false;
  origin.finished_below = std::max(origin.finished_below, proposal.finished_below);
  origin.Settle();
  if (origins_.size() > kMaxOrigins) {
    origins_.erase(std::min_element(origins_.begin(), origins_.end(), [](const auto& a, const auto& b) {
      return a.second.last_index < b.second.last_index;
    }));
  }
  return true;
}

bool ProposalLedger::Origin::Insert(uint64_t sequence) {
  if (sequence < std::max(finished_below, applied_below)) return false;
  if (sequence > applied_below) return applied.insert(sequence).second;
  ++applied_below;  // the usual case: the next one
  return true;
}

// Below `finished_below` nothing is told apart any more; what then follows without a gap needs no list.
void ProposalLedger::Origin::Settle() {
  applied_below = std::max(applied_below, finished_below);
  while (!applied.empty() && *applied.begin() <= applied_below) {
    applied_below = std::max(applied_below, *applied.begin() + 1);
    applied.erase(applied.begin());
  }
}

void ProposalLedger::Serialize(BinaryWriter& out) const {
  out.Number(origins_.size());
  for (const auto& [id, origin] : origins_) {
    out.Number(id);
    out.Number(origin.finished_below);
    out.Number(origin.applied_below);
    out.Number(origin.last_index);
    out.Number(origin.applied.size());
    for (const uint64_t sequence : origin.applied) out.Number(sequence);
  }
}

ProposalLedger ProposalLedger::Restore(BinaryReader& in) {
  ProposalLedger ledger;
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) {
    Origin& origin = ledger.origins_[in.Number()];
    origin.finished_below = in.Number();
    origin.applied_below = in.Number();
    origin.last_index = in.Number();
    for (uint64_t count = in.Number(); count > 0 && in.ok(); --count) origin.applied.insert(in.Number());
  }
  return ledger;
}

}  // namespace kp::store
