#include "chaos/schedule.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace kp::chaos {
namespace {

const std::vector<std::string> kProcesses = {
    "apiserver-0", "controller-manager-0", "kubelet-node-1", "kubelet-node-2", "store-0", "store-1", "store-2"};

std::vector<Fault> Draw(uint64_t seed, int count) {
  Schedule schedule(kProcesses, Random(seed));
  std::vector<Fault> faults;
  for (int i = 0; i < count; ++i) faults.push_back(schedule.Next());
  return faults;
}

TEST(Schedule, IsTheSameForTheSameSeedOnly) {
  const auto texts = [](uint64_t seed) {
    std::string text;
    for (const Fault& fault : Draw(seed, 20)) text += FormatDuration(fault.gap) + " " + fault.ToString() + "\n";
    return text;
  };
  EXPECT_EQ(texts(1), texts(1));
  EXPECT_NE(texts(1), texts(2));
}

TEST(Schedule, DrawsEveryKindBeforeAnyTwice) {
  std::set<FaultKind> kinds;
  for (const Fault& fault : Draw(3, static_cast<int>(std::size(kFaultKinds)))) {
    EXPECT_TRUE(kinds.insert(fault.kind).second) << fault.ToString();
  }
}

TEST(Schedule, KeepsToItsBounds) {
  for (const Fault& fault : Draw(5, 500)) {
    EXPECT_GE(fault.gap, 50ms);
    EXPECT_LE(fault.gap, 1s);
    EXPECT_GE(fault.duration, 100ms);
    EXPECT_LE(fault.duration, 3s);
    EXPECT_NE(fault.process, fault.peer) << fault.ToString();
  }
}

TEST(Schedule, DiskFaultsAreForTheStore) {
  for (const Fault& fault : Draw(7, 500)) {
    if (fault.kind == FaultKind::kFailSync || fault.kind == FaultKind::kFullDisk) {
      EXPECT_EQ(ComponentOf(fault.process), "store") << fault.ToString();
    }
  }
}

TEST(Schedule, BreaksLinksThatAreUsed) {
  for (const Fault& fault : Draw(8, 500)) {
    if (fault.peer.empty()) continue;
    const bool used = ComponentOf(fault.process) == "apiserver" || ComponentOf(fault.peer) == "apiserver" ||
                      (ComponentOf(fault.process) == "store" && ComponentOf(fault.peer) == "store");
    EXPECT_TRUE(used) << fault.ToString();
  }
}

TEST(Schedule, SparesNoComponent) {
  std::map<std::string_view, int> hits;
  const std::vector<Fault> faults = Draw(9, 500);
  for (const Fault& fault : faults) ++hits[ComponentOf(fault.process)];
  for (const char* component : {"apiserver", "controller-manager", "kubelet", "store"}) EXPECT_GT(hits[component], 50);
}

TEST(Schedule, OnlyDrawsTheKindsItMay) {
  Schedule schedule(kProcesses, Random(1), {.kinds = {FaultKind::kKill, FaultKind::kPause}});
  for (int i = 0; i < 50; ++i) {
    const FaultKind kind = schedule.Next().kind;
    EXPECT_TRUE(kind == FaultKind::kKill || kind == FaultKind::kPause);
  }
}

}  // namespace
}  // namespace kp::chaos
