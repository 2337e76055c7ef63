#include "properties/store/campaign.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "reference/base/random.h"
#include "reference/base/strings.h"
#include "reference/client/etcd.h"
#include "reference/runtime/sim/world.h"
#include "reference/store/server.h"

namespace kp::properties {
namespace {

using runtime::sim::CrashKind;
using runtime::sim::Direction;
using runtime::sim::ProcessStatus;
using runtime::sim::World;

constexpr int kMembers = 3;
const std::vector<std::string> kNames = {"store-0", "store-1", "store-2"};

std::string Address(int member, const char* port) { return "10.0.0." + std::to_string(member + 1) + ":" + port; }

store::ServerOptions OptionsOf(int i) {
  std::vector<std::string> cluster;
  for (int n = 0; n < kMembers; ++n) cluster.push_back(kNames[n] + "=http://" + Address(n, "2380"));
  return {.name = kNames[i],
          .data_dir = "/data",
          .listen_client_urls = "http://" + Address(i, "2379"),
          .listen_peer_urls = "http://" + Address(i, "2380"),
          .initial_advertise_peer_urls = "http://" + Address(i, "2380"),
          .initial_cluster = Join(cluster, ","),
          .snapshot_count = 60};
}

struct Operation {
  bool write = false;
  std::string key;
  std::string value;  // written, or read; "" for an absent key
  Time begun{};
  Time ended{};
  int64_t revision = 0;  // at which it took effect
};

// Does one thing after another against one member, noting what was acknowledged.
class Worker {
 public:
  Worker(runtime::Env& env, int number, std::vector<Operation>& history)
      : env_(env), number_(number), history_(history), random_(env.random().Fork("worker" + std::to_string(number))) {
    client_ = *client::EtcdClient::Create(
        env,
        {.endpoints = {Address(number % kMembers, "2379"), Address((number + 1) % kMembers, "2379")}, .timeout = 3s});
    Next();
  }

  bool stopped = false;
  int unknown = 0;

 private:
  void Next() {
    if (stopped) return;
    env_.After(Duration(random_.Between(0, Duration(60ms).count())), alive_.Wrap([this] {
      current_ = {.write = random_.Chance(0.6), .key = "key" + std::to_string(random_.Below(4)), .begun = env_.Now()};
      if (current_.write) {
        Write();
      } else {
        Read();
      }
    }));
  }
  void Write() {
    current_.value = std::to_string(number_) + "-" + std::to_string(++count_);
    client_->Put(current_.key, current_.value, 0, alive_.Wrap([this](const Result<int64_t>& revision) {
      if (revision.ok()) {
        Done(*revision);
      } else {
        ++unknown;
      }
      Next();
    }));
  }
  void Read() {
    client_->Range({.key = current_.key}, alive_.Wrap([this](const Result<client::EtcdRangeResult>& found) {
      if (found.ok()) {
        if (!found->kvs.empty()) current_.value = found->kvs[0].value;
        Done(found->revision);
      }
      Next();
    }));
  }
  void Done(int64_t revision) {
    current_.ended = env_.Now();
    current_.revision = revision;
    history_.push_back(current_);
  }

  runtime::Env& env_;
  int number_;
  std::vector<Operation>& history_;
  Random random_;
  std::unique_ptr<client::EtcdClient> client_;
  Operation current_;
  int count_ = 0;
  Alive alive_;
};

// Watches everything, resuming where it was; at a member that changes with each loss.
class Watcher : client::EtcdWatchHandler {
 public:
  Watcher(runtime::Env& env, int number) : env_(env), member_(number) { Open(); }

  struct Seen {
    int64_t revision = 0;
    std::string key;
    std::string value;
    std::optional<std::string> previous;
  };
  std::vector<Seen> events;
  std::string violation;

 private:
  void Open() {
    client_ = *client::EtcdClient::Create(env_, {.endpoints = {Address(member_++ % kMembers, "2379")}});
    watch_ = client_->Watch({.key = "key", .range_end = "kez", .start_revision = next_}, this);
  }
  void OnEvents(int64_t revision, const std::vector<client::EtcdEvent>& more) override {
    for (const client::EtcdEvent& event : more) {
      Seen seen{event.kv.mod_revision, event.kv.key, event.kv.value, {}};
      if (event.previous) seen.previous = event.previous->value;
      if (seen.revision < next_) violation = "an event of revision " + std::to_string(seen.revision) + " came again";
      events.push_back(seen);
    }
    next_ = std::max(next_, revision + 1);
  }
  void OnEnd(const Status&, int64_t) override {
    env_.After(200ms, alive_.Wrap([this] { Open(); }));
  }

