#include "reference/store/watch_hub.h"

#include <gtest/gtest.h>

#include <set>

#include "reference/base/strings.h"

namespace kp::store {
namespace {

const Time kStart{1h};

// Writes replies down: "0:created", "0:[2+a 3-a]@3", "0:canceled(compact 5)", "-1:progress@3".
class Recorder : public WatchSink {
 public:
  void OnReply(const WatchReply& reply) override {
    std::string text = std::to_string(reply.watch_id) + ":";
    if (reply.created) text += "created";
    if (reply.canceled) text += "canceled";
    if (!reply.cancel_reason.empty()) text += " " + reply.cancel_reason;
    if (reply.compact_revision != 0) text += "(compact " + std::to_string(reply.compact_revision) + ")";
    if (!reply.created && !reply.canceled) {
      std::vector<std::string> parts;
      for (const Event& event : reply.events()) {
        parts.push_back(std::to_string(event.revision()) + (event.is_delete() ? "-" : "+") + event.kv->key);
      }
      text += parts.empty() ? "progress" : "[" + Join(parts, " ") + "]";
      text += "@" + std::to_string(reply.revision);
    }
    lines.push_back(text);
    replies.push_back(reply);
  }
  bool Ready() const override { return ready; }
  std::vector<std::string> Take() { return std::exchange(lines, {}); }

  bool ready = true;
  std::vector<std::string> lines;
  std::vector<WatchReply> replies;
};

using Lines = std::vector<std::string>;

class WatchHubTest : public ::testing::Test {
 protected:
  WatchHubTest() { stream_ = hub_.Open(&sink_); }
  ~WatchHubTest() override { hub_.CheckInvariants(); }

  void Put(const std::string& key) { ASSERT_TRUE(store_.Apply(PutRequest{.key = key}).ok()); }
  void Delete(const std::string& key) { ASSERT_TRUE(store_.Apply(DeleteRangeRequest{.key = key}).ok()); }
  void Compact(Revision revision) { ASSERT_TRUE(store_.Apply(CompactRequest{revision}).ok()); }
  WatchHub::Outcome Pump(Duration after = 0s) { return hub_.Pump(kStart + after); }
  void Watch(WatchCreate create) { hub_.Handle(stream_, create, kStart); }
  WatchCreate All() { return {.key = std::string(1, '\0'), .range_end = std::string(1, '\0')}; }

  Mvcc store_;
  WatchHub hub_{store_, {.progress_interval = 10s, .catch_up_events = 2}};
  Recorder sink_;
  WatchHub::StreamId stream_ = 0;
};

TEST_F(WatchHubTest, CreatedComesFirstAndNothingOlderThanNow) {
  Put("a");
  Watch({.key = "a"});
  Put("a");
  Put("b");
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[3+a]@4"}));
}

TEST_F(WatchHubTest, StartRevisionIsInclusive) {
  Put("a");
  Delete("a");
  auto create = All();
  create.start_revision = 2;
  Watch(create);
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[2+a 3-a]@3"}));
}

TEST_F(WatchHubTest, FutureStartNeverGetsOlderEvents) {
  Put("a");
  Watch({.key = "a", .start_revision = 5});
  Put("a");
  Pump();
  Put("a");
  Pump();
  Put("a");
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[5+a]@5"}));
}

TEST_F(WatchHubTest, RevisionsAreNotSplitWhileCatchingUp) {
  ASSERT_TRUE(
      store_.Apply(TxnRequest{.success = {PutRequest{.key = "a"}, PutRequest{.key = "b"}, PutRequest{.key = "c"}}})
          .ok());
  Put("d");
  auto create = All();
  create.start_revision = 1;
  Watch(create);
  EXPECT_EQ(Pump(), WatchHub::Outcome::kMore);
  EXPECT_EQ(Pump(), WatchHub::Outcome::kIdle);
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[2+a 2+b 2+c]@2", "0:[3+d]@3"}));
}

TEST_F(WatchHubTest, RefusesEmptyRangeDuplicateIdAndNegativeStart) {
  Watch({.key = "b", .range_end = "a"});
  Watch({.key = "b", .watch_id = 7});
  Watch({.key = "c", .watch_id = 7});
  Watch({.key = "c", .start_revision = -1});
  EXPECT_EQ(sink_.Take(), (Lines{"-1:createdcanceled mvcc: watcher range is empty", "7:created",
                                 "-1:createdcanceled mvcc: duplicate watch ID provided on the WatchStream",
                                 "-1:createdcanceled etcdserver: mvcc: required revision has been compacted"}));
  EXPECT_EQ(hub_.watchers(), 1U);
}

TEST_F(WatchHubTest, CompactedStartIsCanceledAndTheCompactionRevisionItselfIsNot) {
  Put("a");
  Delete("a");
  Put("b");
  Compact(3);
  Watch({.key = "a", .start_revision = 2});
  Watch({.key = "a", .start_revision = 3});
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "1:created", "0:canceled(compact 3)", "1:[3-a]@4"}));
}

TEST_F(WatchHubTest, SlowWatcherResumesWithoutAGap) {
  Watch(All());
  sink_.ready = false;
  Put("a");
  EXPECT_EQ(Pump(), WatchHub::Outcome::kBlocked);
  Put("b");
  EXPECT_EQ(Pump(), WatchHub::Outcome::kBlocked);
  sink_.ready = true;
  EXPECT_EQ(Pump(), WatchHub::Outcome::kIdle);
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[2+a 3+b]@3"}));
}

