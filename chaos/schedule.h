// What will be broken, when and for how long: drawn from a seed, before anything is done. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/random.h"
#include "reference/base/time.h"

namespace kp::chaos {

enum class FaultKind : unsigned char {
  kKill,       // and restarted after the duration
  kPause,      // and resumed
  kPartition,  // both ways
  kOneWayPartition,
  kDelay,
  kLoss,
  kResetStreams,
  kFailSync,
  kStallDisk,
  kFullDisk,
  kSkewClock,
};
inline constexpr FaultKind kFaultKinds[] = {
    FaultKind::kKill,      FaultKind::kPause,    FaultKind::kPartition,    FaultKind::kOneWayPartition,
    FaultKind::kDelay,     FaultKind::kLoss,     FaultKind::kResetStreams, FaultKind::kFailSync,
    FaultKind::kStallDisk, FaultKind::kFullDisk, FaultKind::kSkewClock};
std::string_view FaultName(FaultKind kind);  // "kill", "one-way-partition"

struct Fault {
  FaultKind kind = FaultKind::kKill;
  std::string process;
  std::string peer;        // of partitions, delays and losses
  Duration gap{};          // after the beginning of the fault before
  Duration duration{};     // until it is undone
  Duration amount{};       // of a delay or a skewed clock
  double probability = 0;  // of a loss

  std::string ToString() const;  // "partition store-0 | store-1 for 1.2s"
};

struct ScheduleOptions {
  // What the back end can do.
  std::vector<FaultKind> kinds{std::begin(kFaultKinds), std::end(kFaultKinds)};
  Duration least_gap = 50ms;
  Duration most_gap = 1s;
  Duration least_duration = 100ms;
  Duration most_duration = 3s;
};

// Endless. The draws depend on the seed and the processes only, never on what happened.
class Schedule {
 public:
  // `processes` in a fixed order, by names as fixtures::FaultPort has them.
  Schedule(std::vector<std::string> processes, Random random, ScheduleOptions options = {});
  Fault Next();

 private:
  FaultKind DrawKind();
  std::string DrawProcess(FaultKind kind);
  std::string DrawPeer(const std::string& process);
  std::string DrawOf(const std::vector<std::string>& processes);

  std::vector<std::string> processes_;
  Random random_;
  ScheduleOptions options_;
  std::vector<FaultKind> deck_;  // each kind comes once before any comes twice
};

// "store-1" is of the kind "store".
std::string_view ComponentOf(std::string_view process);

}  // namespace kp::chaos
