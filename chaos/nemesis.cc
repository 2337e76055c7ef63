#include "chaos/nemesis.h"

#include <algorithm>

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
  ends_.clear();
  hurt_.clear();
  port_.HealAll();
  Note("heal", "all");
}

void Nemesis::ScheduleNext() {
  Fault fault = schedule_.Next();
  const Duration gap = fault.gap;
  next_.Start(gap, [this, fault = std::move(fault)] {
    Inject(fault);
    ScheduleNext();
  });
}

bool Nemesis::MayHurt(const Fault& fault) const {
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

void Nemesis::Inject(const Fault& fault) {
  if (!MayHurt(fault)) return;
  const Status begun = Begin(fault);
  Note(std::string(FaultName(fault.kind)), fault.ToString() + (begun.ok() ? "" : ": " + begun.ToString()));
  if (!begun.ok()) return;
  ++counts_[std::string(FaultName(fault.kind))];
  if (fault.kind == FaultKind::kResetStreams) return;
  const bool disables = Disables(fault.kind);
  if (disables) ++hurt_[fault.process];
  if (disables && !fault.peer.empty()) ++hurt_[fault.peer];
  auto& end = ends_.emplace_back(std::make_unique<runtime::Timer>(cluster_.env()));
  end->Start(fault.duration, [this, fault] { End(fault); });
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

bool Nemesis::Answers() {
  const std::vector<std::string> processes = port_.Processes();
  if (!std::ranges::all_of(processes, [&](const std::string& process) { return port_.Running(process); })) return false;
  auto answer = std::make_shared<int>(0);  // 1 yes, -1 no
  cluster_.client().List({client::kNodes, "", "", ""}, {},
                         [answer](const api::ApiResult<api::Value>& list) { *answer = list.ok() ? 1 : -1; });
  cluster_.Pump([&] { return *answer != 0; }, kAnswerPatience);
  return *answer == 1;
}

bool Nemesis::Settle() {
  if (!active_) return true;
  const Duration lingering(random_.Between(0, options_.most_lingering.count()));
  cluster_.Pump([] { return false; }, lingering);
  Stop();
  const Time deadline = cluster_.env().Now() + options_.recovery;
  while (!Answers()) {
    if (cluster_.env().Now() >= deadline) {
      Note("not recovered", "no answer within " + FormatDuration(options_.recovery));
      return false;
    }
    cluster_.Pump([] { return false; }, kRecoveryPause);
  }
  Note("recovered", "");
  return true;
}

}  // namespace kp::chaos
