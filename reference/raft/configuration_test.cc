// Quorums against what their definition says, tried out in full.
#include "reference/raft/configuration.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace kp::raft {
namespace {

Configuration DrawConfiguration() {
  const auto half = [](unsigned least) {
    const unsigned drawn = *rc::gen::inRange(least, 128U);  // a bit for each of 1 to 7
    std::set<NodeId> ids;
    for (NodeId id = 1; id < 8; ++id) {
      if (drawn >> (id - 1) & 1) ids.insert(id);
    }
    return ids;
  };
  Configuration configuration;
  configuration.voters = half(1);
  configuration.outgoing = half(0);
  return configuration;
}

size_t Of(const std::set<NodeId>& half, const std::function<bool(NodeId)>& member) {
  return static_cast<size_t>(std::count_if(half.begin(), half.end(), member));
}

bool IsQuorum(const Configuration& configuration, const std::function<bool(NodeId)>& member) {
  if (Of(configuration.voters, member) * 2 <= configuration.voters.size()) return false;
  return !configuration.joint() || Of(configuration.outgoing, member) * 2 > configuration.outgoing.size();
}

RC_GTEST_PROP(Configuration, AQuorumHasReachedItsValueAndNoHigherOne, ()) {
  const Configuration configuration = DrawConfiguration();
  std::map<NodeId, uint64_t> values;
  for (NodeId id = 1; id < 8; ++id) values[id] = *rc::gen::inRange<uint64_t>(0, 5);
  const uint64_t reached = configuration.QuorumValue([&](NodeId id) { return values[id]; });
  RC_ASSERT(IsQuorum(configuration, [&](NodeId id) { return values[id] >= reached; }));
  RC_ASSERT(!IsQuorum(configuration, [&](NodeId id) { return values[id] > reached; }));
}

RC_GTEST_PROP(Configuration, AVoteIsWonByAQuorumAndLostWhenNoneIsLeft, ()) {
  const Configuration configuration = DrawConfiguration();
  std::map<NodeId, std::optional<bool>> votes;
  for (NodeId id = 1; id < 8; ++id) {
    const int draw = *rc::gen::inRange(0, 3);
    if (draw < 2) votes[id] = draw == 1;
  }
  const auto result = configuration.Count([&](NodeId id) { return votes[id]; });
  const bool won = IsQuorum(configuration, [&](NodeId id) { return votes[id] == true; });
  const bool possible = IsQuorum(configuration, [&](NodeId id) { return votes[id] != false; });
  RC_ASSERT(result == (won        ? Configuration::Vote::kWon
                       : possible ? Configuration::Vote::kPending
                                  : Configuration::Vote::kLost));
}

TEST(Configuration, NobodyHasReachedNothing) {
  EXPECT_EQ(Configuration().QuorumValue([](NodeId) -> uint64_t { return 7; }), 0u);
}

}  // namespace
}  // namespace kp::raft
