#include "chaos/nemesis.h"

#include <algorithm>

#include "fixtures/foreign_store.h"
#include "reference/client/resources.h"

namespace kp::chaos {
namespace {

// A member that was down is behind for a while after it is back.
constexpr Duration kCatchUp = 1s;
constexpr Duration kAnswerPatience = 5s;
constexpr Duration kRecoveryPause = 100ms;
// A run of minutes under faults must not fill a report.
constexpr size_t kMostLogEntries = 1000;

bool Disables(FaultKind kind) {
  return kind != FaultKind::kDelay && kind != FaultKind::kLoss && kind != FaultKind::kResetStreams &&
         kind != FaultKind::kSkewClock;
}

// What a back end counts when a fault of this kind does something.
std::vector<std::string_view> EffectsOf(FaultKind kind) {
  switch (kind) {
    case FaultKind::kKill: return {"crashes"};
    case FaultKind::kPause: return {"paused-events"};
    case FaultKind::kPartition:
    case FaultKind::kOneWayPartition: return {"partition-held-chunks", "partition-held-dials"};
    case FaultKind::kDelay: return {"delayed-chunks"};
    case FaultKind::kLoss: return {"retransmissions"};
    case FaultKind::kResetStreams: return {"streams-reset"};
    case FaultKind::kFailSync: return {"failed-syncs"};
    case FaultKind::kStallDisk: return {"stalled-syncs"};
    case FaultKind::kFullDisk: return {"disk-full-writes"};
    case FaultKind::kSkewClock: return {"skewed-clock-reads"};
  }
  UNREACHABLE();
}

// Its effect may come after its end: with the next event, with the next sync.
bool WorksOn(FaultKind kind) { return kind == FaultKind::kResetStreams || kind == FaultKind::kFailSync; }

bool IsReady(const api::Value& node) {
  for (const api::Value& condition : node.At({"status", "conditions"}).items()) {
    if (condition["type"].AsString() == "Ready") return condition["status"].AsString() == "True";
  }
  return false;
}

bool IsStore(const std::string& process) { return ComponentOf(process) == "store"; }

}  // namespace

Nemesis::Nemesis(fixtures::Cluster& cluster, NemesisOptions options)
    : cluster_(cluster),
      port_(*cluster.faults()),
      options_(std::move(options)),
      schedule_(port_.Processes(), Random(options_.seed).Fork("nemesis/schedule"), options_.schedule),
      random_(Random(options_.seed).Fork("nemesis")),
      next_(cluster.env()) {
  const std::vector<std::string> processes = port_.Processes();
  members_ = static_cast<int>(std::ranges::count_if(processes, IsStore));
}

Nemesis::~Nemesis() {
  if (active_) port_.HealAll();
}

void Nemesis::Note(const std::string& event, const std::string& detail) {
  if (log_.size() < kMostLogEntries) log_.push_back({cluster_.env().Now().time_since_epoch(), "fault", event, detail});
}

void Nemesis::Start() {
  active_ = true;
  ScheduleNext();
}

void Nemesis::Stop() {
  if (!active_) return;
  active_ = false;
  next_.Stop();
  while (!watched_.empty()) CountBite(watched_.begin()->first);
  if (std::exchange(under_way_, 0) > 0) broken_ = cluster_.env().Now();
  ends_.clear();
  hurt_.clear();
  port_.HealAll();
  Note("heal", "all");
}

bool Nemesis::Overlapped(Time since) const { return under_way_ > 0 || (broken_ && *broken_ + kCatchUp >= since); }

void Nemesis::ScheduleNext() {
  Fault fault = schedule_.Next();
  const Duration gap = fault.gap;
  next_.Start(gap, [this, fault = std::move(fault)] {
    Inject(fault);
    ScheduleNext();
  });
}

bool Nemesis::MayHurt(const Fault& fault) const {
  if (fault.kind == FaultKind::kKill && spared_.contains(ComponentOf(fault.process))) return false;
  if (!Disables(fault.kind)) return true;
  std::set<std::string> stores;
  for (const auto& [process, faults] : hurt_) {
    if (IsStore(process)) stores.insert(process);
  }
  for (const std::string& process : {fault.process, fault.peer}) {
    if (IsStore(process)) stores.insert(process);
  }
  // A partition between two members cuts off one of them at most: the others still reach both.
  const int spared = IsStore(fault.process) && IsStore(fault.peer) ? 1 : 0;
  return static_cast<int>(stores.size()) - spared <= (members_ - 1) / 2;
}

uint64_t Nemesis::Effects(FaultKind kind) const {
  uint64_t sum = 0;
  for (const auto& [name, count] : port_.Bites()) {
    for (std::string_view effect : EffectsOf(kind)) sum += name == effect ? count : 0;
  }
  return sum;
}

void Nemesis::CountBite(int watched) {
  const auto node = watched_.extract(watched);
  if (!node || Effects(node.mapped().kind) == node.mapped().effects_before) return;
  ++bites_[std::string(FaultName(node.mapped().kind))];
}

void Nemesis::Inject(const Fault& fault) {
  if (!MayHurt(fault)) return;
  const uint64_t effects = Effects(fault.kind);
  const Status begun = Begin(fault);
  Note(std::string(FaultName(fault.kind)), fault.ToString() + (begun.ok() ? "" : ": " + begun.ToString()));
  if (!begun.ok()) return;
  ++counts_[std::string(FaultName(fault.kind))];
  broken_ = cluster_.env().Now();
  const int watched = ++last_watched_;
  watched_[watched] = {fault.kind, effects};
  if (fault.kind == FaultKind::kResetStreams) return;
  ++under_way_;
  if (fault.kind == FaultKind::kStallDisk) ends_itself_ = std::max(ends_itself_, *broken_ + fault.duration);
  const bool disables = Disables(fault.kind);
  if (disables) ++hurt_[fault.process];
  if (disables && !fault.peer.empty()) ++hurt_[fault.peer];
  auto& end = ends_.emplace_back(std::make_unique<runtime::Timer>(cluster_.env()));
  end->Start(fault.duration, [this, fault, watched] {
    if (!WorksOn(fault.kind)) CountBite(watched);
    End(fault);
  });
  if (!disables) return;
  auto& recovered = ends_.emplace_back(std::make_unique<runtime::Timer>(cluster_.env()));
  recovered->Start(fault.duration + kCatchUp, [this, fault] {
    for (const std::string& process : {fault.process, fault.peer}) {
      if (!process.empty() && --hurt_[process] == 0) hurt_.erase(process);
    }
  });
}

Status Nemesis::Begin(const Fault& fault) {
  const std::string& a = fault.process;
  const std::string& b = fault.peer;
  Status status;
  switch (fault.kind) {
    case FaultKind::kKill: return port_.Kill(a);
    case FaultKind::kPause: return port_.Pause(a);
    case FaultKind::kPartition: status = port_.Partition(a, b); return status.ok() ? port_.Partition(b, a) : status;
    case FaultKind::kOneWayPartition: return port_.Partition(a, b);
    case FaultKind::kDelay:
      status = port_.Delay(a, b, fault.amount);
      return status.ok() ? port_.Delay(b, a, fault.amount) : status;
    case FaultKind::kLoss:
      status = port_.Lose(a, b, fault.probability);
      return status.ok() ? port_.Lose(b, a, fault.probability) : status;
    case FaultKind::kResetStreams: return port_.ResetStreams(a);
    case FaultKind::kFailSync: return port_.FailNextSync(a);
    case FaultKind::kStallDisk: return port_.StallDisk(a, fault.duration);
    case FaultKind::kFullDisk: return port_.FillDisk(a, true);
    case FaultKind::kSkewClock: return port_.SkewClock(a, fault.amount);
  }
  UNREACHABLE();
}

// What could be begun can be ended.
void Nemesis::End(const Fault& fault) {
  const std::string& a = fault.process;
  const std::string& b = fault.peer;
  Note("end", fault.ToString());
  --under_way_;
  broken_ = cluster_.env().Now();
  switch (fault.kind) {
    case FaultKind::kKill: (void)port_.Restart(a); break;
    case FaultKind::kPause: (void)port_.Resume(a); break;
    case FaultKind::kPartition:
    case FaultKind::kOneWayPartition:
    case FaultKind::kDelay:
    case FaultKind::kLoss:
      (void)port_.Heal(a, b);
      (void)port_.Heal(b, a);
      break;
    case FaultKind::kFullDisk: (void)port_.FillDisk(a, false); break;
    case FaultKind::kSkewClock: (void)port_.SkewClock(a, Duration(0)); break;
    case FaultKind::kResetStreams:
    case FaultKind::kFailSync:
    case FaultKind::kStallDisk: break;  // end by themselves
  }
}

// Every process runs, every member of the store answers, and the nodes whose kubelets run are ready.
bool Nemesis::Whole() {
  const std::vector<std::string> processes = port_.Processes();
  if (!std::ranges::all_of(processes, [&](const std::string& process) { return port_.Running(process); })) return false;
  return MembersAnswer() && (!cluster_.Has("apiserver") || NodesAreReady());
}

bool Nemesis::MembersAnswer() {
  auto answers = std::make_shared<int>(0);
  auto errors = std::make_shared<int>(0);
  std::vector<std::unique_ptr<client::EtcdClient>> members;
  for (int i = 0; i < members_; ++i) {
    auto member = cluster_.StoreClientOf(i);
    if (!member.ok()) continue;
    (*member)->Range({.key = "/", .keys_only = true},
                     [=](const Result<client::EtcdRangeResult>& read) { ++*(read.ok() ? answers : errors); });
    members.push_back(std::move(*member));
  }
  const int asked = static_cast<int>(members.size());
  cluster_.Pump([&] { return *errors > 0 || *answers == asked; }, kAnswerPatience);
  return *answers == asked;
}

bool Nemesis::NodesAreReady() {
  auto nodes = std::make_shared<std::optional<api::ApiResult<api::Value>>>();
  cluster_.client().List({client::kNodes, "", "", ""}, {},
                         [nodes](const api::ApiResult<api::Value>& list) { *nodes = list; });
  cluster_.Pump([&] { return nodes->has_value(); }, kAnswerPatience);
  if (!*nodes || !(**nodes).ok()) return false;
  const std::vector<std::string> processes = port_.Processes();
  for (const api::Value& node : (***nodes)["items"].items()) {
    const std::string kubelet = "kubelet-" + node.At({"metadata", "name"}).str();
    if (std::ranges::find(processes, kubelet) != processes.end() && !IsReady(node)) return false;
  }
  return true;
}

bool Nemesis::Settle() {
  if (!active_) return true;
  const Duration lingering(random_.Between(0, options_.most_lingering.count()));
  cluster_.Pump([] { return false; }, lingering);
  Stop();
  // A stalled disk cannot be helped.
  cluster_.Pump([] { return false; }, std::max(ends_itself_ - cluster_.env().Now(), Duration(0)));
  const Time deadline = cluster_.env().Now() + options_.recovery;
  while (!Whole()) {
    if (cluster_.env().Now() >= deadline) {
      Note("not recovered", "not whole within " + FormatDuration(options_.recovery));
      return false;
    }
    cluster_.Pump([] { return false; }, kRecoveryPause);
  }
  Note("recovered", "");
  return true;
}

}  // namespace kp::chaos
