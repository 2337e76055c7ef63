// Members, their disks and the messages between them, all in the hands of a test: nothing is
// delivered, made durable or lost unless the test says so.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/raft/node.h"

namespace kp::raft {

// One member with a disk that keeps only what was synced. Its state machine is the list of applied
// entries; a snapshot is that list.
class TestMember {
 public:
  TestMember(Options options, Configuration initial, uint64_t seed)
      : options_(options), initial_(std::move(initial)), seed_(seed) {
    Start();
  }

  bool up() const { return node_ != nullptr; }
  Node& node() { return *node_; }
  const Node& node() const { return *node_; }
  NodeId id() const { return options_.id; }
  const std::vector<Entry>& applied() const { return applied_; }
  const std::vector<ReadState>& reads() const { return reads_; }
  const std::vector<uint64_t>& lost_reads() const { return lost_reads_; }
  size_t unsynced() const { return writes_.size(); }
  Index durable_last() const { return durable_.start.index + durable_.entries.size(); }

  void Start() {
    Recovered recovered = durable_;
    if (recovered.start.index == 0) recovered.start.configuration = initial_;
    applied_ = snapshot_;
    node_ = std::make_unique<Node>(options_, Random(seed_++), std::move(recovered));
  }

  // The first `survivors` unsynced writes reach the disk all the same; nobody learns it.
  void Crash(size_t survivors) {
    for (size_t i = 0; i < survivors && !writes_.empty(); ++i) Persist();
    writes_.clear();
    node_.reset();
    reads_.clear();
    lost_reads_.clear();
  }

  // As after a repair by somebody who did not know better: it starts again, with an empty disk.
  void LoseDisk() {
    Crash(0);
    durable_ = {};
    snapshot_.clear();
    Start();
  }

  // One turn of the owner's loop. Returns what is to be sent.
  std::vector<Message> Turn() {
    std::vector<Message> out;
    while (node_->HasReady()) {
      Ready ready = node_->TakeReady();
      if (ready.append_id != 0) {
        writes_.push_back({ready.append_id, ready.hard_state, ready.snapshot, ready.entries});
      }
      for (const Entry& entry : ready.committed) Apply(entry);
      if (!ready.committed.empty()) node_->OnApplied(ready.committed.back().index);
      reads_.insert(reads_.end(), ready.read_states.begin(), ready.read_states.end());
      lost_reads_.insert(lost_reads_.end(), ready.lost_reads.begin(), ready.lost_reads.end());
      for (Message& message : ready.messages) {
        if (message.type == MessageType::kSnapshot) {
          message.snapshot = Snapshot{node_->MetaAt(node_->log().applied()), MakeBuffer(Serialise())};
        }
        out.push_back(std::move(message));
      }
    }
    node_->CheckInvariants();
    return out;
  }

  // The oldest write becomes durable.
  void SyncOne() {
    if (writes_.empty()) return;
    const uint64_t id = writes_.front().id;
    const auto snapshot = writes_.front().snapshot;
    Persist();
    if (snapshot) {
      applied_ = snapshot_;
      node_->OnSnapshotInstalled(snapshot->meta.index);
    }
    node_->OnAppended(id);
  }

  // Snapshots the state machine and forgets all but `keep` applied entries.
  void Compact(Index keep) {
    const Index applied = node_->log().applied();
    // Not while a received snapshot is being installed: the log has gone ahead of us.
    if (applied < node_->log().offset() || applied <= durable_.start.index || applied > durable_last()) return;
    durable_.entries.erase(durable_.entries.begin(),
                           durable_.entries.begin() + static_cast<ptrdiff_t>(applied - durable_.start.index));
    durable_.start = node_->MetaAt(applied);
    snapshot_ = applied_;
    if (applied > keep) node_->Compact(applied - keep + 1);
  }

 private:
  struct Write {
    uint64_t id;
    std::optional<HardState> hard_state;
    std::optional<Snapshot> snapshot;
    std::vector<Entry> entries;
  };

  void Apply(const Entry& entry) {
    CHECK_EQ(entry.index, applied_.size() + 1);
    applied_.push_back(entry);
    if (entry.type == EntryType::kConfiguration) node_->ApplyChange(*DecodeChange(entry.bytes()));
  }

  std::string Serialise() const {
    Message carrier{.type = MessageType::kAppend, .from = 1, .to = 1, .term = UINT64_MAX, .entries = applied_};
    return EncodeMessage(carrier);
  }

  void Persist() {
    Write write = std::move(writes_.front());
    writes_.pop_front();
    if (write.snapshot) {
      durable_.start = write.snapshot->meta;
      durable_.entries.clear();
      snapshot_ = DecodeMessage(*write.snapshot->data)->entries;
    }
    for (const Entry& entry : write.entries) {
      if (entry.index <= durable_.start.index) continue;  // compacted meanwhile
      CHECK_LE(entry.index, durable_last() + 1);
      durable_.entries.resize(entry.index - durable_.start.index - 1);
      durable_.entries.push_back(entry);
    }
    if (write.hard_state) durable_.hard_state = *write.hard_state;
  }

