#include "properties/property.h"

#include <algorithm>

#include "properties/raft/explore.h"
#include "properties/raft/known_bugs.h"
#include "properties/raft/safety.h"
#include "properties/raft/scenarios.h"
#include "properties/store/campaign.h"
#include "properties/store/member_scripts.h"
#include "properties/store/scripts.h"
#include "properties/wal/lives.h"
#include "properties/wire/scripts.h"

namespace kp::properties {
namespace {

constexpr size_t kRaftSteps = 500;

std::optional<std::string> RaftSafety(uint64_t seed) { return RunSchedule(DrawSchedule(seed, kRaftSteps)); }

std::optional<std::string> RaftProgress(uint64_t seed) { return RunScheduleAndHeal(DrawSchedule(seed, kRaftSteps)); }

std::optional<std::string> RaftSwarm(uint64_t seed) { return RunScheduleAndHealACore(DrawSwarm(seed, kRaftSteps)); }

// `kubeproof explore raft` tries larger ones.
std::optional<std::string> RaftSmallScope() { return Explore({.terms = 2, .commands = 0, .messages = 2}).violation; }

std::optional<std::string> StoreCampaign(uint64_t seed) {
  const std::string violation = RunCampaign({.seed = seed, .virtual_seconds = 10}).violation;
  return violation.empty() ? std::nullopt : std::optional(violation);
}

// One that plays a script through and draws nothing.
Property Play(const char* id, const char* law, std::optional<std::string> (*script)()) {
  return {id, law, 1, [script](uint64_t) { return script(); }};
}

// The bugs that others had, each as a law: ours never does that.
void AddKnownBugs(std::vector<Property>& properties) {
  for (const KnownBug& bug : KnownBugs()) {
    Property law = Play("", bug.source, bug.play);
    law.id = std::string("properties/raft/never-") + bug.name;
    if (bug.dies != nullptr) law.stops = bug.dies;
    properties.push_back(std::move(law));
  }
}

}  // namespace

const std::vector<Property>& AllProperties() {
  static const std::vector<Property> properties = [] {
    std::vector<Property> all = {
        Play("properties/raft/delayed-shorter-append", "a late append takes nothing back", DelayedShorterAppend),
        Play("properties/raft/figure-eight", "an entry of an earlier term is not committed by counting", FigureEight),
        {"properties/raft/progress", "after faults, a new proposal reaches all members", 300, RaftProgress},
        {"properties/raft/safety", "Raft's five safety properties and linearizable reads", 2000, RaftSafety},
        Play("properties/raft/pre-vote-unseats-nobody", "who asks for pre-votes and cannot win disturbs nobody",
             PreVoteUnseatsNobody),
        Play("properties/raft/small-scope", "no order of deliveries and elections breaks a law", RaftSmallScope),
        {"properties/raft/swarm", "safe whatever is set, and enough members that are up make progress", 300, RaftSwarm},
        Play("properties/raft/undurable-leader", "a leader that forgets in a crash counts for no quorum",
             UndurableLeader),
        {"properties/store/campaign", "clients see a strictly serializable history, watches all of it", 12,
         StoreCampaign},
        Play("properties/store/changes-keep-the-quorum", "no change of members costs the quorum", ChangesKeepTheQuorum),
        Play("properties/store/learners-are-not-promoted-empty", "who votes has the log", LearnersAreNotPromotedEmpty),
        Play("properties/store/other-clusters-stay-out", "only members are peers", OtherClustersStayOut),
        Play("properties/store/removed-members-are-remembered", "a removed member stays removed",
             RemovedMembersAreRemembered),
        Play("properties/store/snapshots-carry-their-checksum", "a snapshot proves that it is whole",
             SnapshotsCarryTheirChecksum),
        Play("properties/store/compaction-keeps-its-revision", "a compaction drops older events only",
             CompactionKeepsItsRevision),
        Play("properties/store/lease-lasts-its-time", "no lease ends before its time", LeaseLastsItsTime),
        Play("properties/store/progress-comes-after-events", "a progress notice overtakes no event",
             ProgressComesAfterEvents),
        Play("properties/store/range-says-that-there-is-more", "the flag `more` is part of the answer",
             RangeSaysThatThereIsMore),
        Play("properties/store/slow-watcher-sees-all", "a watcher that fell behind misses nothing", SlowWatcherSeesAll),
        {"properties/wal/lives", "what was reported durable outlives crashes and damage", 2000, LiveAndCrash},
        Play("properties/wire/status-must-come", "a call without a status has not succeeded", StatusMustCome),
    };
    AddKnownBugs(all);
    std::ranges::sort(all, {}, &Property::id);
    return all;
  }();
  return properties;
}

const Property* FindProperty(std::string_view id) {
  const auto found = std::ranges::find(AllProperties(), id, &Property::id);
  return found == AllProperties().end() ? nullptr : &*found;
}

std::optional<Violation> Check(const Property& property, uint64_t first, int seeds) {
  for (uint64_t seed = first; seed < first + static_cast<uint64_t>(seeds); ++seed) {
    if (std::optional<std::string> text = property.violation(seed)) return Violation{seed, std::move(*text)};
  }
  return std::nullopt;
}

}  // namespace kp::properties
