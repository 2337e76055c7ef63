#include "chaos/schedule.h"

#include <algorithm>
#include <map>

#include "reference/base/check.h"

namespace kp::chaos {
namespace {

// Faults of disks are about the store: nothing else keeps files.
bool IsDiskFault(FaultKind kind) {
  return kind == FaultKind::kFailSync || kind == FaultKind::kStallDisk || kind == FaultKind::kFullDisk;
}

bool HasPeer(FaultKind kind) {
  return kind == FaultKind::kPartition || kind == FaultKind::kOneWayPartition || kind == FaultKind::kDelay ||
         kind == FaultKind::kLoss;
}

Duration DrawBetween(Random& random, Duration low, Duration high) {
  return Duration(random.Between(low.count(), high.count()));
}

}  // namespace

std::string_view FaultName(FaultKind kind) {
  switch (kind) {
    case FaultKind::kKill: return "kill";
    case FaultKind::kPause: return "pause";
    case FaultKind::kPartition: return "partition";
    case FaultKind::kOneWayPartition: return "one-way-partition";
    case FaultKind::kDelay: return "delay";
    case FaultKind::kLoss: return "loss";
    case FaultKind::kResetStreams: return "reset-streams";
    case FaultKind::kFailSync: return "fail-sync";
    case FaultKind::kStallDisk: return "stall-disk";
    case FaultKind::kFullDisk: return "full-disk";
    case FaultKind::kSkewClock: return "skew-clock";
  }
  UNREACHABLE();
}

std::string Fault::ToString() const {
  std::string text = std::string(FaultName(kind)) + " " + process;
  if (!peer.empty()) text += (kind == FaultKind::kOneWayPartition ? " -> " : " | ") + peer;
  if (kind == FaultKind::kDelay || kind == FaultKind::kSkewClock) text += " by " + FormatDuration(amount);
  if (kind == FaultKind::kLoss) text += " of " + std::to_string(static_cast<int>(probability * 100)) + "%";
  if (kind != FaultKind::kResetStreams && kind != FaultKind::kFailSync) text += " for " + FormatDuration(duration);
  return text;
}

std::string_view ComponentOf(std::string_view process) {
  if (process.starts_with("kubelet-")) return "kubelet";
  return process.substr(0, process.rfind('-'));
}

Schedule::Schedule(std::vector<std::string> processes, Random random, ScheduleOptions options)
    : processes_(std::move(processes)), random_(std::move(random)), options_(std::move(options)) {
  CHECK(processes_.size() >= 2 && !options_.kinds.empty());
}

FaultKind Schedule::DrawKind() {
  if (deck_.empty()) {
    deck_ = options_.kinds;
    random_.Shuffle(deck_);
  }
  const FaultKind kind = deck_.back();
  deck_.pop_back();
  return kind;
}

std::string Schedule::DrawOf(const std::vector<std::string>& processes) {
  return processes[random_.Below(processes.size())];
}

// A component first, then one of its processes: else ten kubelets would take most of the faults.
std::string Schedule::DrawProcess(FaultKind kind) {
  std::map<std::string_view, std::vector<std::string>> components;
  for (const std::string& process : processes_) components[ComponentOf(process)].push_back(process);
  const auto store = components.find("store");
  if (IsDiskFault(kind) && store != components.end()) return DrawOf(store->second);
  return DrawOf(std::next(components.begin(), static_cast<ptrdiff_t>(random_.Below(components.size())))->second);
}

// One that it talks to: a broken link between two that do not breaks nothing.
std::string Schedule::DrawPeer(const std::string& process) {
  std::vector<std::string> peers;
  const std::string_view component = ComponentOf(process);
  for (const std::string& other : processes_) {
    const std::string_view kind = ComponentOf(other);
    const bool talks = component == "apiserver" ? kind != "apiserver"
                       : component == "store"   ? kind == "store" || kind == "apiserver"
                                                : kind == "apiserver";
    if (talks && other != process) peers.push_back(other);
  }
  CHECK(!peers.empty()) << process << " talks to nobody";
  return DrawOf(peers);
}

Fault Schedule::Next() {
  Fault fault;
  fault.kind = DrawKind();
  fault.process = DrawProcess(fault.kind);
  if (HasPeer(fault.kind)) fault.peer = DrawPeer(fault.process);
  fault.gap = DrawBetween(random_, options_.least_gap, options_.most_gap);
  fault.duration = DrawBetween(random_, options_.least_duration, options_.most_duration);
  if (fault.kind == FaultKind::kDelay) fault.amount = DrawBetween(random_, 5ms, 400ms);
  // Below the validity of anything that is dated: certificates, leases by wall clock would be another test.
  if (fault.kind == FaultKind::kSkewClock) fault.amount = DrawBetween(random_, -5min, 5min);
  if (fault.kind == FaultKind::kLoss) fault.probability = 0.05 + 0.45 * random_.Unit();
  return fault;
}

}  // namespace kp::chaos
