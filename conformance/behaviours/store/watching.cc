// Watches: what is told before the first event, what starts where, what is left out, and how a watch ends.
#include <set>

#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

constexpr Duration kQuiet = 300ms;

void AwaitEvents(Api& api, const Watches& watches, int64_t id, size_t count) {
  api.t().Eventually(std::to_string(count) + " events came",
                     [&] { return watches.end() || watches.EventsOf(id).size() >= count; });
  if (watches.end() && api.t().UnderFaults()) api.t().Inconclusive("the stream ended: " + watches.end()->ToString());
  api.t().ExpectEq(watches.EventsOf(id).size(), count, "events");
}

void Compact(Api& api, int64_t revision) {
  pb::CompactionRequest compaction;
  compaction.set_revision(revision);
  api.Do(compaction);
}

}  // namespace

BEHAVIOUR("store/watch/says-it-is-created-before-any-event") {
  Api api(t);
  const int64_t revision = api.Put("a", "1");
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(revision);
  watches.Create(create);
  const pb::WatchResponse first = watches.Next("the first reply");
  t.Expect(first.created() && first.events().empty(), "it says that the watch is created, and no more");
  const pb::WatchResponse second = watches.Next("the second reply");
  t.Expect(!second.created() && second.events_size() == 1, "then comes the event");
}

BEHAVIOUR("store/watch/the-server-picks-an-id") {
  Api api(t);
  Watches watches(api);
  const int64_t first = watches.Open(WatchAllOf(api));
  const int64_t second = watches.Open(WatchAllOf(api));
  t.Expect(first >= 0 && second >= 0 && first != second, "two ids of its own");
}

BEHAVIOUR("store/watch/takes-the-id-given") {
  Api api(t);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_watch_id(77);
  t.ExpectEq(watches.Open(create), 77, "watch id");
  api.Put("a", "1");
  AwaitEvents(api, watches, 77, 1);
}

BEHAVIOUR("store/watch/refuses-an-id-in-use") {
  Api api(t);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_watch_id(5);
  watches.Open(create);
  watches.Create(create);
  const pb::WatchResponse refused = watches.Next("an answer");
  t.Expect(refused.created() && refused.canceled(), "created and canceled at once");
  t.ExpectEq(refused.watch_id(), -1, "watch id");
  t.ExpectEq(refused.cancel_reason(), "mvcc: duplicate watch ID provided on the WatchStream", "reason");
  api.Put("a", "1");
  AwaitEvents(api, watches, 5, 1);
}

BEHAVIOUR("store/watch/refuses-an-empty-range") {
  Api api(t);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchOf(api, "b");
  create.set_range_end(api.Key("a"));
  watches.Create(create);
  const pb::WatchResponse refused = watches.Next("an answer");
  t.Expect(refused.canceled() && refused.watch_id() == -1, "canceled, without an id");
  t.ExpectEq(refused.cancel_reason(), "mvcc: watcher range is empty", "reason");
}

BEHAVIOUR("store/watch/an-empty-key-means-the-first") {
  Api api(t);
  Watches watches(api);
  pb::WatchCreateRequest create;
  create.set_range_end(std::string(1, '\0'));
  const int64_t id = watches.Open(create);
  const int64_t revision = api.Put("a", "1");
  t.Eventually("the watch of everything tells the put", [&] {
    for (const mvccpb::Event& event : watches.EventsOf(id)) {
      if (event.kv().mod_revision() == revision && event.kv().key() == api.Key("a")) return true;
    }
    return watches.end().has_value();
  });
}

BEHAVIOUR("store/watch/from-a-revision-to-come-waits-for-it") {
  Api api(t);
  const int64_t now = api.Put("a", "0");
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(now + 3);
  const int64_t id = watches.Open(create);
  for (int i = 1; i <= 5; ++i) api.Put("a", std::to_string(i));
  AwaitEvents(api, watches, id, 3);
  t.ExpectEq(watches.EventsOf(id)[0].kv().mod_revision(), now + 3, "the first revision told");
}

BEHAVIOUR("store/watch/refuses-a-revision-below-zero") {
  Api api(t);
  api.Put("a", "1");
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(-1);
  watches.Create(create);
  const pb::WatchResponse refused = watches.Next("an answer");
  t.Expect(refused.canceled(), "canceled");
  t.ExpectEq(refused.cancel_reason(), std::string(kCompactedText), "reason");
}