  Options options_;
  Configuration initial_;
  uint64_t seed_;
  Recovered durable_;
  std::vector<Entry> snapshot_;  // the state machine at durable_.start
  std::deque<Write> writes_;
  std::unique_ptr<Node> node_;
  std::vector<Entry> applied_;
  std::vector<ReadState> reads_;
  std::vector<uint64_t> lost_reads_;
};

class TestCluster {
 public:
  explicit TestCluster(size_t voters, Options options = {}, uint64_t seed = 1) {
    Configuration configuration;
    for (NodeId id = 1; id <= voters; ++id) configuration.voters.insert(id);
    for (NodeId id = 1; id <= voters; ++id) {
      options.id = id;
      members_.push_back(std::make_unique<TestMember>(options, configuration, seed * 1000 + id * 100));
    }
  }

  TestMember& member(NodeId id) { return *members_[id - 1]; }
  Node& node(NodeId id) { return member(id).node(); }
  size_t size() const { return members_.size(); }
  std::vector<Message>& messages() { return messages_; }

  // A member that joins later, told only whom it may find.
  void Add(Options options) {
    options.id = members_.size() + 1;
    members_.push_back(std::make_unique<TestMember>(options, Configuration(), options.id * 7777));
  }

  void Turn(NodeId id) {
    if (!member(id).up()) return;
    for (Message& message : member(id).Turn()) {
      // Everything crosses the wire's encoding.
      auto decoded = DecodeMessage(EncodeMessage(message));
      CHECK(decoded.ok()) << decoded.status().ToString();
      messages_.push_back(std::move(*decoded));
    }
  }
  void TurnAll() {
    for (NodeId id = 1; id <= size(); ++id) Turn(id);
  }

  void Deliver(size_t at) {
    Message message = std::move(messages_[at]);
    messages_.erase(messages_.begin() + static_cast<ptrdiff_t>(at));
    if (message.to > size() || !member(message.to).up() || IsCut(message)) return;
    const NodeId to = message.to;
    node(to).Step(std::move(message));
    Turn(to);
  }

  void Sync(NodeId id) {
    if (!member(id).up()) return;
    member(id).SyncOne();
    Turn(id);
  }

  // Messages between the two are lost from now on.
  void Cut(NodeId a, NodeId b) {
    cut_.insert({a, b});
    cut_.insert({b, a});
  }
  void Isolate(NodeId id) {
    for (NodeId other = 1; other <= size(); ++other) {
      if (other != id) Cut(id, other);
    }
  }
  void Heal() { cut_.clear(); }

  // Delivers and syncs until nothing moves.
  void Settle() {
    for (int step = 0; step < 10000; ++step) {
      TurnAll();
      if (!messages_.empty()) {
        Deliver(0);
        continue;
      }
      bool synced = false;
      for (NodeId id = 1; id <= size(); ++id) {
        if (!member(id).up() || member(id).unsynced() == 0 || stalled_.contains(id)) continue;
        Sync(id);
        synced = true;
      }
      if (!synced) return;
    }
    CHECK(false) << "the cluster does not settle";
  }

  // A disk that completes nothing.
  void StallDisk(NodeId id) { stalled_.insert(id); }
  void ResumeDisk(NodeId id) { stalled_.erase(id); }

  void Tick(NodeId id, int ticks = 1) {
    for (int i = 0; i < ticks && member(id).up(); ++i) {
      node(id).Tick();
      Turn(id);
    }
  }
  // Ticks all and settles, so that time passes as in a quick network.
  void Pass(int ticks) {
    for (int i = 0; i < ticks; ++i) {
      for (NodeId id = 1; id <= size(); ++id) Tick(id);
      Settle();
    }
  }

  void Elect(NodeId id) {
    node(id).Campaign();
    Settle();
    CHECK(node(id).role() == Role::kLeader) << "member " << id << " was not elected";
  }

  Status Propose(NodeId id, std::string data) {
    Status status = node(id).Propose(MakeBuffer(std::move(data)));
    Turn(id);
    return status;
  }

  // The data of what a member applied, no-ops left out: "a,b".
  std::string Applied(NodeId id) {
    std::string text;
    for (const Entry& entry : member(id).applied()) {
      if (entry.size() > 0 && entry.type == EntryType::kNormal) text += (text.empty() ? "" : ",") + *entry.data;
    }
    return text;
  }

 private:
  bool IsCut(const Message& message) const { return cut_.contains({message.from, message.to}); }

  std::vector<std::unique_ptr<TestMember>> members_;
  std::vector<Message> messages_;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::set<NodeId> stalled_;
};

}  // namespace kp::raft
