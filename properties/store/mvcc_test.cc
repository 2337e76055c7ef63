// Laws of the store: whatever is asked of it, it answers as the naive model does, at every revision.
#include "reference/store/mvcc.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "properties/store/naive_model.h"
#include "reference/store/errors.h"
#include "reference/store/watch_hub.h"

namespace kp::properties {
namespace {

using store::KeyRange;
using store::Mvcc;
using store::Revision;

std::string AnyKey() { return *rc::gen::element<std::string>("a", "aa", "ab", "b", "ba", "c", std::string("c\0", 2)); }
std::string AnyEnd() { return *rc::gen::element<std::string>("", "b", "bb", "d", "a", std::string(1, '\0')); }
std::string AnyValue() { return *rc::gen::element<std::string>("", "1", "2", "three"); }

// Does one random thing to both.
class Twins {
 public:
  void Step() {
    const int kind = *rc::gen::weightedElement<int>({{8, 0}, {4, 1}, {4, 2}, {1, 3}, {1, 4}, {1, 5}});
    if (kind == 0) Put();
    if (kind == 1) Delete();
    if (kind == 2) Txn();
    if (kind == 3) Lease();
    if (kind == 4) Compact();
    if (kind == 5) Reload();
    mvcc.CheckInvariants();
    RC_ASSERT(mvcc.revision() == model.revision());
  }

  void CheckRevision(Revision revision) {
    const std::string all(1, '\0');
    const auto range = mvcc.Range({.key = all, .range_end = all, .revision = revision});
    if (revision > model.revision()) return RC_ASSERT(range.status() == store::ErrorFutureRevision());
    if (revision < model.compacted()) return RC_ASSERT(range.status() == store::ErrorCompacted());
    std::vector<store::KeyValue> found;
    for (store::KeyValue kv : Pairs(*range)) found.push_back(kv);
    std::vector<store::KeyValue> expected;
    for (const auto& [key, kv] : model.At(revision)) expected.push_back(kv);
    RC_ASSERT(found == expected);
  }

  static std::vector<store::KeyValue> Pairs(const store::RangeResponse& response) {
    std::vector<store::KeyValue> pairs;
    for (const store::KeyValuePtr& kv : response.kvs) {
      pairs.push_back(*kv);
      pairs.back().sub = 0;
    }
    return pairs;
  }

  Mvcc mvcc;
  NaiveStore model;

 private:
  void Put() {
    const std::string key = AnyKey();
    const std::string value = AnyValue();
    const store::LeaseId lease = *rc::gen::inRange<int64_t>(0, 3);
    const bool known = lease == 0 || mvcc.leases().count(lease) > 0;
    const auto result = mvcc.Apply(store::PutRequest{.key = key, .value = value, .lease = lease, .prev_kv = true});
    RC_ASSERT(result.ok() == known);
    if (!known) return;
    const auto& previous = std::get<store::PutResponse>(*result).previous;
    RC_ASSERT((previous != nullptr) == (model.Latest().count(key) > 0));
    model.Put(key, value, lease);
  }

  void Delete() {
    const std::string key = AnyKey();
    const std::string end = AnyEnd();
    const auto result = mvcc.Apply(store::DeleteRangeRequest{.key = key, .range_end = end});
    RC_ASSERT(std::get<store::DeleteRangeResponse>(*result).deleted == model.DeleteRange(KeyRange::From(key, end)));
  }

  // Puts of some keys and deletes of ranges that hold none of them, in the then branch or the else branch.
  void Txn() {
    std::vector<std::pair<std::string, std::string>> puts;
    std::vector<KeyRange> deletes;
    store::TxnRequest txn;
    const std::string guard = AnyKey();
    const int64_t expected = *rc::gen::inRange<int64_t>(0, 4);
    txn.compares.push_back({.target = store::Compare::Target::kVersion, .key = guard, .number = expected});
    const auto found = model.Latest().find(guard);
    const bool holds = expected == (found == model.Latest().end() ? 0 : found->second.version);
    auto& taken = holds ? txn.success : txn.failure;
    auto& avoided = holds ? txn.failure : txn.success;
    avoided.push_back(store::PutRequest{.key = "never"});
    for (const char* key : {"a", "ab"}) {
      if (!*rc::gen::arbitrary<bool>()) continue;
      puts.emplace_back(key, AnyValue());
      taken.push_back(store::PutRequest{.key = key, .value = puts.back().second});
    }
    if (*rc::gen::arbitrary<bool>()) {
      deletes.push_back(KeyRange::From("b", AnyEnd() == "" ? "" : "c"));
      taken.push_back(store::DeleteRangeRequest{.key = "b", .range_end = deletes.back().end == "c" ? "c" : ""});
    }
    const auto result = mvcc.Apply(txn);
    RC_ASSERT(std::get<store::TxnResponse>(*result).succeeded == holds);
    model.Txn(puts, deletes);
  }

  void Lease() {
    const store::LeaseId lease = *rc::gen::inRange<int64_t>(1, 3);
    if (mvcc.leases().count(lease) == 0) {
      RC_ASSERT(mvcc.Apply(store::LeaseGrantRequest{lease, 10}).ok());
    } else {
      RC_ASSERT(mvcc.Apply(store::LeaseRevokeRequest{lease}).ok());
      model.Revoke(lease);
    }
  }

