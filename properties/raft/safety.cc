#include "properties/raft/safety.h"

#include <algorithm>
#include <set>

namespace kp::properties {

using raft::Entry;
using raft::Index;
using raft::NodeId;
using raft::Term;
using raft::TestMember;

void SafetyChecker::Violated(const std::string& property, const TestMember& member, const std::string& detail) {
  if (!violation_) violation_ = property + " broken at member " + std::to_string(member.id()) + ": " + detail;
}

std::optional<std::string> SafetyChecker::Check() {
  for (NodeId id = 1; id <= cluster_.size() && !violation_; ++id) {
    TestMember& member = cluster_.member(id);
    if (!member.up()) continue;
    CheckElection(member);
    CheckLogMatching(member);
    CheckCommitted(member);
    CheckApplied(member);
    CheckReads(member);
  }
  return violation_;
}

void SafetyChecker::CheckElection(TestMember& member) {
  const raft::Node& node = member.node();
  if (node.role() != raft::Role::kLeader) return;
  const auto [leader, is_new] = leaders_.try_emplace(node.term(), LeaderFact{member.id(), node.log().last()});
  if (leader->second.id != member.id()) {
    return Violated(
        "election safety", member,
        "term " + std::to_string(node.term()) + " has leader " + std::to_string(leader->second.id) + " too");
  }
  if (node.log().last() < leader->second.last) {
    Violated("leader append-only", member, "its log became shorter");
  }
  leader->second.last = node.log().last();
  if (!is_new) return;
  // Leader completeness: judged when it begins, since it never loses anything afterwards.
  for (const Entry& entry : committed_) {
    // Elected late, when a leader of a later term has committed something already, it need not have that.
    if (committed_in_[entry.index - 1] >= node.term() || entry.index <= node.log().offset()) continue;
    if (!node.log().Matches(entry.index, entry.term)) {
      return Violated("leader completeness", member, "lacks committed entry " + std::to_string(entry.index));
    }
  }
}

// Each (index, term) has one content and one predecessor, for all members and times. By induction
// two logs with an equal entry are equal up to it.
void SafetyChecker::CheckLogMatching(TestMember& member) {
  const raft::Log& log = member.node().log();
  for (Index index = log.first(); index <= log.last(); ++index) {
    const Entry& entry = log.At(index);
    const Term previous = *log.TermAt(index - 1);
    const auto [fact, is_new] =
        entries_.try_emplace({index, entry.term}, EntryFact{previous, std::string(entry.bytes())});
    if (!is_new && (fact->second.previous_term != previous || fact->second.data != entry.bytes())) {
      return Violated("log matching", member,
                      "entry " + std::to_string(index) + " of term " + std::to_string(entry.term));
    }
  }
}

void SafetyChecker::CheckCommitted(TestMember& member) {
  const raft::Log& log = member.node().log();
  for (Index index = log.first(); index <= log.commit(); ++index) {
    const Entry& entry = log.At(index);
    if (index > committed_.size()) {
      if (index > committed_.size() + 1) continue;
      committed_.push_back(entry);
      committed_in_.push_back(member.node().term());
    } else if (!(committed_[index - 1] == entry)) {
      return Violated("state machine safety", member, "another entry committed at " + std::to_string(index));
    }
  }
}

void SafetyChecker::CheckApplied(TestMember& member) {
  const auto& applied = member.applied();
  for (size_t i = 0; i < applied.size(); ++i) {
    if (i >= committed_.size() || !(committed_[i] == applied[i])) {
      return Violated("state machine safety", member, "applied another entry at " + std::to_string(i + 1));
    }
  }
}

void SafetyChecker::CheckReads(TestMember& member) {
  for (const raft::ReadState& read : member.reads()) {
    const auto asked = reads_asked_.find(read.context);
    if (asked != reads_asked_.end() && read.index < asked->second) {
      return Violated("linearizable read", member,
                      "read at " + std::to_string(read.index) + " when " + std::to_string(asked->second) +
                          " was committed before it was asked");
    }
  }
}

namespace {

// Interprets choices. Messages are mostly delivered and disks mostly work, else nothing would ever
// be committed that could then be lost.
class Scheduler {
 public:
  explicit Scheduler(const Schedule& schedule)
      : schedule_(schedule), cluster_(schedule.members, schedule.options, schedule.seed), checker_(cluster_) {
    for (const uint32_t weight : schedule.weights) total_weight_ += weight;
    for (size_t i = 0; i < schedule.spares; ++i) cluster_.Add(schedule.options);
  }

  std::optional<std::string> Step(uint32_t choice) {
    uint32_t at = choice % total_weight_;
    argument_ = choice / total_weight_;
    size_t act = 0;
    while (at >= schedule_.weights[act]) at -= schedule_.weights[act++];
    const NodeId id = 1 + argument_ % cluster_.size();
    argument_ /= static_cast<uint32_t>(cluster_.size());
    Perform(static_cast<Act>(act), id);
    cluster_.TurnAll();
    if (cluster_.messages().size() > 200) Erase(0);
    return checker_.Check();
  }

