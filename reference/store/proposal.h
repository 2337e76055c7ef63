// A command on its way through the log, and the account that carries each out at most once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/store/binary.h"
#include "reference/store/caller.h"
#include "reference/store/codec.h"

namespace kp::store {

struct ProposalId {
  uint64_t origin = 0;  // one life of one member
  uint64_t sequence = 0;
  auto operator<=>(const ProposalId&) const = default;
};

struct Proposal {
  ProposalId id;
  uint64_t finished_below = 0;  // the origin awaits nothing below this sequence any more
  CommandKind kind = CommandKind::kPut;
  Caller caller;
  std::string_view request;  // the request's wire bytes
};

std::string EncodeProposal(const Proposal& proposal);
// `request` points into `bytes`. kDataLoss for bytes that are none.
Result<Proposal> DecodeProposal(std::string_view bytes);

// Part of the replicated state. A proposal that was sent twice, because the leader may have changed in
// between, is applied the first time it is met. One below `finished_below` was given up by its origin,
// and may as well never happen.
class ProposalLedger {
 public:
  // True when it is to be applied.
  bool Admit(const Proposal& proposal, uint64_t index);

  void Serialize(BinaryWriter& out) const;
  static ProposalLedger Restore(BinaryReader& in);
  size_t origins() const { return origins_.size(); }

 private:
  struct Origin {
    uint64_t finished_below = 0;  // given up or answered
    uint64_t applied_below = 0;   // applied without a gap from `finished_below` on
    std::set<uint64_t> applied;   // beyond the first gap
    uint64_t last_index = 0;

    bool Insert(uint64_t sequence);
    void Settle();
  };
  std::map<uint64_t, Origin> origins_;
};

}  // namespace kp::store
