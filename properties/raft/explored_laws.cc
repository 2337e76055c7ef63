#include "properties/raft/explored_laws.h"

#include <algorithm>

namespace kp::properties {

using raft::Entry;
using raft::Index;
using raft::NodeId;
using raft::Role;
using Log = std::vector<Entry>;
using Broken = std::optional<std::string>;

namespace {

bool Same(const Entry& a, const Entry& b) { return a.term == b.term && a.bytes() == b.bytes(); }

// The first place up to `length` where they differ, from 0; `length` when they do not.
Index CommonPrefix(const Log& a, const Log& b, Index length) {
  Index index = 0;
  while (index < length && Same(a[index], b[index])) ++index;
  return index;
}

bool Holds(const Log& log, const Log& other, Index length) {
  return log.size() >= length && CommonPrefix(log, other, length) == length;
}

// What a leader of `term` must have: all that leaders of earlier terms committed. One that is elected
// late, when another of a later term has committed something already, need not have that.
Index CommittedBefore(const ExploredState& state, raft::Term term) {
  return *std::max_element(state.committed_in.begin(), state.committed_in.begin() + static_cast<ptrdiff_t>(term));
}

std::string At(const char* law, NodeId member, const std::string& what) {
  return std::string(law) + " broken at member " + std::to_string(member) + ": " + what;
}

Broken JudgeLeader(LocalStates& locals, const ExploredState& before, NodeId member, ExploredState& after) {
  const Facts& facts = locals.facts(after.members[member - 1]);
  if (facts.role != Role::kLeader) return std::nullopt;
  const Log& log = locals.log(facts.log);
  uint8_t& leader = after.leaders[facts.term];
  if (leader != 0 && leader != member) {
    return At("election safety", member,
              "term " + std::to_string(facts.term) + " has leader " + std::to_string(leader) + " too");
  }
  if (leader == 0 && !Holds(log, locals.log(before.committed), CommittedBefore(before, facts.term))) {
    return At("leader completeness", member, "it leads without a committed entry");
  }
  leader = static_cast<uint8_t>(member);
  const Facts& earlier = locals.facts(before.members[member - 1]);
  const bool led = earlier.role == Role::kLeader && earlier.term == facts.term;
  const Log& log_before = locals.log(earlier.log);
  if (led && !Holds(log, log_before, log_before.size()))
    return At("leader append-only", member, "it changed its own log");
  return std::nullopt;
}

Broken JudgeCommit(LocalStates& locals, NodeId member, ExploredState& after) {
  const Facts& facts = locals.facts(after.members[member - 1]);
  const Log& log = locals.log(facts.log);
  const Log& committed = locals.log(after.committed);
  const Index common = std::min<Index>(facts.commit, committed.size());
  if (CommonPrefix(log, committed, common) < common) {
    return At("state machine safety", member, "another entry is committed at one of its places");
  }
  if (facts.commit <= committed.size()) return std::nullopt;
  after.committed = locals.Prefix(facts.log, facts.commit);
  after.committed_in[facts.term] = static_cast<uint8_t>(facts.commit);
  for (NodeId other = 1; other <= kExploredMembers; ++other) {
    const Facts& others = locals.facts(after.members[other - 1]);
    if (others.role != Role::kLeader || others.term <= facts.term) continue;
    if (!Holds(locals.log(others.log), locals.log(after.committed), facts.commit)) {
      return At("leader completeness", other,
                "it leads without an entry that member " + std::to_string(member) + " commits in an earlier term");
    }
  }
  return std::nullopt;
}

Broken JudgeMatching(LocalStates& locals, NodeId member, const ExploredState& after) {
  const Log& log = locals.log(locals.facts(after.members[member - 1]).log);
  for (NodeId other = 1; other <= kExploredMembers; ++other) {
    if (other == member) continue;
    const Log& others = locals.log(locals.facts(after.members[other - 1]).log);
    const Index length = std::min(log.size(), others.size());
    for (Index index = CommonPrefix(log, others, length); index < length; ++index) {
      if (log[index].term == others[index].term) {
        return At("log matching", member,
                  "entry " + std::to_string(index + 1) + " equals that of member " + std::to_string(other) +
                      ", those before do not");
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Broken BrokenLaw(LocalStates& locals, const ExploredState& before, NodeId member, ExploredState& after) {
  if (Broken broken = JudgeLeader(locals, before, member, after)) return broken;
  if (Broken broken = JudgeCommit(locals, member, after)) return broken;
  return JudgeMatching(locals, member, after);
}

}  // namespace kp::properties
