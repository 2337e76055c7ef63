#include "properties/raft/stage.h"

#include <algorithm>

namespace kp::properties {

using raft::Message;
using raft::NodeId;

void Stage::Check() {
  if (!verdict_) verdict_ = checker_.Check();
}

void Stage::Expect(bool holds, const std::string& otherwise) {
  Check();
  if (!holds && !verdict_) verdict_ = otherwise;
}

void Stage::Campaign(NodeId id) {
  node(id).Campaign();
  cluster.Turn(id);
  Check();
}

void Stage::Elect(NodeId id) {
  Campaign(id);
  Settle();
}

Status Stage::Propose(NodeId id, const std::string& data) {
  Status status = cluster.Propose(id, data);
  Check();
  return status;
}

Status Stage::Change(NodeId id, const raft::ConfigurationChange& change) {
  Status status = node(id).ProposeChange(change);
  cluster.Turn(id);
  Check();
  return status;
}

void Stage::Read(NodeId id) {
  checker_.OnReadAsked(++reads_);
  (void)node(id).ReadIndex(reads_);
  cluster.Turn(id);
}

void Stage::Sync(NodeId id) {
  while (cluster.member(id).up() && cluster.member(id).unsynced() > 0) {
    cluster.Sync(id);
    Check();
  }
}

void Stage::Deliver(const MessageFilter& wanted) {
  std::vector<Message> chosen;
  std::erase_if(cluster.messages(), [&](const Message& message) {
    if (!wanted(message)) return false;
    chosen.push_back(message);
    return true;
  });
  for (Message& message : chosen) {
    cluster.messages().insert(cluster.messages().begin(), std::move(message));
    cluster.Deliver(0);
    Check();
  }
}

void Stage::Restart(NodeId id) {
  cluster.member(id).Crash(0);
  cluster.member(id).Start();
  cluster.Turn(id);
  Check();
}

void Stage::Settle() {
  for (int step = 0; step < 5000 && !verdict_; ++step) {
    cluster.TurnAll();
    const auto& messages = cluster.messages();
    const auto next = std::find_if(messages.begin(), messages.end(),
                                   [this](const Message& message) { return !held_ || !held_(message); });
    if (next != messages.end()) {
      cluster.Deliver(static_cast<size_t>(next - messages.begin()));
      Check();
      continue;
    }
    bool synced = false;
    for (NodeId id = 1; id <= cluster.size() && !verdict_; ++id) {
      if (!cluster.member(id).up() || cluster.member(id).unsynced() == 0 || stalled_.contains(id)) continue;
      cluster.Sync(id);
      Check();
      synced = true;
    }
    if (!synced) return;
  }
}

void Stage::Pass(int ticks) {
  for (int i = 0; i < ticks && !verdict_; ++i) {
    for (NodeId id = 1; id <= cluster.size(); ++id) cluster.Tick(id);
    Check();
    Settle();
  }
}

void Stage::Tick(NodeId id, int ticks) {
  cluster.Tick(id, ticks);
  Check();
}

void Stage::CommitInSecret(NodeId leader, const std::string& data) {
  (void)Propose(leader, data);
  const raft::Index index = node(leader).log().last();
  for (int step = 0; step < 100 && node(leader).log().commit() < index && !verdict_; ++step) {
    if (!cluster.messages().empty()) {
      cluster.Deliver(0);
    } else {
      for (NodeId id = 1; id <= cluster.size(); ++id) cluster.Sync(id);
    }
    Check();
  }
  cluster.messages().clear();
}

}  // namespace kp::properties
