#include "reference/runtime/timer_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "reference/base/random.h"

namespace kp::runtime {
namespace {

TEST(TimerQueue, AgreesWithAnOrderedMapUnderRandomUse) {
  Random random(5);
  TimerQueue<int> queue;
  std::map<std::pair<Time, int>, TimerId> model;  // the number is also the order of adding
  for (int i = 0; i < 20000; ++i) {
    uint64_t choice = random.Below(10);
    if (choice < 5) {
      Time when = Time(Duration(static_cast<int64_t>(random.Below(50))));
      model[{when, i}] = queue.Add(when, i);
    } else if (choice < 7 && !model.empty()) {
      auto victim = std::next(model.begin(), static_cast<long>(random.Below(model.size())));
      ASSERT_TRUE(queue.Remove(victim->second));
      ASSERT_FALSE(queue.Remove(victim->second));
      model.erase(victim);
    } else if (!model.empty()) {
      auto item = queue.Pop();
      ASSERT_EQ(item.payload, model.begin()->first.second);
      ASSERT_EQ(item.when, model.begin()->first.first);
      ASSERT_FALSE(queue.Remove(model.begin()->second));
      model.erase(model.begin());
    }
    ASSERT_EQ(queue.size(), model.size());
  }
}

TEST(TimerQueue, ParkedItemIsCancelledByItsOldId) {
  TimerQueue<std::string> queue;
  TimerId kept = queue.Add(Time(1ns), "kept");
  TimerId removed = queue.Add(Time(2ns), "removed");
  EXPECT_EQ(queue.ParkNext().value, kept.value);
  EXPECT_EQ(queue.ParkNext().value, removed.value);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.Remove(removed));
  EXPECT_FALSE(queue.Unpark(removed, Time(9ns)));
  EXPECT_TRUE(queue.Unpark(kept, Time(9ns)));
  EXPECT_EQ(queue.Pop().payload, "kept");
}

}  // namespace
}  // namespace kp::runtime