  runtime::Env& env_;
  int member_;
  int64_t next_ = 2;
  std::unique_ptr<client::EtcdClient> client_;
  std::unique_ptr<client::EtcdWatch> watch_;
  Alive alive_;
};

// Draws faults and undoes them.
class Nemesis {
 public:
  Nemesis(World& world, uint64_t seed) : world_(world), random_(Random(seed).Fork("nemesis")) {}

  void Step() {
    const std::string& name = kNames[random_.Below(kMembers)];
    const ProcessStatus status = world_.status(name);
    if (status == ProcessStatus::kCrashed || status == ProcessStatus::kFailed) return world_.Restart(name);
    if (status == ProcessStatus::kPaused) return world_.Resume(name);
    switch (random_.Below(9)) {
      case 0: return world_.Crash(name, CrashKind::kKill);
      case 1: return world_.Crash(name, CrashKind::kPowerCut);
      case 2: return world_.Crash(name, CrashKind::kVanish);
      case 3: return world_.Pause(name);
      case 4:
      case 5: {
        std::vector<std::string> others;
        for (const std::string& other : kNames) {
          if (other != name) others.push_back(other);
        }
        world_.network().Partition({name}, others, random_.Chance(0.7) ? Direction::kBoth : Direction::kForward);
        return;
      }
      case 6: return world_.network().HealAll();
      case 7: world_.network().ResetStreams(name, kNames[random_.Below(kMembers)]); return;
      default: return world_.disk(name).Stall(Duration(random_.Between(0, Duration(2s).count())));
    }
  }
  void EndAll() {
    world_.network().HealAll();
    for (const std::string& name : kNames) {
      const ProcessStatus status = world_.status(name);
      if (status == ProcessStatus::kPaused) world_.Resume(name);
      if (status == ProcessStatus::kCrashed || status == ProcessStatus::kFailed) world_.Restart(name);
    }
  }
  Duration Pause() { return Duration(random_.Between(Duration(100ms).count(), Duration(1500ms).count())); }

 private:
  World& world_;
  Random random_;
};

store::Member& MemberOf(World& world, int i) { return world.actor<store::Server>(kNames[i]).member(); }

bool Converged(World& world) {
  for (int i = 0; i < kMembers; ++i) {
    if (world.status(kNames[i]) != ProcessStatus::kRunning) return false;
    const store::Member& member = MemberOf(world, i);
    if (!member.has_leader() || member.applied_index() != MemberOf(world, 0).applied_index()) return false;
    if (member.applied_index() != member.raft().log().last()) return false;
  }
  return true;
}

// The value of a key as of a revision, by the store's own history of changes.
class Replay {
 public:
  explicit Replay(const store::Mvcc& store) {
    for (const store::Event& event : store.events()) by_key_[event.kv->key][event.revision()] = event.kv->value;
  }
  std::string At(const std::string& key, int64_t revision) const {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return "";
    auto after = found->second.upper_bound(revision);
    return after == found->second.begin() ? "" : std::prev(after)->second;
  }