BEHAVIOUR("store/watch/a-compacted-start-is-told") {
  Api api(t);
  const int64_t first = api.Put("a", "1");
  const int64_t second = api.Put("a", "2");
  api.Put("a", "3");
  Compact(api, second);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(first);
  watches.Create(create);
  t.Expect(watches.Next("an answer").created(), "created first");
  const pb::WatchResponse ended = watches.Next("the end");
  t.Expect(ended.canceled() && ended.events().empty(), "then canceled, without events");
  t.ExpectEq(ended.compact_revision(), second, "compact_revision");
}

BEHAVIOUR("store/watch/may-start-at-the-compacted-revision") {
  Api api(t);
  api.Put("a", "1");
  const int64_t second = api.Put("a", "2");
  const int64_t third = api.Put("b", "3");
  Compact(api, second);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(second);
  const int64_t id = watches.Open(create);
  AwaitEvents(api, watches, id, 2);
  t.ExpectEq(watches.EventsOf(id)[0].kv().mod_revision(), second, "the first revision told");
  t.ExpectEq(watches.EventsOf(id)[1].kv().mod_revision(), third, "the second");
}

BEHAVIOUR("store/watch/leaves-out-puts") {
  Api api(t);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.add_filters(pb::WatchCreateRequest::NOPUT);
  const int64_t id = watches.Open(create);
  api.Put("a", "1");
  api.Delete("a");
  api.Put("a", "2");
  AwaitEvents(api, watches, id, 1);
  t.Expect(watches.EventsOf(id)[0].type() == mvccpb::Event::DELETE, "the deletion");
  t.ExpectEq(watches.replies().size(), size_t{2}, "replies: nothing is sent for what is left out");
}

BEHAVIOUR("store/watch/leaves-out-deletions") {
  Api api(t);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.add_filters(pb::WatchCreateRequest::NODELETE);
  const int64_t id = watches.Open(create);
  api.Put("a", "1");
  api.Delete("a");
  api.Put("b", "2");
  AwaitEvents(api, watches, id, 2);
  t.Expect(watches.EventsOf(id)[1].kv().key() == api.Key("b"), "the two puts");
}

BEHAVIOUR("store/watch/former-pairs-only-when-asked-for") {
  Api api(t);
  api.Put("a", "1");
  Watches watches(api);
  const int64_t id = watches.Open(WatchAllOf(api));
  api.Put("a", "2");
  api.Delete("a");
  AwaitEvents(api, watches, id, 2);
  for (const mvccpb::Event& event : watches.EventsOf(id)) t.Expect(!event.has_prev_kv(), "no former pair");
}

BEHAVIOUR("store/watch/a-compacted-former-pair-is-left-out") {
  Api api(t);
  api.Put("a", "1");
  const int64_t second = api.Put("a", "2");
  api.Put("a", "3");
  Compact(api, second);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(second);
  create.set_prev_kv(true);
  const int64_t id = watches.Open(create);
  AwaitEvents(api, watches, id, 2);
  t.Expect(!watches.EventsOf(id)[0].has_prev_kv(), "that of the compacted revision is gone");
  t.ExpectEq(watches.EventsOf(id)[1].prev_kv().value(), "2", "the next one has it");
}

BEHAVIOUR("store/watch/a-deletion-tells-key-and-revision-only") {
  Api api(t);
  api.Put("a", "1");
  Watches watches(api);
  const int64_t id = watches.Open(WatchAllOf(api));
  const int64_t revision = api.Delete("a");
  AwaitEvents(api, watches, id, 1);
  const mvccpb::KeyValue kv = watches.EventsOf(id)[0].kv();
  t.ExpectEq(kv.key(), api.Key("a"), "key");
  t.ExpectEq(kv.mod_revision(), revision, "mod_revision");
  t.Expect(kv.value().empty() && kv.version() == 0 && kv.create_revision() == 0 && kv.lease() == 0, "and no more");
}

BEHAVIOUR("store/watch/a-put-tells-the-whole-pair") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  Watches watches(api);
  const int64_t id = watches.Open(WatchAllOf(api));
  api.Put("a", "1");
  api.Put("a", "2", lease);
  AwaitEvents(api, watches, id, 2);
  t.Expect(watches.EventsOf(id)[1].kv().SerializeAsString() == api.Get("a")->SerializeAsString(),
           "as a range gives it");
}

BEHAVIOUR("store/watch/a-transaction-comes-in-one-reply") {
  Api api(t);
  Watches watches(api);
  const int64_t id = watches.Open(WatchAllOf(api));
  pb::TxnRequest txn;
  for (int i = 0; i < 50; ++i) *txn.add_success()->mutable_request_put() = api.PutOf(std::to_string(i), "");
  api.Do(txn);
  AwaitEvents(api, watches, id, 50);
  t.ExpectEq(watches.replies().size(), size_t{2}, "replies: that it is created, and all of the transaction");
}

