// Short scripts that are right without, and wrong with, one deliberate bug each.
#include <gtest/gtest.h>

#include <functional>

#include "reference/base/mutant.h"
#include "reference/store/codec.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/lessor.h"
#include "reference/store/watch_hub.h"

namespace kp::properties {
namespace {

struct Sink : store::WatchSink {
  void OnReply(const store::WatchReply& reply) override {
    for (const store::Event& event : reply.events) seen.push_back(event.revision());
    if (reply.events.empty() && !reply.created && !reply.canceled) progress.push_back(reply.revision);
  }
  bool Ready() const override { return ready; }
  bool ready = true;
  std::vector<store::Revision> seen;
  std::vector<store::Revision> progress;
};

void Put(store::Mvcc& mvcc, const std::string& key) { ASSERT_TRUE(mvcc.Apply(store::PutRequest{.key = key}).ok()); }

bool SlowWatcherSeesAll() {
  store::Mvcc mvcc;
  store::WatchHub hub(mvcc, {});
  Sink sink;
  hub.Handle(hub.Open(&sink), store::WatchCreate{.key = "a"}, Time());
  sink.ready = false;
  Put(mvcc, "a");
  hub.Pump(Time());
  sink.ready = true;
  Put(mvcc, "a");
  hub.Pump(Time());
  return sink.seen == std::vector<store::Revision>{2, 3};
}

bool ProgressComesAfterEvents() {
  store::Mvcc mvcc;
  store::WatchHub hub(mvcc, {.catch_up_events = 1});
  Sink sink;
  for (int i = 0; i < 3; ++i) Put(mvcc, "a");
  hub.Pump(Time());
  const auto stream = hub.Open(&sink);
  hub.Handle(stream, store::WatchCreate{.key = "a", .start_revision = 2}, Time());
  hub.Handle(stream, store::WatchProgress(), Time());
  hub.Pump(Time());
  return sink.progress.empty();
}

bool CompactionKeepsItsRevision() {
  store::Mvcc mvcc;
  Put(mvcc, "a");
  (void)mvcc.Apply(store::DeleteRangeRequest{.key = "a"});
  (void)mvcc.Apply(store::CompactRequest{3});
  return mvcc.events().size() == 1;
}

bool LeaseLastsItsTime() {
  store::Lessor lessor;
  lessor.Promote(Time(), 0s);
  lessor.OnGranted(1, 10, Time());
  return lessor.TakeExpired(Time(9s), 1).empty();
}

bool RangeSaysThatThereIsMore() {
  etcdserverpb::RangeResponse message;
  return message.ParseFromString(store::Encode(store::ReplyHeader(), store::RangeResponse{.more = true})) &&
         message.more();
}

struct Script {
  const char* mutant;
  std::function<bool()> holds;
};

TEST(StoreMutants, EachScriptTellsItsBug) {
#ifdef KP_NO_MUTANTS
  GTEST_SKIP() << "not run: this build has no mutants";
#endif
  const Script scripts[] = {
      {"watch-loses-events-of-slow-watcher", SlowWatcherSeesAll},
      {"watch-progress-before-events", ProgressComesAfterEvents},
      {"store-drop-watch-event-at-compaction", CompactionKeepsItsRevision},
      {"store-lease-expires-early", LeaseLastsItsTime},
      {"protobuf-drops-range-more", RangeSaysThatThereIsMore},
  };
  for (const Script& script : scripts) {
    EXPECT_TRUE(script.holds()) << script.mutant;
    SetActiveMutant(script.mutant);
    EXPECT_FALSE(script.holds()) << script.mutant << " is not seen";
    SetActiveMutant("");
  }
}

}  // namespace
}  // namespace kp::properties
