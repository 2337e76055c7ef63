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
  out.Number(proposal.id.origin);
  out.Number(proposal.id.sequence);
  out.Number(proposal.finished_below);
  out.Number(static_cast<uint64_t>(proposal.kind));
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
  if (!in.ok()) return Status(Code::kDataLoss, "log: malformed proposal");
  proposal.request = in.rest();
  return proposal;
}

bool ProposalLedger::Admit(const Proposal& proposal, uint64_t index) {
  if (KP_MUTANT("store-applies-proposal-twice")) return true;
  Origin& origin = origins_[proposal.id.origin];
  origin.last_index = index;
  if (proposal.id.sequence < origin.finished_below) return false;
  if (!origin.applied.insert(proposal.id.sequence).second) return false;
  if (proposal.finished_below > origin.finished_below) {
    origin.finished_below = proposal.finished_below;
    origin.applied.erase(origin.applied.begin(), origin.applied.lower_bound(origin.finished_below));
  }
  if (origins_.size() > kMaxOrigins) {
    origins_.erase(std::min_element(origins_.begin(), origins_.end(), [](const auto& a, const auto& b) {
      return a.second.last_index < b.second.last_index;
    }));
  }
  return true;
}

void ProposalLedger::Serialize(BinaryWriter& out) const {
  out.Number(origins_.size());
  for (const auto& [id, origin] : origins_) {
    out.Number(id);
    out.Number(origin.finished_below);
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
    origin.last_index = in.Number();
    for (uint64_t count = in.Number(); count > 0 && in.ok(); --count) origin.applied.insert(in.Number());
  }
  return ledger;
}

}  // namespace kp::store