  void Compact() {
    const Revision revision = *rc::gen::inRange<Revision>(0, model.revision() + 2);
    const Status status = mvcc.Apply(store::CompactRequest{revision}).status();
    if (revision <= model.compacted()) return RC_ASSERT(status == store::ErrorCompacted());
    if (revision > model.revision()) return RC_ASSERT(status == store::ErrorFutureRevision());
    RC_ASSERT(status.ok());
    model.Compact(revision);
  }

  void Reload() {
    const std::string bytes = mvcc.Serialize();
    Result<Mvcc> restored = Mvcc::Restore(bytes);
    RC_ASSERT(restored.ok());
    RC_ASSERT(*restored->HashKv(0) == *mvcc.HashKv(0));
    mvcc = std::move(*restored);
    RC_ASSERT(mvcc.Serialize() == bytes);
  }
};

RC_GTEST_PROP(MvccProperty, AnswersAsTheNaiveModelAtEveryRevision, ()) {
  Twins twins;
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) twins.Step();
  for (Revision revision = 1; revision <= twins.model.revision() + 1; ++revision) twins.CheckRevision(revision);
}

RC_GTEST_PROP(MvccProperty, PagesOfARangeJoinToTheWhole, ()) {
  Twins twins;
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) twins.Step();
  const KeyRange range = KeyRange::From(AnyKey(), std::string(1, '\0'));
  const int64_t limit = *rc::gen::inRange(1, 4);
  const auto whole = twins.mvcc.Range({.key = range.begin, .range_end = std::string(1, '\0')});
  std::vector<store::KeyValue> joined;
  std::string next = range.begin;
  for (bool more = true; more;) {
    const auto page =
        twins.mvcc.Range({.key = next, .range_end = std::string(1, '\0'), .limit = limit, .revision = whole->revision});
    RC_ASSERT(page->count == whole->count - static_cast<int64_t>(joined.size()));
    for (const store::KeyValue& kv : Twins::Pairs(*page)) joined.push_back(kv);
    more = page->more;
    if (more) next = joined.back().key + '\0';
  }
  RC_ASSERT(joined == Twins::Pairs(*whole));
}

// One stream that is sometimes full.
struct Collector : store::WatchSink {
  void OnReply(const store::WatchReply& reply) override {
    if (reply.canceled) {
      canceled = true;
      compact_revision = reply.compact_revision;
    }
    for (const store::Event& event : reply.events()) {
      events.push_back({event.revision(), event.kv->key, event.is_delete()});
    }
    if (!reply.events().empty()) RC_ASSERT(reply.events().back().revision() <= reply.revision);
    if (!reply.created && !reply.canceled) {
      RC_ASSERT(reply.revision > last_revision);  // a revision is never split over replies
      last_revision = reply.revision;
    }
  }
  bool Ready() const override { return ready; }

  bool ready = true;
  bool canceled = false;
  Revision compact_revision = 0;
  Revision last_revision = 0;
  std::vector<NaiveStore::Change> events;
};

RC_GTEST_PROP(WatchProperty, SeesEveryChangeOnceInOrderOrIsToldOfCompaction, ()) {
  Twins twins;
  const int before = *rc::gen::inRange(0, 20);
  for (int i = 0; i < before; ++i) twins.Step();
  store::WatchHub hub(twins.mvcc, {.catch_up_events = 3});
  Collector sink;
  const auto stream = hub.Open(&sink);
  const Revision start = *rc::gen::inRange<Revision>(1, twins.model.revision() + 3);
  const KeyRange range = KeyRange::From(AnyKey(), AnyEnd());
  if (range.empty()) return;
  hub.Handle(
      stream,
      store::WatchCreate{
          .key = range.begin, .range_end = range.unbounded ? std::string(1, '\0') : range.end, .start_revision = start},
      Time());
  const int after = *rc::gen::inRange(0, 30);
  for (int i = 0; i < after; ++i) {
    twins.Step();
    sink.ready = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) hub.Pump(Time());
    hub.CheckInvariants();
  }
  sink.ready = true;
  while (hub.Pump(Time()) != store::WatchHub::Outcome::kIdle) {
  }
  std::vector<NaiveStore::Change> expected;
  for (const NaiveStore::Change& change : twins.model.ChangesFrom(start)) {
    if (range.Contains(change.key)) expected.push_back(change);
  }
  // What it was told of is beyond all that it had seen.
  if (sink.canceled) RC_ASSERT(sink.compact_revision > std::max(start, sink.last_revision + 1));
  RC_ASSERT(sink.events.size() <= expected.size());
  RC_ASSERT(sink.canceled || sink.events.size() == expected.size());
  for (size_t i = 0; i < sink.events.size(); ++i) {
    RC_ASSERT(sink.events[i].revision == expected[i].revision);
    RC_ASSERT(sink.events[i].is_delete == expected[i].is_delete);
  }
}

}  // namespace
}  // namespace kp::properties
