#include "reference/store/mvcc.h"

#include <gtest/gtest.h>

#include "reference/base/strings.h"
#include "reference/store/errors.h"
#include "reference/store/validate.h"

namespace kp::store {
namespace {

using Target = RangeRequest::Target;
using Order = RangeRequest::Order;

class MvccTest : public ::testing::Test {
 protected:
  ~MvccTest() override { store_.CheckInvariants(); }

  template <typename T>
  T Must(const Command& command) {
    Result<Response> result = store_.Apply(command);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? std::get<T>(*result) : T();
  }
  PutResponse Put(const std::string& key, const std::string& value, LeaseId lease = 0) {
    return Must<PutResponse>(PutRequest{.key = key, .value = value, .lease = lease, .prev_kv = true});
  }
  DeleteRangeResponse Delete(const std::string& key, const std::string& end = "") {
    return Must<DeleteRangeResponse>(DeleteRangeRequest{.key = key, .range_end = end, .prev_kv = true});
  }
  void Compact(Revision revision) { Must<PlainResponse>(CompactRequest{revision}); }
  TxnResponse Txn(TxnRequest txn) { return Must<TxnResponse>(std::move(txn)); }
  Status Error(const Command& command) { return store_.Apply(command).status(); }

  // "a=1 b=2"
  std::string Range(const RangeRequest& request) {
    Result<RangeResponse> found = store_.Range(request);
    if (!found.ok()) return found.status().ToString();
    std::vector<std::string> parts;
    for (const KeyValuePtr& kv : found->kvs) parts.push_back(kv->key + "=" + kv->value);
    return Join(parts, " ");
  }
  std::string All(Revision revision = 0) {
    return Range({.key = std::string(1, '\0'), .range_end = std::string(1, '\0'), .revision = revision});
  }
  // "3:put a 4:del a"
  std::string EventsFrom(Revision from) {
    std::vector<std::string> parts;
    for (size_t i = store_.EventsFrom(from); i < store_.events().size(); ++i) {
      const Event& event = store_.events()[i];
      parts.push_back(std::to_string(event.revision()) + (event.is_delete() ? ":del " : ":put ") + event.kv->key);
    }
    return Join(parts, " ");
  }