  std::optional<std::string> Heal() {
    std::set<NodeId> all;
    for (NodeId id = 1; id <= cluster_.size(); ++id) all.insert(id);
    return Heal(all);
  }

  std::optional<std::string> HealACore() {
    Random random = Random(schedule_.seed).Fork("raft core");
    std::set<NodeId> core;
    for (NodeId id = 1; id <= cluster_.size(); ++id) core.insert(id);
    const std::vector<raft::Configuration> configurations = PossibleConfigurations();
    for (NodeId attempt = 0; attempt < 2 * cluster_.size(); ++attempt) {
      std::set<NodeId> fewer = core;
      fewer.erase(1 + random.Below(cluster_.size()));
      const bool enough = std::all_of(configurations.begin(), configurations.end(), [&](const auto& configuration) {
        return configuration.Count([&](NodeId id) { return std::optional(fewer.contains(id)); }) ==
               raft::Configuration::Vote::kWon;
      });
      if (enough) core = fewer;
    }
    return Heal(core);
  }

 private:
  std::optional<std::string> Heal(const std::set<NodeId>& core) {
    cluster_.Heal();
    for (NodeId id = 1; id <= cluster_.size(); ++id) {
      raft::TestMember& member = cluster_.member(id);
      if (!core.contains(id) && member.up()) member.Crash(0);
      if (core.contains(id) && !member.up()) member.Start();
    }
    // A lost snapshot alone may take 20 election timeouts to be noticed.
    for (int attempt = 0; attempt < 50 * schedule_.options.election_ticks; ++attempt) {
      cluster_.Pass(1);
      if (auto violation = checker_.Check()) return violation;
      for (const NodeId id : core) {
        if (cluster_.node(id).role() == raft::Role::kLeader) (void)cluster_.Propose(id, "healed");
      }
      cluster_.Settle();
      if (AllApplied(core, "healed")) return checker_.Check();
    }
    return "no progress after the faults ended";
  }

  // All of the core that are members now.
  bool AllApplied(const std::set<NodeId>& core, std::string_view data) {
    NodeId leader = raft::kNoNode;
    for (const NodeId id : core) {
      if (cluster_.node(id).role() == raft::Role::kLeader) leader = id;
    }
    if (leader == raft::kNoNode) return false;
    return std::all_of(core.begin(), core.end(), [&](NodeId id) {
      if (!cluster_.node(leader).configuration().Contains(id)) return true;
      const auto& applied = cluster_.member(id).applied();
      return !applied.empty() && applied.back().bytes() == data;
    });
  }

  // Those that members have applied, and those that changes in their logs would lead to.
  std::vector<raft::Configuration> PossibleConfigurations() {
    std::vector<raft::Configuration> possible;
    for (NodeId id = 1; id <= cluster_.size(); ++id) {
      raft::TestMember& member = cluster_.member(id);
      if (!member.up()) member.Start();
      if (member.node().configuration().voters.empty()) continue;
      possible.push_back(member.node().configuration());
      const raft::Log& log = member.node().log();
      for (Index index = std::max(log.applied(), log.offset()) + 1; index <= log.last(); ++index) {
        if (log.At(index).type != raft::EntryType::kConfiguration) continue;
        const auto change = raft::DecodeChange(log.At(index).bytes());
        if (const auto next = raft::Apply(possible.back(), *change); next.ok()) possible.push_back(*next);
      }
    }
    return possible;
  }

  raft::ConfigurationChange DrawChange() {
    uint32_t draw = argument_;
    const auto take = [&draw](uint32_t below) {
      const uint32_t taken = draw % below;
      draw /= below;
      return taken;
    };
    const auto transition = static_cast<raft::Transition>(take(3));
    if (take(6) == 0) return raft::ConfigurationChange::Leave();
    raft::ConfigurationChange change(transition, {});
    for (uint32_t steps = 1 + take(3); steps > 0; --steps) {
      change.steps.push_back(
          {static_cast<raft::ChangeType>(take(3)), 1 + take(static_cast<uint32_t>(cluster_.size()))});
    }
    return change;
  }

  void Perform(Act act, NodeId id) {
    raft::TestMember& member = cluster_.member(id);
    if (act == Act::kStart && !member.up()) member.Start();
    switch (act) {
      case Act::kDeliver: return OnMessage([this](size_t at) { cluster_.Deliver(at); });
      case Act::kDrop: return OnMessage([this](size_t at) { Erase(at); });
      // A duplicate, to be delivered whenever it happens to be drawn.
      case Act::kDuplicate:
        return OnMessage([this](size_t at) { cluster_.messages().push_back(raft::Message(cluster_.messages()[at])); });
      case Act::kIsolate: return cluster_.Isolate(id);
      case Act::kHeal: return cluster_.Heal();
      default: break;
    }
    if (!member.up()) return;
    switch (act) {
      case Act::kSync: return cluster_.Sync(id);
      case Act::kTick: return cluster_.Tick(id);
      case Act::kPropose: return (void)cluster_.Propose(id, std::to_string(++proposals_));
      case Act::kCrash: return member.Crash(argument_ % 3);
      case Act::kRead: checker_.OnReadAsked(++reads_); return (void)member.node().ReadIndex(reads_);
      case Act::kCompact: return member.Compact(argument_ % 4);
      case Act::kCampaign: return member.node().Campaign();
      case Act::kChange: return (void)member.node().ProposeChange(DrawChange());
      case Act::kTransfer: return (void)member.node().TransferLeader(1 + argument_ % cluster_.size());
      case Act::kForget: return member.node().ForgetLeader();
      default: return;
    }
  }