BEHAVIOUR("store/watch/deletions-by-a-lease-are-told") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  for (const char* name : {"b", "a"}) api.Put(name, name, lease);
  Watches watches(api);
  const int64_t id = watches.Open(WatchAllOf(api));
  pb::LeaseRevokeRequest revoke;
  revoke.set_id(lease);
  api.Do(revoke);
  AwaitEvents(api, watches, id, 2);
  const auto events = watches.EventsOf(id);
  t.Expect(events[0].kv().key() == api.Key("a") && events[1].kv().key() == api.Key("b"), "in the order of keys");
  t.ExpectEq(events[0].kv().mod_revision(), events[1].kv().mod_revision(), "one revision");
}

BEHAVIOUR("store/watch/the-client-cancels-one") {
  Api api(t);
  Watches watches(api);
  const int64_t kept = watches.Open(WatchAllOf(api));
  const int64_t ended = watches.Open(WatchAllOf(api));
  watches.Cancel(ended);
  const pb::WatchResponse reply = watches.Next("the cancel is answered");
  t.Expect(reply.canceled() && reply.watch_id() == ended, "it is canceled");
  t.Expect(reply.cancel_reason().empty() && reply.compact_revision() == 0, "without a reason");
  api.Put("a", "1");
  AwaitEvents(api, watches, kept, 1);
  t.Expect(watches.EventsOf(ended).empty(), "the canceled one tells nothing more");
}

BEHAVIOUR("store/watch/cancelling-an-unknown-one-is-not-answered") {
  Api api(t);
  Watches watches(api);
  const int64_t id = watches.Open(WatchAllOf(api));
  watches.Cancel(id + 100);
  api.Put("a", "1");
  AwaitEvents(api, watches, id, 1);
  t.ExpectEq(watches.replies().size(), size_t{2}, "replies");
}

BEHAVIOUR("store/watch/several-on-a-stream-keep-apart") {
  Api api(t);
  Watches watches(api);
  const int64_t a = watches.Open(WatchOf(api, "a"));
  const int64_t b = watches.Open(WatchOf(api, "b"));
  for (int i = 0; i < 3; ++i) {
    api.Put("a", std::to_string(i));
    api.Put("b", std::to_string(i));
  }
  AwaitEvents(api, watches, a, 3);
  AwaitEvents(api, watches, b, 3);
  for (const mvccpb::Event& event : watches.EventsOf(a)) t.ExpectEq(event.kv().key(), api.Key("a"), "key");
}

BEHAVIOUR("store/watch/asked-progress-is-for-the-whole-stream") {
  Api api(t);
  const int64_t first = api.Put("a", "0");
  for (int i = 1; i < 200; ++i) api.Put("a", std::to_string(i));
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(first);
  const int64_t behind = watches.Open(create);
  watches.Open(WatchAllOf(api));
  int64_t revision = 0;
  t.Eventually("progress is told", [&] {
    watches.AskProgress();
    for (const pb::WatchResponse& reply : watches.replies()) {
      if (reply.watch_id() == -1 && reply.events().empty()) revision = reply.header().revision();
    }
    return revision > 0 || watches.end();
  });
  if (revision == 0) t.Inconclusive("the stream ended");
  t.ExpectEq(watches.EventsOf(behind).size(), size_t{200}, "events told by then");
}

BEHAVIOUR("store/watch/idle-ones-tell-their-progress") {
  Api api(t);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_progress_notify(true);
  const int64_t id = watches.Open(create);
  api.Put("a", "1");
  AwaitEvents(api, watches, id, 1);
  const int64_t revision = api.Revision();
  t.Eventually(
      "a notice comes, after ten minutes and a tenth at most",
      [&] {
        const pb::WatchResponse& last = watches.replies().back();
        return last.watch_id() == id && last.events().empty() && last.header().revision() >= revision;
      },
      12min);
}

BEHAVIOUR("store/watch/long-replies-come-in-fragments-when-asked-for") {
  Api api(t);
  for (const char* name : {"a", "b", "c", "d"}) api.Put(name, std::string(700 * 1024, 'x'));
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_prev_kv(true);
  create.set_fragment(true);
  const int64_t id = watches.Open(create);
  pb::DeleteRangeRequest all;
  all.set_key(api.prefix());
  all.set_range_end(api.end());
  api.Do(all);
  AwaitEvents(api, watches, id, 4);
  const auto& replies = watches.replies();
  t.Expect(replies.size() > 2, "more than one piece");
  for (size_t i = 1; i < replies.size(); ++i) {
    t.Expect(replies[i].fragment() == (i + 1 < replies.size()), "every piece but the last says that more follows");
    t.Expect(replies[i].events_size() > 0, "an event is never split");
  }
}

