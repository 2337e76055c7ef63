// A stage for plays of a few members: what moves, and when, is written down step by step, and the
// safety checker looks after every step.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "properties/raft/safety.h"
#include "reference/raft/test_cluster.h"

namespace kp::properties {

using MessageFilter = std::function<bool(const raft::Message&)>;

// From one member to another.
inline MessageFilter Between(raft::NodeId from, raft::NodeId to) {
  return [from, to](const raft::Message& message) { return message.from == from && message.to == to; };
}
inline MessageFilter OfType(raft::MessageType type) {
  return [type](const raft::Message& message) { return message.type == type; };
}

class Stage {
 public:
  explicit Stage(size_t members, raft::Options options = {}) : cluster(members, options), checker_(cluster) {}

  raft::TestCluster cluster;

  raft::Node& node(raft::NodeId id) { return cluster.node(id); }
  bool Leads(raft::NodeId id) { return cluster.member(id).up() && node(id).role() == raft::Role::kLeader; }

  // Until Release, Settle leaves such messages in flight.
  void Hold(MessageFilter held) { held_ = std::move(held); }
  void Release() { held_ = nullptr; }
  // Until a Resume, its disk completes nothing that is written.
  void StallDisk(raft::NodeId id) { stalled_.insert(id); }
  void ResumeDisk(raft::NodeId id) { stalled_.erase(id); }

  void Campaign(raft::NodeId id);
  // Campaigns and settles; the play says what it expects of that.
  void Elect(raft::NodeId id);
  Status Propose(raft::NodeId id, const std::string& data);
  Status Change(raft::NodeId id, const raft::ConfigurationChange& change);
  // Asks for a linearizable read, which the checker will judge.
  void Read(raft::NodeId id);
  // Everything that `id` wrote becomes durable.
  void Sync(raft::NodeId id);
  // Delivers those that are in flight now, in order; not the ones that they cause.
  void Deliver(const MessageFilter& wanted);
  void Lose(const MessageFilter& lost) { std::erase_if(cluster.messages(), lost); }
  // The process ends and starts again with what was durable.
  void Restart(raft::NodeId id);
  // Delivers and syncs until nothing moves.
  void Settle();
  // Time for all, or for one, in a quick network.
  void Pass(int ticks);
  void Tick(raft::NodeId id, int ticks = 1);

  // The leader commits `data`, and nobody else learns that it did. What is in flight then is lost.
  void CommitInSecret(raft::NodeId leader, const std::string& data);

  void Expect(bool holds, const std::string& otherwise);
  // The first thing that went wrong.
  const std::optional<std::string>& verdict() const { return verdict_; }

 private:
  void Check();

  SafetyChecker checker_;
  MessageFilter held_;
  std::set<raft::NodeId> stalled_;
  uint64_t reads_ = 0;
  std::optional<std::string> verdict_;
};

}  // namespace kp::properties
