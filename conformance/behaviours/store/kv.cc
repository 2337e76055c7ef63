// Keys, revisions, transactions, ranges, compaction and leases.
#include <algorithm>
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/store/store.h"

namespace kp::conformance {

using client::EtcdKeyValue;
using client::EtcdRangeResult;
using client::EtcdWriteResult;

namespace {

constexpr std::string_view kCompacted = "etcdserver: mvcc: required revision has been compacted";
constexpr std::string_view kFuture = "etcdserver: mvcc: required revision is a future revision";

std::vector<std::string> ValuesOf(const EtcdRangeResult& result) {
  std::vector<std::string> values;
  for (const EtcdKeyValue& kv : result.kvs) values.push_back(kv.value);
  return values;
}

void ExpectCounters(Context& t, const std::optional<EtcdKeyValue>& kv, int64_t created, int64_t changed,
                    int64_t version) {
  t.Expect(kv.has_value(), "the key is there");
  t.ExpectEq(kv->create_revision, created, "create_revision");
  t.ExpectEq(kv->mod_revision, changed, "mod_revision");
  t.ExpectEq(kv->version, version, "version");
}

}  // namespace

BEHAVIOUR("store/revision/counts-each-write-and-nothing-else") {
  Store store(t);
  int64_t before = store.Revision();
  // Others write too: what they do has its revisions, so the whole store is watched.
  auto watch = store.WatchAll(before + 1);
  std::set<int64_t> own;
  own.insert(store.Put("a", "1"));
  own.insert(store.Put("a", "1"));
  store.Delete("missing");
  own.insert(store.Write("b", 0, "1").revision);
  t.Expect(!store.Write("b", 0, "2").succeeded, "a guarded create of a key that exists fails");
  store.Delete("missing", "missing2");
  own.insert(store.Delete("a", "c"));
  int64_t last = store.Put("z", "1");
  own.insert(last);
  t.ExpectEq(own.size(), size_t{5}, "distinct revisions of five writes");
  t.Eventually("the watch has told the last write",
               [&] { return !watch->events().empty() && watch->events().back().kv.mod_revision >= last; });
  std::set<int64_t> told;
  for (const client::EtcdEvent& event : watch->events()) told.insert(event.kv.mod_revision);
  for (int64_t revision = before + 1; revision <= last; ++revision) {
    t.Expect(told.contains(revision), "revision " + std::to_string(revision) + " changed something");
  }
  for (int64_t revision : own) t.Expect(told.contains(revision), "each write was told at its revision");
}

BEHAVIOUR("store/kv/tells-creation-change-and-version") {
  Store store(t);
  int64_t created = store.Put("a", "1");
  ExpectCounters(t, store.Get("a"), created, created, 1);
  int64_t changed = store.Put("a", "2");
  ExpectCounters(t, store.Get("a"), created, changed, 2);
  store.Delete("a");
  t.Expect(!store.Get("a").has_value(), "the key is gone");
  int64_t again = store.Put("a", "3");
  ExpectCounters(t, store.Get("a"), again, again, 1);
}

BEHAVIOUR("store/txn/guarded-create-fails-when-present") {
  Store store(t);
  EtcdWriteResult made = store.Write("a", 0, "1");
  t.Expect(made.succeeded, "the first create succeeds");
  EtcdWriteResult second = store.Write("a", 0, "2");
  t.Expect(!second.succeeded, "the second create fails");
  t.Expect(second.current.has_value() && second.current->value == "1", "it tells the key as it is");
  ExpectCounters(t, store.Get("a"), made.revision, made.revision, 1);
}

BEHAVIOUR("store/txn/guarded-change-needs-the-revision") {
  Store store(t);
  int64_t first = store.Put("a", "1");
  int64_t second = store.Put("a", "2");
  t.Expect(!store.Write("a", first, "3").succeeded, "a change of an old revision fails");
  t.Expect(!store.Write("a", first, std::nullopt).succeeded, "a deletion of an old revision fails");
  t.ExpectEq(store.Get("a")->value, "2", "the value");
  EtcdWriteResult third = store.Write("a", second, "3");
  t.Expect(third.succeeded && third.revision > second, "a change of the current revision succeeds");
  t.Expect(store.Write("a", third.revision, std::nullopt).succeeded, "and so does a deletion");
  t.Expect(!store.Get("a").has_value(), "the key is gone");
}

BEHAVIOUR("store/kv/needs-a-key") {
  Store store(t);
  auto range = store.TryRange({});
  ExpectRefused(t, range.status(), Code::kInvalidArgument, "etcdserver: key is not provided");
}

BEHAVIOUR("store/range/limit-more-and-count") {
  Store store(t);
  for (const char* name : {"c", "a", "e", "b", "d"}) store.Put(name, name);
  client::EtcdRange all = store.All();
  EtcdRangeResult result = store.Range(all);
  t.Expect(ValuesOf(result) == std::vector<std::string>{"a", "b", "c", "d", "e"}, "keys come in order");
  t.Expect(!result.more && result.count == 5, "no more than all five");
  client::EtcdRange limited = all;
  limited.limit = 2;
  result = store.Range(limited);
  t.Expect(ValuesOf(result) == std::vector<std::string>{"a", "b"}, "the first two");
  t.Expect(result.more, "there is more");
  t.ExpectEq(result.count, 5, "count, whatever the limit");
  limited.limit = 5;
  t.Expect(!store.Range(limited).more, "no more when the limit is just enough");
  client::EtcdRange counting = all;
  counting.count_only = true;
  result = store.Range(counting);
  t.Expect(result.kvs.empty() && result.count == 5, "the count alone");
  client::EtcdRange keys = all;
  keys.keys_only = true;
  result = store.Range(keys);
  t.Expect(result.kvs.size() == 5 && result.kvs[0].value.empty() && result.kvs[0].key == store.Key("a"),
           "the keys alone");
}

BEHAVIOUR("store/range/ends-before-its-end") {
  Store store(t);
  for (const char* name : {"a", "b", "c"}) store.Put(name, name);
  auto between = [&](const std::string& from, const std::string& to) {
    return ValuesOf(store.Range({.key = store.Key(from), .range_end = store.Key(to)}));
  };
  t.Expect(between("a", "c") == std::vector<std::string>{"a", "b"}, "the end itself is left out");
  t.Expect(between("aa", "cc") == std::vector<std::string>{"b", "c"}, "ends need not exist");
  t.Expect(between("c", "a").empty(), "an end before the key gives nothing");
  t.Expect(ValuesOf(store.Range({.key = store.Key("b")})) == std::vector<std::string>{"b"}, "one key");
}

BEHAVIOUR("store/range/at-an-old-revision") {
  Store store(t);
  int64_t first = store.Put("a", "1");
  int64_t second = store.Put("a", "2");
  int64_t gone = store.Delete("a");
  store.Put("a", "3");
  t.ExpectEq(store.Get("a", first)->value, "1", "the value at the first revision");
  t.ExpectEq(store.Get("a", second)->value, "2", "the value at the second");
  t.Expect(!store.Get("a", gone).has_value(), "nothing at the revision of the deletion");
  t.ExpectEq(store.Get("a")->value, "3", "the value now");
}

BEHAVIOUR("store/range/at-a-future-revision") {
  Store store(t);
  int64_t now = store.Put("a", "1");
  auto result = store.TryRange({.key = store.Key("a"), .revision = now + 1000000});
  ExpectRefused(t, result.status(), Code::kOutOfRange, kFuture);
}

BEHAVIOUR("store/compaction/refuses-what-is-older") {
  Store store(t);
  int64_t first = store.Put("a", "1");
  int64_t second = store.Put("a", "2");
  store.Put("a", "3");
  Status compacted = store.Compact(second);
  t.Expect(compacted.ok(), "compaction succeeds: " + compacted.ToString());
  t.ExpectEq(store.Get("a", second)->value, "2", "the value at the compacted revision");
  t.ExpectEq(store.Get("a")->value, "3", "the value now");
  ExpectRefused(t, store.TryRange({.key = store.Key("a"), .revision = first}).status(), Code::kOutOfRange, kCompacted);
  t.Step("a watch from there is refused too, with the revision to start from");
  auto watch = store.Watch({.start_revision = first});
  t.Eventually("the watch is ended", [&] { return watch->ended(); });
  t.ExpectEq(watch->compact_revision(), second, "compact_revision");
  t.Expect(watch->events().empty(), "it told nothing");
  t.Step("compaction goes forward only, and not beyond now");
  ExpectRefused(t, store.Compact(first), Code::kOutOfRange, kCompacted);
  ExpectRefused(t, store.Compact(second), Code::kOutOfRange, kCompacted);
  ExpectRefused(t, store.Compact(second + 1000000), Code::kOutOfRange, kFuture);
}

BEHAVIOUR("store/lease/expiry-deletes-its-keys") {
  Store store(t);
  auto watch = store.Watch();
  store.Put("kept", "1");
  t.InTime([&] {
    int64_t lease = store.Grant(5);
    store.Put("a", "1", lease);
    store.Put("b", "1", lease);
    auto key = store.Get("a");
    t.Expect(key && key->lease == lease, "the key tells its lease");
    t.Always(
        "the keys are there before the time is over", [&] { return store.Get("a") && store.Get("b"); }, 4s);
  });
  t.Eventually(
      "they are gone after it", [&] { return !store.Get("a") && !store.Get("b"); }, 20s);
  t.Expect(store.Get("kept").has_value(), "a key without lease stays");
  auto deletions = [&] {
    std::vector<int64_t> revisions;
    for (const client::EtcdEvent& event : watch->events()) {
      if (event.is_delete) revisions.push_back(event.kv.mod_revision);
    }
    return revisions;
  };
  t.Eventually("the watch tells of both", [&] { return deletions().size() == 2; });
  t.ExpectEq(deletions()[0], deletions()[1], "the revision of both deletions");
}

BEHAVIOUR("store/lease/put-without-one-detaches-the-key") {
  Store store(t);
  int64_t lease = store.Grant(5);
  store.Put("a", "1", lease);
  store.Put("b", "1", lease);
  store.Put("a", "2");
  t.ExpectEq(store.Get("a")->lease, 0, "the key's lease");
  t.Eventually(
      "the other key expires", [&] { return !store.Get("b").has_value(); }, 20s);
  t.Expect(store.Get("a").has_value(), "the detached key stays");
}

BEHAVIOUR("store/lease/must-exist") {
  Store store(t);
  auto put = store.TryPut("a", "1", 987654321);
  ExpectRefused(t, put.status(), Code::kNotFound, "etcdserver: requested lease not found");
  t.Expect(!store.Get("a").has_value(), "nothing was stored");
}

}  // namespace kp::conformance
