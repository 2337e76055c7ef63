#include "reference/scheduler/queue.h"

#include <gtest/gtest.h>

namespace kp::scheduler {
namespace {

using api::Obj;
using api::Value;

const Time kStart{};

std::shared_ptr<const PodInfo> Pod(std::string_view name, int priority = 0) {
  return std::make_shared<const PodInfo>(
      Obj({{"metadata", Obj({{"name", name}, {"namespace", "d"}, {"uid", name}})},
           {"spec", Obj({{"priority", priority}, {"containers", Value::EmptyArray()}})}}));
}

std::string PopName(Queue& queue, Time now) {
  auto pod = queue.Pop(now);
  return pod == nullptr ? "" : pod->uid;
}

TEST(Queue, GivesTheMostImportantFirstThenTheOldest) {
  Queue queue;
  queue.Add(Pod("low-1"), kStart);
  queue.Add(Pod("high", 10), kStart);
  queue.Add(Pod("low-2"), kStart);
  EXPECT_EQ(PopName(queue, kStart), "high");
  EXPECT_EQ(PopName(queue, kStart), "low-1");
  EXPECT_EQ(PopName(queue, kStart), "low-2");
  EXPECT_EQ(PopName(queue, kStart), "");
}

TEST(Queue, AnUnschedulablePodWaitsForAChange) {
  Queue queue;
  queue.AddUnschedulable(Pod("p"), false, kStart);
  EXPECT_EQ(PopName(queue, kStart + 60s), "");
  queue.MoveAll(kStart + 60s);
  EXPECT_EQ(PopName(queue, kStart + 60s), "p");
}

TEST(Queue, AnUnschedulablePodIsTriedAgainInAnyCase) {
  Queue queue;
  queue.AddUnschedulable(Pod("p"), false, kStart);
  EXPECT_EQ(queue.NextWake(), kStart + 5min);
  EXPECT_EQ(PopName(queue, kStart + 5min), "p");
}

TEST(Queue, BackOffDoublesToItsLimit) {
  Queue queue;
  Time now = kStart;
  for (Duration wait : {1s, 2s, 4s, 8s, 10s, 10s}) {
    queue.AddUnschedulable(Pod("p"), true, now);
    EXPECT_EQ(PopName(queue, now + wait - 1ms), "");
    EXPECT_EQ(queue.NextWake(), now + wait);
    EXPECT_EQ(PopName(queue, now + wait), "p");
    now += wait;
  }
}

TEST(Queue, AChangeDoesNotEndABackOff) {
  Queue queue;
  queue.AddUnschedulable(Pod("p"), false, kStart);
  queue.MoveAll(kStart + 300ms);
  EXPECT_EQ(PopName(queue, kStart + 300ms), "");
  EXPECT_EQ(PopName(queue, kStart + 1s), "p");
}

TEST(Queue, APodThatIsRemovedBeginsAnew) {
  Queue queue;
  queue.AddUnschedulable(Pod("p"), true, kStart);
  queue.Remove("d/p");
  EXPECT_TRUE(queue.empty());
  queue.Add(Pod("p"), kStart);
  EXPECT_EQ(PopName(queue, kStart), "p");
}

}  // namespace
}  // namespace kp::scheduler