TEST_F(WatchHubTest, SlowWatcherOvertakenByCompactionIsTold) {
  Watch(All());
  sink_.ready = false;
  Put("a");
  Pump();
  Put("b");
  Put("c");
  Compact(4);
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:canceled(compact 4)"}));
}

TEST_F(WatchHubTest, FiltersAreServerSide) {
  Watch({.key = "a", .no_put = true});
  Watch({.key = "a", .no_delete = true});
  Put("a");
  Pump();
  Delete("a");
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "1:created", "1:[2+a]@2", "0:[3-a]@3"}));
}

TEST_F(WatchHubTest, CancelAnswersOnlyForKnownIds) {
  Watch({.key = "a"});
  hub_.Handle(stream_, WatchCancel{9}, kStart);
  hub_.Handle(stream_, WatchCancel{0}, kStart);
  Put("a");
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:canceled"}));
}

TEST_F(WatchHubTest, ManualProgressWaitsUntilAllWatchersAreSynced) {
  for (const char* key : {"a", "b", "c"}) Put(key);
  Pump();
  auto create = All();
  create.start_revision = 2;
  Watch(create);
  hub_.Handle(stream_, WatchProgress{}, kStart);
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[2+a 3+b]@3"}));
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:[4+c]@4", "-1:progress@4"}));
}

TEST_F(WatchHubTest, ProgressNoticeComesWhenIdleAndIsPutOffByEvents) {
  Watch({.key = "a", .progress_notify = true});
  EXPECT_GE(*hub_.NextProgress(), kStart + 10s);
  EXPECT_LE(*hub_.NextProgress(), kStart + 11s);
  Put("a");
  Pump(9s);
  Put("b");
  Pump(12s);
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[2+a]@2"}));
  Pump(21s);
  EXPECT_EQ(sink_.Take(), (Lines{"0:progress@3"}));
}

TEST_F(WatchHubTest, ClosedStreamLeavesNothing) {
  Watch({.key = "a", .progress_notify = true});
  Watch(All());
  hub_.Close(stream_);
  EXPECT_EQ(hub_.watchers(), 0U);
  EXPECT_EQ(hub_.NextProgress(), std::nullopt);
}

TEST_F(WatchHubTest, WatcherSurvivesTheStoreBeingReplacedByASnapshot) {
  Put("a");
  Mvcc ahead = store_;
  Watch(All());
  ASSERT_TRUE(ahead.Apply(PutRequest{.key = "b"}).ok());
  store_ = *Mvcc::Restore(ahead.Serialize());
  hub_.OnStoreReplaced();
  Put("c");
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[3+b 4+c]@4"}));
}

// etcd-io/etcd#20221; found again by a campaign of faults.
TEST_F(WatchHubTest, FutureWatcherKeepsWaitingWhenTheStoreIsReplaced) {
  Put("a");
  Watch({.key = "a", .start_revision = 5});
  Mvcc ahead = store_;
  ASSERT_TRUE(ahead.Apply(PutRequest{.key = "a"}).ok());
  store_ = *Mvcc::Restore(ahead.Serialize());
  hub_.OnStoreReplaced();
  Pump();
  Put("a");
  Pump();
  Put("a");
  Pump();
  EXPECT_EQ(sink_.Take(), (Lines{"0:created", "0:[5+a]@5"}));
}

// A thousand watchers of an old revision share each turn; nobody waits for ever and nothing is missed.
TEST(WatchHubAtScale, CatchingUpIsBoundedByTurnAndReachesEverybody) {
  Mvcc store;
  WatchHub hub(store, {.catch_up_events = 100, .turn_events = 1000});
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(store.Apply(PutRequest{.key = "k"}).ok());
  hub.Pump(kStart);
  Recorder sink;
  const auto stream = hub.Open(&sink);
  for (int i = 0; i < 1000; ++i) hub.Handle(stream, WatchCreate{.key = "k", .start_revision = 2}, kStart);
  sink.replies.clear();
  int turns = 0;
  while (hub.Pump(kStart) == WatchHub::Outcome::kMore) {
    ++turns;
    size_t events = 0;
    for (const WatchReply& reply : sink.replies) events += reply.events().size();
    ASSERT_LE(events, 1100u) << "in one turn";
    sink.replies.clear();
    ASSERT_LT(turns, 1000);
  }
  EXPECT_GE(turns, 450);
  EXPECT_EQ(hub.unsynced(), 0u);
  EXPECT_EQ(hub.sent_events(), 500'000u);
  hub.CheckInvariants();
}

// All watchers of a range get one and the same batch.
TEST(WatchHubAtScale, WatchersOfOneRangeShareTheirEvents) {
  Mvcc store;
  WatchHub hub(store, {});
  Recorder sink;
  const auto stream = hub.Open(&sink);
  for (int i = 0; i < 10; ++i)
    hub.Handle(stream, WatchCreate{.key = "a", .range_end = "z", .no_delete = i % 2 == 0}, kStart);
  sink.replies.clear();
  ASSERT_TRUE(store.Apply(PutRequest{.key = "k"}).ok());
  hub.Pump(kStart);
  ASSERT_EQ(sink.replies.size(), 10u);
  std::set<const EventBatch*> batches;
  for (const WatchReply& reply : sink.replies) batches.insert(reply.batch.get());
  EXPECT_EQ(batches.size(), 2u) << "one for each filter";
}

}  // namespace
}  // namespace kp::store
