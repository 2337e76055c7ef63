// A snapshot that is taken while the store goes on.
#include <gtest/gtest.h>

#include "reference/store/mvcc.h"

namespace kp::store {
namespace {

void Put(Mvcc& store, int key, const std::string& value) {
  ASSERT_TRUE(store.Apply(PutRequest{.key = "k" + std::to_string(1000 + key), .value = value}).ok());
}

std::string AllPieces(Mvcc& store, size_t size, const std::function<void(int)>& between) {
  Mvcc::Serializer pieces(store);
  std::string out;
  for (int i = 0; !pieces.Next(size, out); ++i) between(i);
  return out;
}

TEST(SnapshotPieces, HoldTheStateOfTheirBeginning) {
  Mvcc store;
  ASSERT_TRUE(store.Apply(LeaseGrantRequest{.id = 7, .ttl = 60}).ok());
  for (int key = 0; key < 200; key += 2) Put(store, key, "old");
  ASSERT_TRUE(store.Apply(PutRequest{.key = "leased", .value = "x", .lease = 7}).ok());
  const std::string expected = store.Serialize();
  const std::string pieces = AllPieces(store, 100, [&](int i) {
    // New keys before and behind the place that is being written, changed ones, deleted ones, a lease that goes.
    Put(store, i % 200, "new");
    Put(store, 199 - i % 200, "new");
    (void)store.Apply(DeleteRangeRequest{.key = "k1050", .range_end = "k1060"});
    if (i == 3) {
      ASSERT_TRUE(store.Apply(LeaseRevokeRequest{.id = 7}).ok());
    }
  });
  EXPECT_TRUE(pieces == expected);
  const auto restored = Mvcc::Restore(pieces);
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  restored->CheckInvariants();
  store.CheckInvariants();
}

TEST(SnapshotPieces, OfAnyOrderOfWritesAreTheWhole) {
  for (size_t size : {1, 50, 1000, 100000}) {
    Mvcc store;
    for (int key = 0; key < 100; ++key) Put(store, key % 30, std::string(static_cast<size_t>(key), 'v'));
    EXPECT_TRUE(AllPieces(store, size, [](int) {}) == store.Serialize()) << size;
  }
}

}  // namespace
}  // namespace kp::store
