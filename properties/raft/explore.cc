#include "properties/raft/explore.h"

#include <algorithm>

#include "properties/raft/explored_laws.h"
#include "properties/raft/state_set.h"
#include "reference/base/check.h"

namespace kp::properties {

using raft::NodeId;
using Broken = std::optional<std::string>;

std::string Scope::ToString() const {
  std::string text = std::to_string(kExploredMembers) + " members, " + std::to_string(terms) + " terms, " +
                     std::to_string(commands) + " commands, " + std::to_string(messages) + " messages in flight";
  for (const auto& [count, name] :
       {std::pair(duplicates, " duplicates"), std::pair(crashes, " crashes"), std::pair(heartbeats, " heartbeats")}) {
    if (count > 0) text += ", " + std::to_string(count) + name;
  }
  if (disk == LocalStates::Disk::kAsynchronous) text += ", asynchronous disks";
  if (pre_vote) text += ", pre-vote";
  return text;
}

class Explorer::Search {
 public:
  explicit Search(const Scope& scope)
      : scope_(scope), locals_({.pre_vote = scope.pre_vote, .check_quorum = false}, scope.disk) {
    CHECK(scope.terms < kMaxTerms && scope.messages <= kMaxInFlight) << "beyond what a state can hold";
    ExploredState start;
    for (NodeId id = 1; id <= kExploredMembers; ++id) start.members[id - 1] = locals_.Initial(id);
    start.messages.fill(kNoMessage);
    start.commands_left = static_cast<uint8_t>(scope.commands);
    start.duplicates_left = static_cast<uint8_t>(scope.duplicates);
    start.crashes_left = static_cast<uint8_t>(scope.crashes);
    start.heartbeats_left = static_cast<uint8_t>(scope.heartbeats);
    states_.Add(Canonical(start), 0);
    start_ = start;
  }

  bool Advance(size_t count) {
    for (; count > 0 && next_ < states_.size() && !result_.violation; --count) Expand(next_++);
    return next_ < states_.size() && !result_.violation;
  }

  Exploration result() const {
    Exploration result = result_;
    result.states = states_.size();
    result.member_states = locals_.size();
    result.member_steps = locals_.steps();
    result.messages = locals_.message_count();
    result.complete = next_ == states_.size() && !result_.violation;
    if (states_.size() > 0) result.depth = states_.Depth(static_cast<uint32_t>(states_.size() - 1));
    return result;
  }

 private:
  struct Move {
    NodeId member;
    Event event;
    bool keeps_message;  // a duplicate stays in flight
  };

  void Expand(uint32_t index) {
    const ExploredState state = states_.At(index);  // a copy: the set grows
    for (const Move& move : Moves(state)) {
      std::vector<MessageId> in_flight;
      ExploredState after = After(state, move, in_flight);
      if (auto broken = BrokenLaw(locals_, state, move.member, after)) return Report(index, *broken);
      Deliverable(in_flight, [&](const Messages& messages) {
        ++result_.transitions;
        after.messages = messages;
        states_.Add(Canonical(after), index);
      });
    }
  }

  std::vector<Move> Moves(const ExploredState& state) const {
    std::vector<Move> moves;
    for (size_t i = 0; i < kMaxInFlight && state.messages[i] != kNoMessage; ++i) {
      const MessageId id = state.messages[i];
      if (i > 0 && state.messages[i - 1] == id) continue;  // an equal one has been delivered already
      const Event event{EventKind::kDeliver, id};
      const NodeId to = locals_.message(id).to;
      moves.push_back({to, event, false});
      if (state.duplicates_left > 0) moves.push_back({to, event, true});
    }
    for (NodeId id = 1; id <= kExploredMembers; ++id) {
      const Facts& facts = locals_.facts(state.members[id - 1]);
      if (facts.role == raft::Role::kLeader) {
        const auto command = static_cast<uint32_t>(scope_.commands - state.commands_left);
        if (state.commands_left > 0) moves.push_back({id, {EventKind::kPropose, command}, false});
        if (state.heartbeats_left > 0) moves.push_back({id, {EventKind::kHeartbeat}, false});
      } else if (facts.term < scope_.terms) {
        moves.push_back({id, {EventKind::kCampaign}, false});
      }
      if (facts.unsynced) moves.push_back({id, {EventKind::kSync}, false});
      if (state.crashes_left > 0) moves.push_back({id, {EventKind::kCrash}, false});
    }
    return moves;
  }

  // Without its messages, which are `in_flight` and may be more than the scope allows.
  ExploredState After(const ExploredState& state, const Move& move, std::vector<MessageId>& in_flight) {
    ExploredState after = state;
    bool taken = move.keeps_message || move.event.kind != EventKind::kDeliver;
    for (const MessageId id : state.messages) {
      if (id == kNoMessage) break;
      if (!taken && id == move.event.argument) {
        taken = true;
      } else {
        in_flight.push_back(id);
      }
    }
    after.duplicates_left -= move.keeps_message ? 1 : 0;
    after.commands_left -= move.event.kind == EventKind::kPropose ? 1 : 0;
    after.crashes_left -= move.event.kind == EventKind::kCrash ? 1 : 0;
    after.heartbeats_left -= move.event.kind == EventKind::kHeartbeat ? 1 : 0;
    const Outcome& outcome = locals_.Step(state.members[move.member - 1], move.event);
    after.members[move.member - 1] = outcome.next;
    in_flight.insert(in_flight.end(), outcome.sent.begin(), outcome.sent.end());
    std::sort(in_flight.begin(), in_flight.end());
    return after;
  }

