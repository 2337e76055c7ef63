#include "properties/store/scripts.h"

#include "reference/base/check.h"
#include "reference/store/codec.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/lessor.h"
#include "reference/store/watch_hub.h"

namespace kp::properties {
namespace {

struct Sink : store::WatchSink {
  void OnReply(const store::WatchReply& reply) override {
    for (const store::Event& event : reply.events()) seen.push_back(event.revision());
    if (reply.events().empty() && !reply.created && !reply.canceled) progress.push_back(reply.revision);
  }
  bool Ready() const override { return ready; }
  bool ready = true;
  std::vector<store::Revision> seen;
  std::vector<store::Revision> progress;
};

void Put(store::Mvcc& mvcc, const std::string& key) { CHECK(mvcc.Apply(store::PutRequest{.key = key}).ok()); }

std::optional<std::string> Unless(bool holds, const char* otherwise) {
  return holds ? std::nullopt : std::optional<std::string>(otherwise);
}

}  // namespace

std::optional<std::string> SlowWatcherSeesAll() {
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
  return Unless(sink.seen == std::vector<store::Revision>{2, 3}, "events were missed, repeated or out of order");
}

std::optional<std::string> ProgressComesAfterEvents() {
  store::Mvcc mvcc;
  store::WatchHub hub(mvcc, {.catch_up_events = 1});
  Sink sink;
  for (int i = 0; i < 3; ++i) Put(mvcc, "a");
  hub.Pump(Time());
  const auto stream = hub.Open(&sink);
  hub.Handle(stream, store::WatchCreate{.key = "a", .start_revision = 2}, Time());
  hub.Handle(stream, store::WatchProgress(), Time());
  hub.Pump(Time());
  return Unless(sink.progress.empty(), "progress was told before the events up to it");
}

std::optional<std::string> CompactionKeepsItsRevision() {
  store::Mvcc mvcc;
  Put(mvcc, "a");
  (void)mvcc.Apply(store::DeleteRangeRequest{.key = "a"});
  (void)mvcc.Apply(store::CompactRequest{3});
  return Unless(mvcc.events().size() == 1, "the event of the compacted revision itself is gone");
}

std::optional<std::string> LeaseLastsItsTime() {
  store::Lessor lessor;
  lessor.Promote(Time(), 0s);
  lessor.OnGranted(1, 10, Time());
  return Unless(lessor.TakeExpired(Time(9s), 1).empty(), "a lease of 10 s was over after 9 s");
}

std::optional<std::string> RangeSaysThatThereIsMore() {
  etcdserverpb::RangeResponse message;
  const std::string bytes = store::Encode(store::ReplyHeader(), store::RangeResponse{.more = true});
  return Unless(message.ParseFromString(bytes) && message.more(), "`more` is lost in the encoding");
}

}  // namespace kp::properties