 private:
  std::map<std::string, std::map<int64_t, std::string>> by_key_;
};

std::string Describe(const Operation& op) {
  return (op.write ? "put " : "get ") + op.key + "=" + op.value + " at revision " + std::to_string(op.revision);
}

std::string CheckOperations(std::vector<Operation> history, const Replay& replay) {
  for (const Operation& op : history) {
    const std::string held = replay.At(op.key, op.revision);
    if (held != op.value) return Describe(op) + ", but the store held \"" + held + "\"";
  }
  // In real time: nothing may take effect before what had ended when it began.
  std::sort(history.begin(), history.end(), [](const auto& a, const auto& b) { return a.begun < b.begun; });
  std::vector<const Operation*> by_end;
  for (const Operation& op : history) by_end.push_back(&op);
  std::sort(by_end.begin(), by_end.end(), [](const auto* a, const auto* b) { return a->ended < b->ended; });
  size_t ended = 0;
  const Operation* newest = nullptr;
  for (const Operation& op : history) {
    for (; ended < by_end.size() && by_end[ended]->ended < op.begun; ++ended) {
      if (newest == nullptr || by_end[ended]->revision > newest->revision) newest = by_end[ended];
    }
    if (newest == nullptr) continue;
    if (op.revision < newest->revision || (op.write && op.revision == newest->revision)) {
      return Describe(op) + " began after the end of: " + Describe(*newest);
    }
  }
  return "";
}

std::string CheckWatcher(const Watcher& watcher, const store::Mvcc& store) {
  if (!watcher.violation.empty()) return watcher.violation;
  const auto& events = store.events();
  if (watcher.events.size() != events.size()) {
    return "a watcher saw " + std::to_string(watcher.events.size()) + " of " + std::to_string(events.size()) +
           " events";
  }
  for (size_t i = 0; i < events.size(); ++i) {
    const Watcher::Seen& seen = watcher.events[i];
    if (seen.revision != events[i].revision() || seen.key != events[i].kv->key || seen.value != events[i].kv->value) {
      return "a watcher saw another event at revision " + std::to_string(seen.revision);
    }
    if (seen.previous.has_value() != (events[i].previous != nullptr)) {
      return "no previous pair in the event of revision " + std::to_string(seen.revision);
    }
  }
  return "";
}

std::string CheckStores(World& world) {
  for (int i = 0; i < kMembers; ++i) {
    MemberOf(world, i).CheckInvariants();
    if (*MemberOf(world, i).store().HashKv(0) != *MemberOf(world, 0).store().HashKv(0)) {
      return kNames[i] + " holds another history than " + kNames[0];
    }
  }
  // Every value is written once by its worker, so a second one is a proposal that was applied twice.
  std::map<std::string, int> writes;
  for (const store::Event& event : MemberOf(world, 0).store().events()) {
    if (++writes[event.kv->value] > 1) return "put of " + event.kv->value + " took effect twice";
  }
  return "";
}

}  // namespace

CampaignResult RunCampaign(const CampaignOptions& options) {
  World world({.seed = options.seed, .least_severity = runtime::Severity::kWarning});
  for (int i = 0; i < kMembers; ++i) {
    world.Spawn(kNames[i], "10.0.0." + std::to_string(i + 1), store::ServerFactory(OptionsOf(i)));
  }
  runtime::Env& env = world.Spawn("clients", "10.0.0.9");
  std::vector<Operation> history;
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < 4; ++i) workers.push_back(std::make_unique<Worker>(env, i, history));
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < 2; ++i) watchers.push_back(std::make_unique<Watcher>(env, i));

  Nemesis nemesis(world, options.seed);
  const Duration length = std::chrono::seconds(options.virtual_seconds);
  while (world.elapsed() < length) {
    world.RunFor(nemesis.Pause());
    if (options.faults) nemesis.Step();
  }
  nemesis.EndAll();
  world.RunFor(3s);
  CampaignResult result;
  for (auto& worker : workers) {
    worker->stopped = true;
    result.unknown += worker->unknown;
  }
  // Long enough for streams that nobody closed to be given up.
  world.RunFor(15s);
  if (!world.RunUntil([&] { return Converged(world); }, 60s).ok()) {
    result.violation = "the members do not converge after the faults have ended";
    for (const std::string& name : kNames) {
      if (!world.failure(name).empty()) result.violation += "; " + name + ": " + world.failure(name);
    }
    return result;
  }
  const store::Mvcc& store = MemberOf(world, 0).store();
  (void)world.RunUntil(
      [&] {
        return std::all_of(watchers.begin(), watchers.end(),
                           [&](const auto& watcher) { return watcher->events.size() >= store.events().size(); });
      },
      60s);
  result.acknowledged = static_cast<int>(history.size());
  result.violation = CheckStores(world);
  if (result.violation.empty()) result.violation = CheckOperations(history, Replay(store));
  for (const auto& watcher : watchers) {
    result.watch_events += static_cast<int>(watcher->events.size());
    if (result.violation.empty()) result.violation = CheckWatcher(*watcher, store);
  }
  result.draws = world.draw_log().hash();
  return result;
}

}  // namespace kp::properties