  Mvcc store_;
};

TEST_F(MvccTest, RevisionStartsAtOneAndCountsMutatingRequests) {
  EXPECT_EQ(store_.revision(), 1);
  EXPECT_EQ(Put("a", "1").revision, 2);
  EXPECT_EQ(Delete("missing").revision, 2);
  EXPECT_EQ(Txn({}).revision, 2);
  Put("b", "2");
  EXPECT_EQ(Delete("a", "z").revision, 4);
  EXPECT_EQ(EventsFrom(4), "4:del a 4:del b");
}

TEST_F(MvccTest, VersionRestartsAfterDelete) {
  Put("a", "1");
  Put("a", "2");
  const KeyValuePtr second = Put("a", "3").previous;
  EXPECT_EQ(second->version, 2);
  EXPECT_EQ(second->create_revision, 2);
  EXPECT_EQ(second->mod_revision, 3);
  Delete("a");
  EXPECT_EQ(Put("a", "4").previous, nullptr);
  EXPECT_EQ(Put("a", "5").previous->version, 1);
  EXPECT_EQ(Put("a", "6").previous->create_revision, 6);
}

TEST_F(MvccTest, RangeEndForms) {
  for (const char* key : {"a", "b", "ba", "bb", "c"}) Put(key, "");
  const std::string zero(1, '\0');
  EXPECT_EQ(Range({.key = "b"}), "b=");
  EXPECT_EQ(Range({.key = "b", .range_end = "c"}), "b= ba= bb=");
  EXPECT_EQ(Range({.key = "bb", .range_end = zero}), "bb= c=");
  EXPECT_EQ(Range({.key = zero, .range_end = zero}), "a= b= ba= bb= c=");
  EXPECT_EQ(Range({.key = "c", .range_end = "a"}), "");
  EXPECT_EQ(Range({.key = "c", .range_end = "c"}), "");
}

TEST_F(MvccTest, ReadsAtARevision) {
  Put("a", "1");
  Put("a", "2");
  Delete("a");
  EXPECT_EQ(All(2), "a=1");
  EXPECT_EQ(All(3), "a=2");
  EXPECT_EQ(All(4), "");
  EXPECT_EQ(All(-1), "");
  EXPECT_EQ(All(5), ErrorFutureRevision().ToString());
  Compact(3);
  EXPECT_EQ(All(3), "a=2");
  EXPECT_EQ(All(2), ErrorCompacted().ToString());
}

TEST_F(MvccTest, LimitSetsMoreAndCountIgnoresLimitAndFilters) {
  for (const char* key : {"a", "b", "c"}) Put(key, key);
  RangeResponse page = *store_.Range({.key = "a", .range_end = "z", .limit = 2});
  EXPECT_EQ(page.kvs.size(), 2U);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.count, 3);
  EXPECT_FALSE(store_.Range({.key = "a", .range_end = "z", .limit = 3})->more);
  RangeResponse filtered = *store_.Range({.key = "a", .range_end = "z", .limit = 1, .min_mod_revision = 4});
  EXPECT_EQ(filtered.kvs.at(0)->key, "c");
  EXPECT_FALSE(filtered.more);
  EXPECT_EQ(filtered.count, 3);
  RangeResponse counted = *store_.Range({.key = "a", .range_end = "z", .count_only = true});
  EXPECT_TRUE(counted.kvs.empty());
  EXPECT_EQ(counted.count, 3);
}

TEST_F(MvccTest, RevisionFiltersAreInclusive) {
  for (const char* key : {"a", "b", "c"}) Put(key, "");
  Put("a", "x");
  RangeRequest all{.key = "a", .range_end = "z"};
  all.min_mod_revision = 3;
  all.max_mod_revision = 4;
  EXPECT_EQ(Range(all), "b= c=");
  EXPECT_EQ(Range({.key = "a", .range_end = "z", .min_create_revision = 2, .max_create_revision = 3}), "a=x b=");
}

TEST_F(MvccTest, SortsBeforeTheLimit) {
  Put("a", "2");
  Put("b", "3");
  Put("c", "1");
  EXPECT_EQ(Range({.key = "a", .range_end = "z", .limit = 1, .order = Order::kDescend}), "c=1");
  EXPECT_EQ(Range({.key = "a", .range_end = "z", .target = Target::kValue}), "c=1 a=2 b=3");
  EXPECT_EQ(Range({.key = "a", .range_end = "z", .limit = 2, .order = Order::kDescend, .target = Target::kMod}),
            "c=1 b=3");
}

TEST_F(MvccTest, IgnoreValueAndIgnoreLease) {
  Must<LeaseGrantResponse>(LeaseGrantRequest{7, 10});
  EXPECT_EQ(Error(PutRequest{.key = "a", .ignore_value = true}), ErrorKeyNotFound());
  EXPECT_EQ(Error(PutRequest{.key = "a", .ignore_lease = true}), ErrorKeyNotFound());
  Put("a", "1", 7);
  Must<PutResponse>(PutRequest{.key = "a", .value = "2", .ignore_lease = true});
  EXPECT_EQ(store_.leases().at(7).keys.count("a"), 1U);
  Must<PutResponse>(PutRequest{.key = "a", .ignore_value = true});
  EXPECT_EQ(All(), "a=2");
  EXPECT_EQ(store_.leases().at(7).keys.count("a"), 0U) << "a put without lease detaches";
}

TEST_F(MvccTest, LeaseMustExistToPut) {
  EXPECT_EQ(Error(PutRequest{.key = "a", .lease = 9}), ErrorLeaseNotFound());
  EXPECT_EQ(store_.revision(), 1);
}

TEST_F(MvccTest, RevokeDeletesItsKeysInOneRevision) {
  Must<LeaseGrantResponse>(LeaseGrantRequest{7, 10});
  EXPECT_EQ(Error(LeaseGrantRequest{7, 10}), ErrorLeaseExists());
  EXPECT_EQ(Error(LeaseGrantRequest{8, 9'000'000'001}), ErrorLeaseTtlTooLarge());
  Put("b", "1", 7);
  Put("a", "1", 7);
  Put("c", "1");
  EXPECT_EQ(Must<PlainResponse>(LeaseRevokeRequest{7}).revision, 5);
  EXPECT_EQ(EventsFrom(5), "5:del a 5:del b");
  EXPECT_EQ(Error(LeaseRevokeRequest{7}), ErrorLeaseNotFound());
  EXPECT_EQ(store_.revision(), 5);
}

TEST_F(MvccTest, CompactionBounds) {
  Put("a", "1");
  Put("a", "2");
  EXPECT_EQ(Error(CompactRequest{4}), ErrorFutureRevision());
  Compact(3);
  EXPECT_EQ(Error(CompactRequest{3}), ErrorCompacted());
  EXPECT_EQ(All(), "a=2");
}

TEST_F(MvccTest, TombstoneAtTheCompactionRevisionStaysAnEvent) {
  Put("a", "1");
  Delete("a");
  Put("b", "1");
  Compact(3);
  EXPECT_EQ(EventsFrom(3), "3:del a 4:put b");
  EXPECT_EQ(store_.events().front().previous, nullptr) << "the pair before it is compacted away";
  Compact(4);
  EXPECT_EQ(EventsFrom(3), "4:put b");
  EXPECT_EQ(store_.keys(), 1U);
}

TEST_F(MvccTest, SnapshotKeepsEverything) {
  Must<LeaseGrantResponse>(LeaseGrantRequest{7, 10});
  Put("a", "1", 7);
  Delete("a");
  Put("a", "2", 7);
  Txn({.success = {PutRequest{.key = "z"}, PutRequest{.key = "b"}}});
  Must<AlarmResponse>(AlarmRequest{AlarmRequest::Action::kActivate, 5, AlarmType::kNoSpace});
  Compact(3);
  Result<Mvcc> restored = Mvcc::Restore(store_.Serialize());
  ASSERT_TRUE(restored.ok()) << restored.status().ToString();
  restored->CheckInvariants();
  EXPECT_EQ(restored->Serialize(), store_.Serialize());
  EXPECT_EQ(*restored->HashKv(0), *store_.HashKv(0));
  EXPECT_TRUE(restored->HasAlarm(AlarmType::kNoSpace));
  EXPECT_EQ(restored->leases(), store_.leases());
  const std::string before = EventsFrom(0);
  store_ = *restored;
  EXPECT_EQ(EventsFrom(0), before);
  EXPECT_EQ(before, "3:del a 4:put a 5:put z 5:put b");
}

TEST_F(MvccTest, DamagedSnapshotIsRefused) {
  Put("key", "value");
  std::string bytes = store_.Serialize();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_EQ(Mvcc::Restore(damaged).status().code(), Code::kDataLoss) << "byte " << i;
    EXPECT_EQ(Mvcc::Restore(bytes.substr(0, i)).status().code(), Code::kDataLoss) << "cut at " << i;
  }
}

TEST_F(MvccTest, HashKvTellsHistoriesApart) {
  Put("a", "1");
  const uint32_t first = *store_.HashKv(0);
  Put("a", "2");
  EXPECT_NE(*store_.HashKv(0), first);
  EXPECT_EQ(*store_.HashKv(2), first);
  EXPECT_EQ(store_.HashKv(9).status(), ErrorFutureRevision());
  Compact(3);
  EXPECT_EQ(store_.HashKv(2).status(), ErrorCompacted());
}

}  // namespace
}  // namespace kp::store
