#include "properties/raft/local_states.h"

#include <utility>

#include "reference/base/check.h"
#include "reference/raft/varint.h"

namespace kp::properties {

using raft::Entry;
using raft::Message;
using raft::Node;
using raft::NodeId;

namespace {

constexpr uint32_t kUnknown = UINT32_MAX;

template <typename Table>
void AddUnknownRow(Table& table) {
  table.emplace_back();
  table.back().fill(kUnknown);
}

}  // namespace

// A node and what it has written. Nothing is ever compacted here, so the disk holds a whole log, and
// the state machine is a part of it.
struct LocalStates::Member {
  struct Write {
    raft::HardState hard_state;
    std::vector<Entry> entries;
  };
  NodeId self;
  Node node;
  raft::HardState durable;  // without the commit index, which is a hint that may always be lost
  std::vector<Entry> durable_entries;
  std::deque<Write> writes;

  void PersistOldest() {
    Write write = std::move(writes.front());
    writes.pop_front();
    durable = {write.hard_state.term, write.hard_state.vote, 0};
    for (Entry& entry : write.entries) {
      durable_entries.resize(entry.index - 1);
      durable_entries.push_back(std::move(entry));
    }
  }
};

LocalStates::LocalStates(raft::Options options, Disk disk) : options_(options), disk_(disk) {
  CHECK(!options.check_quorum) << "leases depend on time, which is not explored";
  // A tick of a leader is a heartbeat and nothing else.
  options_.heartbeat_ticks = 1;
  options_.election_ticks = 1 << 20;
  for (NodeId id = 1; id <= kExploredMembers; ++id) configuration_.voters.insert(id);
  log_bytes_.Intern(std::string());
  logs_.emplace_back();
}

raft::Options LocalStates::OptionsOf(NodeId self) const {
  raft::Options options = options_;
  options.id = self;
  return options;
}

LocalId LocalStates::Initial(NodeId self) {
  raft::Recovered recovered;
  recovered.start.configuration = configuration_;
  Member member{self, Node(OptionsOf(self), Random(1), std::move(recovered)), {}, {}, {}};
  std::vector<Message> sent;
  Turn(member, sent);
  while (!member.writes.empty()) {
    member.PersistOldest();
    member.node.OnAppended(1);
  }
  Turn(member, sent);
  return Intern(
      member, [](NodeId id) { return id; }, self);
}

void LocalStates::Turn(Member& member, std::vector<Message>& sent) const {
  while (member.node.HasReady()) {
    raft::Ready ready = member.node.TakeReady();
    if (ready.append_id != 0) member.writes.push_back({*ready.hard_state, std::move(ready.entries)});
    std::move(ready.messages.begin(), ready.messages.end(), std::back_inserter(sent));
    if (!ready.committed.empty()) member.node.OnApplied(ready.committed.back().index);
    if (ready.append_id != 0 && disk_ == Disk::kSynchronous) {
      member.PersistOldest();
      member.node.OnAppended(ready.append_id);
    }
  }
  member.node.CheckInvariants();
}

void LocalStates::Perform(Member& member, Event event) const {
  switch (event.kind) {
    case EventKind::kDeliver: return member.node.Step(messages_[event.argument]);
    case EventKind::kCampaign: return member.node.Campaign();
    case EventKind::kHeartbeat: return member.node.Tick();
    case EventKind::kPropose:
      CHECK(member.node.Propose(raft::MakeBuffer(std::string(1, static_cast<char>('a' + event.argument)))).ok());
      return;
    case EventKind::kSync: member.PersistOldest(); return member.node.OnAppended(1);  // numbered from 1 by DecodeState
    case EventKind::kCrash: {
      member.writes.clear();
      raft::Recovered recovered{member.durable, {0, 0, configuration_}, member.durable_entries};
      member.node = Node(OptionsOf(member.self), Random(1), std::move(recovered));
      return;
    }
  }
}

const Outcome& LocalStates::Step(LocalId id, Event event) {
  const uint64_t key = (static_cast<uint64_t>(id) << 32) | (static_cast<uint64_t>(event.kind) << 28) | event.argument;
  const auto [known, is_new] = outcome_of_.try_emplace(key, static_cast<uint32_t>(outcomes_.size()));
  if (!is_new) return outcomes_[known->second];
  Member member = Decode(id);
  Perform(member, event);
  std::vector<Message> sent;
  Turn(member, sent);
  Outcome outcome;
  outcome.next = Intern(
      member, [](NodeId same) { return same; }, member.self);
  for (Message& message : sent) outcome.sent.push_back(InternMessage(std::move(message)));
  return outcomes_.emplace_back(std::move(outcome));
}

std::string LocalStates::Encode(const Member& member, const raft::Renaming& rename) const {
  std::string out;
  raft::AppendVarint(out, rename(member.self));
  raft::AppendBytes(out, raft::EncodeState(member.node, rename));
  const auto vote = [&](const raft::HardState& state) {
    raft::AppendVarint(out, state.term);
    raft::AppendVarint(out, state.vote == raft::kNoNode ? raft::kNoNode : rename(state.vote));
  };
  vote(member.durable);
  raft::EncodeEntries(out, member.durable_entries);
  raft::AppendVarint(out, member.writes.size());
  for (const Member::Write& write : member.writes) {
    vote(write.hard_state);
    raft::EncodeEntries(out, write.entries);
  }
  return out;
}

LocalStates::Member LocalStates::Decode(LocalId id) const {
  std::string_view bytes = members_.At(id);
  const NodeId self = *raft::ConsumeVarint(bytes);
  const std::string_view node = *raft::ConsumeBytes(bytes);
  Member member{self, raft::DecodeState(OptionsOf(self), node), {}, {}, {}};
  const auto vote = [&](raft::HardState& state) {
    state.term = *raft::ConsumeVarint(bytes);
    state.vote = *raft::ConsumeVarint(bytes);
  };
  vote(member.durable);
  member.durable_entries = raft::DecodeEntries(bytes);
  for (uint64_t writes = *raft::ConsumeVarint(bytes); writes > 0; --writes) {
    Member::Write& write = member.writes.emplace_back();
    vote(write.hard_state);
    write.entries = raft::DecodeEntries(bytes);
  }
  CHECK(bytes.empty());
  return member;
}

LocalId LocalStates::Intern(const Member& member, const raft::Renaming& rename, NodeId self) {
  const LocalId id = members_.Intern(Encode(member, rename));
  if (id < facts_.size()) return id;
  const raft::Log& log = member.node.log();
  std::vector<Entry> entries;
  if (log.last() > 0) entries = log.Slice(1, log.last(), SIZE_MAX);
  facts_.push_back(
      {self, member.node.role(), member.node.term(), log.commit(), InternLog(entries), !member.writes.empty()});
  AddUnknownRow(renamed_);
  return id;
}

MessageId LocalStates::InternMessage(Message message) {
  const MessageId id = message_bytes_.Intern(raft::EncodeMessage(message));
  CHECK(id < (1U << 28)) << "too many messages for the keys of steps";
  if (id < messages_.size()) return id;
  messages_.push_back(std::move(message));
  AddUnknownRow(renamed_messages_);
  return id;
}

LogId LocalStates::InternLog(const std::vector<Entry>& entries) {
  std::string bytes;
  if (!entries.empty()) raft::EncodeEntries(bytes, entries);
  const LogId id = log_bytes_.Intern(std::move(bytes));
  if (id == logs_.size()) logs_.push_back(entries);
  return id;
}

LogId LocalStates::Prefix(LogId log, raft::Index length) {
  if (length == logs_[log].size()) return log;
  std::vector<Entry> entries(logs_[log].begin(), logs_[log].begin() + static_cast<ptrdiff_t>(length));
  return InternLog(entries);
}

LocalId LocalStates::Renamed(LocalId id, size_t permutation) {
  if (permutation == 0) return id;
  if (const LocalId known = renamed_[id][permutation]; known != kUnknown) return known;
  const Permutation& names = kPermutations[permutation];
  const Member member = Decode(id);
  const LocalId renamed = Intern(
      member, [&](NodeId old) { return names[old]; }, names[member.self]);
  return renamed_[id][permutation] = renamed;
}

MessageId LocalStates::RenamedMessage(MessageId id, size_t permutation) {
  if (permutation == 0) return id;
  if (const MessageId known = renamed_messages_[id][permutation]; known != kUnknown) return known;
  const Permutation& names = kPermutations[permutation];
  Message message = messages_[id];
  message.from = names[message.from];
  message.to = names[message.to];
  const MessageId renamed = InternMessage(std::move(message));
  return renamed_messages_[id][permutation] = renamed;
}

}  // namespace kp::properties
