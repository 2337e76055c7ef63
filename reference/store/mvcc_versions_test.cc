#include <gtest/gtest.h>

#include "reference/store/mvcc.h"

namespace kp::store {
namespace {

void Put(Mvcc& store, const std::string& key, const std::string& value) {
  ASSERT_TRUE(store.Apply(PutRequest{.key = key, .value = value}).ok());
}

// a and b in turn, four times; then a goes and c comes. Revision 11.
Mvcc Example() {
  Mvcc store;
  for (const char* value : {"1", "2", "3", "4"}) {
    Put(store, "a", value);
    Put(store, std::string("b") + value, "x");
  }
  EXPECT_TRUE(store.Apply(DeleteRangeRequest{.key = "a"}).ok());
  Put(store, "c", "v");
  return store;
}

// The numbers are what `etcdctl endpoint hashkv` says of etcd 3.4.23 after the same requests.
TEST(HashKv, IsEtcds) {
  Mvcc store = Example();
  EXPECT_EQ(*store.HashKv(0), 706305187U);
  ASSERT_TRUE(store.Apply(CompactRequest{.revision = 6}).ok());
  EXPECT_EQ(*store.HashKv(0), 2512217601U);
  EXPECT_EQ(*store.HashKv(7), 903261155U);
  EXPECT_EQ(*store.HashKv(11), 2512217601U);
  EXPECT_EQ(store.HashKv(6).status().message(), "etcdserver: mvcc: required revision has been compacted");
  EXPECT_EQ(store.HashKv(12).status().message(), "etcdserver: mvcc: required revision is a future revision");
}

TEST(Versions, MakeTheSameStoreAgain) {
  Mvcc store = Example();
  ASSERT_TRUE(store.Apply(LeaseGrantRequest{.id = 7, .ttl = 60}).ok());
  ASSERT_TRUE(store.Apply(PutRequest{.key = "l", .value = "v", .lease = 7}).ok());
  ASSERT_TRUE(store.Apply(CompactRequest{.revision = 6}).ok());
  const auto copy = Mvcc::FromVersions({.compacted = 6, .versions = store.Versions(), .leases = {{7, 60}}});
  ASSERT_TRUE(copy.ok()) << copy.status().ToString();
  copy->CheckInvariants();
  EXPECT_EQ(copy->Serialize(), store.Serialize());
}

TEST(Versions, OfACompactionThatWasNotFinishedAreFinished) {
  const Mvcc store = Example();
  const auto copy = Mvcc::FromVersions({.compacted = 6, .versions = store.Versions()});
  Mvcc compacted = Example();
  ASSERT_TRUE(compacted.Apply(CompactRequest{.revision = 6}).ok());
  EXPECT_EQ(copy->Serialize(), compacted.Serialize());
}

TEST(Versions, TwoOfAKeyAtOneRevisionAreRefused) {
  auto kv = std::make_shared<KeyValue>();
  kv->key = "a";
  kv->mod_revision = kv->create_revision = 2;
  kv->version = 1;
  EXPECT_EQ(Mvcc::FromVersions({.versions = {kv, kv}}).status().message(),
            "backend: two versions of a key at revision 2");
}

}  // namespace
}  // namespace kp::store
