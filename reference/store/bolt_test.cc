#include <gtest/gtest.h>

#include "reference/base/random.h"
#include "reference/base/sha.h"
#include "reference/store/backend_image.h"
#include "reference/store/bolt_reader.h"

namespace kp::store {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string Whole(BoltWriter& writer) {
  std::string file;
  for (std::string page = writer.Next(); !page.empty(); page = writer.Next()) file += page;
  return file;
}

std::string File(const Pairs& pairs) {
  std::vector<BoltWriter::Bucket> buckets;
  buckets.push_back({"empty", BoltPairs({})});
  buckets.push_back({"key", BoltPairs(pairs)});
  BoltWriter writer(std::move(buckets));
  std::string file = Whole(writer);
  EXPECT_EQ(file.size(), writer.file_bytes());
  return file;
}

Result<Pairs> Read(std::string_view file, std::string_view bucket) {
  const auto bolt = BoltReader::Open(file);
  if (!bolt.ok()) return bolt.error();
  Pairs pairs;
  const Status status = bolt->ForEach(bucket, [&](std::string_view key, std::string_view value) {
    pairs.emplace_back(key, value);
    return Status();
  });
  if (!status.ok()) return status;
  return pairs;
}

// Three levels of branches, and values that are larger than a page.
Pairs Many() {
  Pairs pairs;
  for (int i = 0; i < 30000; ++i) {
    char key[18];
    std::snprintf(key, sizeof(key), "key-%013d", i);
    pairs.emplace_back(key, std::string(i % 5000 == 0 ? 10000 : 20, 'v'));
  }
  return pairs;
}

TEST(Bolt, WhatIsWrittenIsRead) {
  const Pairs pairs = Many();
  const std::string file = File(pairs);
  const auto read = Read(file, "key");
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE(*read == pairs);
  EXPECT_TRUE(Read(file, "empty")->empty());
  EXPECT_TRUE(Read(file, "none")->empty());
}

TEST(Bolt, APageThatPointsToItselfIsDamage) {
  std::string file = File(Many());
  // The root of "key" is the last page: its first element's page id.
  const uint64_t root = file.size() / 4096 - 1;
  for (int i = 0; i < 8; ++i) file[root * 4096 + 16 + 8 + i] = static_cast<char>(root >> (8 * i));
  EXPECT_EQ(Read(file, "key").status().code(), Code::kDataLoss);
}

TEST(Bolt, NoDamageIsBelievedOrEndsTheProcess) {
  Pairs pairs = Many();
  pairs.resize(400);
  const std::string good = File(pairs);
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    std::string file = good;
    for (int i = 0; i < 4; ++i) file[random.Below(file.size())] = static_cast<char>(random.Next());
    if (round % 3 == 0) file.resize(random.Below(file.size()));
    (void)Read(file, "key");
    (void)ReadBackend(file);
  }
}

class Backend : public ::testing::Test {
 protected:
  Backend() {
    EXPECT_TRUE(store.Apply(LeaseGrantRequest{.id = 7, .ttl = 60}).ok());
    EXPECT_TRUE(store.Apply(LeaseGrantRequest{.id = -7, .ttl = 61}).ok());
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(store.Apply(PutRequest{.key = "k" + std::to_string(i % 7), .value = std::string(1000, 'v')}).ok());
    }
    EXPECT_TRUE(store.Apply(PutRequest{.key = "l", .value = "v", .lease = 7}).ok());
    EXPECT_TRUE(store.Apply(DeleteRangeRequest{.key = "k3"}).ok());
    EXPECT_TRUE(store.Apply(CompactRequest{.revision = 20}).ok());
    EXPECT_TRUE(store.Apply(AlarmRequest{AlarmRequest::Action::kActivate, 9, AlarmType::kNoSpace}).ok());
  }
  std::string Image() {
    BoltWriter writer = WriteBackend(store, Membership({{.id = 9, .name = "a", .peer_urls = {"http://h:1"}}}), {});
    return Whole(writer);
  }
  Mvcc store;
};

TEST_F(Backend, HoldsTheWholeState) {
  const std::string file = Image();
  const auto state = ReadBackend(file);
  ASSERT_TRUE(state.ok()) << state.status().ToString();
  const auto copy = Mvcc::FromVersions(*state);
  ASSERT_TRUE(copy.ok()) << copy.status().ToString();
  copy->CheckInvariants();
  EXPECT_EQ(copy->Serialize(), store.Serialize());
}

TEST_F(Backend, MembersAreAsEtcdWritesThem) {
  EXPECT_EQ(
      Read(Image(), "members")->at(0),
      (std::pair<std::string, std::string>("0000000000000009", R"({"id":9,"peerURLs":["http://h:1"],"name":"a"})")));
}

TEST_F(Backend, TheChecksumIsChecked) {
  const std::string file = Image();
  const std::string snapshot = file + Sha256(file);
  EXPECT_EQ(*CheckSnapshot(snapshot, HashCheck::kRequired), file);
  std::string damaged = snapshot;
  damaged[5000] = static_cast<char>(damaged[5000] ^ 1);
  EXPECT_EQ(CheckSnapshot(damaged, HashCheck::kRequired).status().code(), Code::kDataLoss);
  EXPECT_EQ(CheckSnapshot(file, HashCheck::kRequired).status().message(),
            "snapshot missing hash but --skip-hash-check=false");
  EXPECT_EQ(*CheckSnapshot(file, HashCheck::kSkipped), file);
}

}  // namespace
}  // namespace kp::store