  // Calls `use` once, or for every choice of what is lost where there are too many.
  template <typename Use>
  void Deliverable(const std::vector<MessageId>& in_flight, const Use& use) const {
    Messages kept;
    kept.fill(kNoMessage);
    Keep(in_flight, 0, kept, 0, std::min(in_flight.size(), scope_.messages), use);
  }

  template <typename Use>
  void Keep(const std::vector<MessageId>& in_flight, size_t from, Messages& kept, size_t count, size_t wanted,
            const Use& use) const {
    if (count == wanted) return use(kept);
    for (size_t i = from; i + (wanted - count) <= in_flight.size(); ++i) {
      if (i > from && in_flight[i] == in_flight[i - 1]) continue;  // an equal one has had its turn
      kept[count] = in_flight[i];
      Keep(in_flight, i + 1, kept, count + 1, wanted, use);
      kept[count] = kNoMessage;
    }
  }

  // The least of the six states that differ from it by names only.
  ExploredState Canonical(const ExploredState& state) {
    ExploredState least = state;
    for (size_t permutation = 1; permutation < kPermutations.size(); ++permutation) {
      const Permutation& names = kPermutations[permutation];
      ExploredState other = state;
      for (size_t i = 0; i < kExploredMembers; ++i) {
        other.members[static_cast<size_t>(names[i + 1]) - 1] = locals_.Renamed(state.members[i], permutation);
      }
      if (other.members > least.members) continue;
      RenameRest(other, permutation);
      if (other < least) least = other;
    }
    return least;
  }

  void RenameRest(ExploredState& state, size_t permutation) {
    size_t count = 0;
    for (; count < kMaxInFlight && state.messages[count] != kNoMessage; ++count) {
      state.messages[count] = locals_.RenamedMessage(state.messages[count], permutation);
    }
    std::sort(state.messages.begin(), state.messages.begin() + static_cast<ptrdiff_t>(count));
    for (uint8_t& leader : state.leaders) leader = kPermutations[permutation][leader];
  }

  void Report(uint32_t index, const std::string& broken);
  template <typename Wanted>
  ExploredState Retrace(const ExploredState& now, const Wanted& wanted);
  std::string Describe(const Move& move) const;
  std::string Standing(const ExploredState& state, NodeId member) const;

  Scope scope_;
  LocalStates locals_;
  StateSet states_;
  ExploredState start_;
  uint32_t next_ = 0;
  Exploration result_;
};

std::string Explorer::Search::Describe(const Move& move) const {
  const std::string member = "member " + std::to_string(move.member);
  switch (move.event.kind) {
    case EventKind::kDeliver:
      return "deliver " + locals_.message(move.event.argument).ToString() +
             (move.keeps_message ? " (it comes twice)" : "");
    case EventKind::kCampaign: return member + " times out and campaigns";
    case EventKind::kPropose:
      return member + " takes the command " + std::string(1, static_cast<char>('a' + move.event.argument));
    case EventKind::kHeartbeat: return member + " sends heartbeats";
    case EventKind::kSync: return member + "'s oldest write becomes durable";
    case EventKind::kCrash: return member + " crashes and starts again";
  }
  return "?";
}

std::string Explorer::Search::Standing(const ExploredState& state, NodeId member) const {
  const Facts& facts = locals_.facts(state.members[member - 1]);
  std::string log;
  for (const raft::Entry& entry : locals_.log(facts.log)) {
    log += (log.empty() ? "" : " ") + std::to_string(entry.term) + ":" + std::string(entry.bytes());
  }
  return "  -> " + std::string(raft::RoleName(facts.role)) + " term=" + std::to_string(facts.term) + " log=[" + log +
         "] commit=" + std::to_string(facts.commit);
}

// States are kept under canonical names, which change from step to step. What is told is the same way
// with the names of its beginning: from each state a move that leads to the next, by whatever names.
void Explorer::Search::Report(uint32_t index, const std::string& broken) {
  std::vector<ExploredState> way;
  for (uint32_t at = index; at != 0; at = states_.Parent(at)) way.push_back(states_.At(at));
  std::reverse(way.begin(), way.end());
  ExploredState now = start_;
  for (const ExploredState& target : way) {
    now = Retrace(now, [&](const ExploredState& after, const Broken&) { return Canonical(after) == target; });
  }
  Retrace(now, [&](const ExploredState&, const Broken& law) { return law.has_value(); });
  result_.violation = broken;
}

template <typename Wanted>
ExploredState Explorer::Search::Retrace(const ExploredState& now, const Wanted& wanted) {
  for (const Move& move : Moves(now)) {
    std::vector<MessageId> in_flight;
    ExploredState after = After(now, move, in_flight);
    const Broken law = BrokenLaw(locals_, now, move.member, after);
    std::optional<ExploredState> found;
    Deliverable(in_flight, [&](const Messages& messages) {
      after.messages = messages;
      if (!found && wanted(after, law)) found = after;
    });
    if (!found) continue;
    result_.trace.push_back(Describe(move) + Standing(*found, move.member));
    return *found;
  }
  CHECK(false) << "a step of the trace cannot be repeated";
}

Explorer::Explorer(const Scope& scope) : search_(std::make_unique<Search>(scope)) {}
Explorer::~Explorer() = default;
bool Explorer::Advance(size_t states) { return search_->Advance(states); }
Exploration Explorer::result() const { return search_->result(); }

Exploration Explore(const Scope& scope) {
  Explorer explorer(scope);
  while (explorer.Advance(1 << 16)) {
  }
  return explorer.result();
}

}  // namespace kp::properties