BEHAVIOUR("store/watch/long-replies-come-whole-unasked") {
  Api api(t);
  for (const char* name : {"a", "b", "c"}) api.Put(name, std::string(700 * 1024, 'x'));
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_prev_kv(true);
  const int64_t id = watches.Open(create);
  pb::DeleteRangeRequest all;
  all.set_key(api.prefix());
  all.set_range_end(api.end());
  api.Do(all);
  AwaitEvents(api, watches, id, 3);
  t.ExpectEq(watches.replies().size(), size_t{2}, "replies");
  t.Expect(!watches.replies().back().fragment(), "it is no piece");
}

BEHAVIOUR("store/watch/created-in-quick-succession-miss-nothing") {
  Api api(t);
  Watches watches(api);
  const int64_t from = api.Revision() + 1;
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(from);
  constexpr int kWatches = 30;
  for (int i = 1; i <= kWatches; ++i) {
    create.set_watch_id(i);
    watches.Create(create);
    api.Put("a", std::to_string(i));
  }
  for (int i = 1; i <= kWatches; ++i) {
    AwaitEvents(api, watches, i, kWatches);
    const auto events = watches.EventsOf(i);
    for (int j = 0; j < kWatches; ++j) {
      t.ExpectEq(events[static_cast<size_t>(j)].kv().value(), std::to_string(j + 1), "value in its order");
    }
  }
}

BEHAVIOUR("store/watch/slow-readers-and-big-reads-share-a-connection") {
  Api api(t);
  const std::string big(500 * 1024, 'x');
  for (int i = 0; i < 4; ++i) api.Put("big" + std::to_string(i), big);
  Watches watches(api);
  const int64_t id = watches.Open(WatchOf(api, "a"));
  std::vector<Answer> reads;
  for (int i = 0; i < 20; ++i) {
    reads.push_back(api.Begin("/etcdserverpb.KV/Range", api.AllOf().SerializeAsString()));
    api.Put("a", std::to_string(i));
  }
  AwaitEvents(api, watches, id, 20);
  for (const Answer& read : reads) t.Expect(api.Await(read).ok(), "each read is answered");
}

BEHAVIOUR("store/watch/nothing-comes-without-a-change") {
  Api api(t);
  api.Put("a", "1");
  Watches watches(api);
  watches.Open(WatchAllOf(api));
  api.Delete("none");
  api.Do(api.RangeOf("a"));
  t.Always(
      "nothing is told", [&] { return watches.replies().size() == 1; }, kQuiet);
}

// ---- compaction ----

BEHAVIOUR("store/compaction/a-deletion-at-its-revision-is-still-told") {
  Api api(t);
  api.Put("a", "1");
  const int64_t deleted = api.Delete("a");
  api.Put("b", "1");
  Compact(api, deleted);
  Watches watches(api);
  pb::WatchCreateRequest create = WatchAllOf(api);
  create.set_start_revision(deleted);
  const int64_t id = watches.Open(create);
  AwaitEvents(api, watches, id, 2);
  t.Expect(watches.EventsOf(id)[0].type() == mvccpb::Event::DELETE, "the deletion comes first");
}

BEHAVIOUR("store/compaction/keeps-the-newest-of-each-key") {
  Api api(t);
  api.Put("a", "1");
  const int64_t a = api.Put("a", "2");
  api.Put("gone", "1");
  api.Delete("gone");
  const int64_t at = api.Put("b", "1");
  api.Put("c", "1");
  Compact(api, at);
  pb::RangeRequest request = api.AllOf();
  request.set_revision(at);
  t.Expect(NamesOf(api, api.Do(request)) == std::vector<std::string>{"a", "b"}, "a and b at the compacted revision");
  t.ExpectEq(api.Get("a")->mod_revision(), a, "the revision of a");
  t.ExpectEq(api.Do(api.AllOf()).count(), 3, "keys now");
}

BEHAVIOUR("store/compaction/physical-ones-are-answered-too") {
  Api api(t);
  api.Put("a", "1");
  const int64_t second = api.Put("a", "2");
  pb::CompactionRequest compaction;
  compaction.set_revision(second);
  compaction.set_physical(true);
  t.Expect(api.Do(compaction).header().revision() >= second, "answered with the revision");
  api.Refused(compaction, Code::kOutOfRange, kCompactedText);
}

BEHAVIOUR("store/compaction/is-no-revision-of-its-own") {
  Api api(t);
  const int64_t revision = api.Put("a", "1");
  Compact(api, revision);
  t.ExpectEq(api.Revision(), revision, "revision");
}

}  // namespace kp::conformance
