#include "reference/store/proposal.h"

#include <gtest/gtest.h>

#include <set>

#include "reference/base/random.h"

namespace kp::store {
namespace {

bool Admit(ProposalLedger& ledger, uint64_t sequence, uint64_t finished_below) {
  return ledger.Admit({{.origin = 1, .sequence = sequence}, finished_below, CommandKind::kPut, Caller::Cluster(), ""},
                      sequence);
}

// Against the plain account: every number that was applied, for ever.
TEST(ProposalLedger, AdmitsEachOnceInAnyOrder) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    ProposalLedger ledger;
    std::set<uint64_t> applied;
    uint64_t finished_below = 0;
    for (int i = 0; i < 300; ++i) {
      const uint64_t sequence = 1 + static_cast<uint64_t>(i) / 3 + random.Below(8);
      if (random.Chance(0.2))
        finished_below = std::max(finished_below, sequence - random.Below(std::min<uint64_t>(sequence, 6)));
      const bool expected = sequence >= finished_below && !applied.contains(sequence);
      // What a proposal says of its origin holds after it, not for it.
      const uint64_t said = std::min(finished_below, sequence);
      const bool admitted = Admit(ledger, sequence, said);
      ASSERT_FALSE(admitted && applied.contains(sequence)) << "seed " << seed << " number " << sequence;
      ASSERT_TRUE(admitted || !expected) << "seed " << seed << " number " << sequence;
      if (admitted) applied.insert(sequence);
      if (random.Chance(0.1)) {
        BinaryWriter out;
        ledger.Serialize(out);
        BinaryReader in(out.bytes());
        ledger = ProposalLedger::Restore(in);
        ASSERT_TRUE(in.AtEnd());
      }
    }
  }
}

TEST(ProposalLedger, KeepsNoListOfWhatCameInOrder) {
  ProposalLedger ledger;
  for (uint64_t sequence = 1; sequence <= 10000; ++sequence) ASSERT_TRUE(Admit(ledger, sequence, 1));
  BinaryWriter out;
  ledger.Serialize(out);
  EXPECT_LT(out.bytes().size(), 20u);
  EXPECT_FALSE(Admit(ledger, 5000, 1));
}

}  // namespace
}  // namespace kp::store