  void Erase(size_t at) { cluster_.messages().erase(cluster_.messages().begin() + static_cast<ptrdiff_t>(at)); }

  template <typename F>
  void OnMessage(F action) {
    if (cluster_.messages().empty()) return;
    // Early ones more often: reordering, but with progress.
    const bool anywhere = argument_ % schedule_.reordering == 0;
    const size_t window = std::min<size_t>(cluster_.messages().size(), anywhere ? 200 : 3);
    action(argument_ / schedule_.reordering % window);
  }

  const Schedule& schedule_;
  raft::TestCluster cluster_;
  SafetyChecker checker_;
  uint32_t argument_ = 0;
  uint64_t proposals_ = 0;
  uint64_t reads_ = 0;
  uint32_t total_weight_ = 0;
};

std::optional<std::string> RunSteps(Scheduler& scheduler, const Schedule& schedule) {
  for (size_t step = 0; step < schedule.choices.size(); ++step) {
    if (auto violation = scheduler.Step(schedule.choices[step])) {
      return "step " + std::to_string(step) + ": " + *violation;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> RunSchedule(const Schedule& schedule) {
  Scheduler scheduler(schedule);
  return RunSteps(scheduler, schedule);
}

std::optional<std::string> RunScheduleAndHeal(const Schedule& schedule) {
  Scheduler scheduler(schedule);
  if (auto violation = RunSteps(scheduler, schedule)) return violation;
  return scheduler.Heal();
}

std::optional<std::string> RunScheduleAndHealACore(const Schedule& schedule) {
  Scheduler scheduler(schedule);
  if (auto violation = RunSteps(scheduler, schedule)) return violation;
  return scheduler.HealACore();
}

namespace {

// Each schedule has its own mixture: some faults hardly at all, others often (swarm testing, Groce
// 2012). An even mixture of everything finds the less, the more kinds there are.
void DrawMixture(Random& random, Schedule& schedule, size_t acts, size_t steps) {
  for (size_t act = 0; act < acts; ++act) {
    static constexpr uint32_t kPercent[] = {15, 50, 100, 200, 400};
    schedule.weights[act] = schedule.weights[act] * kPercent[random.Below(5)] / 100 + 1;
  }
  schedule.reordering = 1 + static_cast<uint32_t>(random.Below(8));
  for (size_t i = 0; i < steps; ++i) schedule.choices.push_back(static_cast<uint32_t>(random.Next() >> 33));
}

}  // namespace

Schedule DrawSwarm(uint64_t seed, size_t steps) {
  Random random = Random(seed).Fork("raft swarm");
  Schedule schedule;
  schedule.seed = seed;
  schedule.members = 1 + random.Below(5);
  schedule.spares = random.Below(3);
  schedule.options = {.election_ticks = 2 + static_cast<int>(random.Below(12)),
                      .pre_vote = random.Chance(0.5),
                      .check_quorum = random.Chance(0.5),
                      .forward_proposals = random.Chance(0.3),
                      .max_message_bytes = 1 + random.Below(16),
                      .max_inflight_messages = 1 + random.Below(6),
                      .max_inflight_bytes = 1 + random.Below(20),
                      .max_committed_bytes = 1 + random.Below(20),
                      .max_uncommitted_bytes = random.Chance(0.2) ? 20 : SIZE_MAX};
  schedule.weights = {460, 180, 140, 60, 20, 20, 20, 30, 30, 10, 12, 8, 15, 25, 8, 5};
  DrawMixture(random, schedule, kActs, steps);
  return schedule;
}

Schedule DrawSchedule(uint64_t seed, size_t steps) {
  Random random = Random(seed).Fork("raft schedule");
  Schedule schedule;
  schedule.seed = seed;
  schedule.members = random.Chance(0.7) ? 3 : 5;
  schedule.options.election_ticks = 4;
  schedule.options.pre_vote = random.Chance(0.5);
  schedule.options.check_quorum = random.Chance(0.3);
  schedule.options.forward_proposals = random.Chance(0.3);
  schedule.options.max_inflight_messages = 1 + random.Below(4);
  schedule.options.max_message_bytes = 1 + random.Below(8);
  schedule.weights = {460, 180, 140, 60, 20, 20, 20, 30, 30, 10, 12, 8, 15};
  DrawMixture(random, schedule, 13, steps);  // without changes of configuration and leadership
  return schedule;
}

}  // namespace kp::properties
