// The log over a simulated disk that loses and tears what was not synced.
#include "reference/store/wal.h"

#include <gtest/gtest.h>

#include "reference/base/mutant.h"
#include "reference/runtime/sim/world.h"
#include "reference/store/snapshot_file.h"

namespace kp::store {
namespace {

using runtime::sim::CrashKind;
using runtime::sim::ProcessStatus;
using runtime::sim::World;

raft::Entry MakeEntry(raft::Term term, raft::Index index, std::string data) {
  return {term, index, raft::EntryType::kNormal, raft::MakeBuffer(std::move(data))};
}

raft::Snapshot MakeSnapshot(raft::Index index, raft::Term term) {
  raft::Snapshot snapshot;
  snapshot.meta.index = index;
  snapshot.meta.term = term;
  snapshot.meta.configuration.voters = {1, 2, 3};
  snapshot.data = raft::MakeBuffer("state at " + std::to_string(index));
  return snapshot;
}

class WalTest : public ::testing::Test {
 protected:
  explicit WalTest(uint64_t seed = 1) { NewWorld(seed); }

  void NewWorld(uint64_t seed) {
    wal_.reset();
    world_ = std::make_unique<World>(runtime::sim::WorldOptions{.seed = seed});
    world_->Spawn("store-0", "10.0.0.1");
    durable_ = 0;
  }

  Result<WalContents> Open() {
    wal_ = std::make_unique<Wal>(world_->env("store-0"),
                                 WalOptions{.directory = "/data", .metadata = "id", .segment_bytes = segment_bytes_},
                                 [this](uint64_t id) { durable_ = id; });
    return wal_->Recover();
  }

  // One entry, with the term as hard state.
  void Append(uint64_t id, raft::Term term, raft::Index index) {
    wal_->Append(id,
                 {.hard_state = raft::HardState{term, 1, 0}, .entries = {MakeEntry(term, index, Text(term, index))}});
  }
  static std::string Text(raft::Term term, raft::Index index) {
    return std::to_string(term) + "/" + std::to_string(index);
  }

  void AwaitDurable(uint64_t id) {
    ASSERT_TRUE(world_->RunUntil([&] { return durable_ >= id; }, 10s).ok());
  }

  Result<WalContents> CrashAndOpen(CrashKind kind = CrashKind::kPowerCut) {
    world_->Crash("store-0", kind);
    wal_.reset();
    world_->Restart("store-0");
    return Open();
  }

  uint64_t segment_bytes_ = 64 << 20;
  std::unique_ptr<World> world_;
  std::unique_ptr<Wal> wal_;
  uint64_t durable_ = 0;
};

TEST_F(WalTest, AFreshDirectoryIsFresh) {
  const auto contents = Open();
  ASSERT_TRUE(contents.ok());
  EXPECT_TRUE(contents->fresh);
  EXPECT_EQ(contents->metadata, "id");
}

TEST_F(WalTest, WhatIsDurableSurvivesAPowerCut) {
  ASSERT_TRUE(Open().ok());
  Append(1, 1, 1);
  Append(2, 2, 2);
  AwaitDurable(2);
  const auto contents = CrashAndOpen();
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_FALSE(contents->fresh);
  EXPECT_EQ(contents->raft.hard_state.term, 2u);
  ASSERT_EQ(contents->raft.entries.size(), 2u);
  EXPECT_EQ(contents->raft.entries[1].bytes(), "2/2");
}

TEST_F(WalTest, AppendsDuringASyncShareTheNextOne) {
  ASSERT_TRUE(Open().ok());
  for (uint64_t id = 1; id <= 100; ++id) Append(id, 1, id);
  AwaitDurable(100);
  EXPECT_EQ(wal_->syncs(), 2u);
}

// Any crash, any tear: all that was reported durable is there, and nothing that was never written.
TEST_F(WalTest, APowerCutAtAnyTimeLosesNothingThatWasReported) {
  segment_bytes_ = 300;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    NewWorld(seed);
    ASSERT_TRUE(Open().ok());
    Random random(seed);
    raft::Index last = 0;
    uint64_t id = 0;
    uint64_t recovered_durable = 0;
    for (int life = 1; life <= 4; ++life) {
      for (uint64_t i = random.Below(12); i > 0; --i) {
        Append(++id, life, ++last);
        if (random.Chance(0.5)) world_->RunFor(std::chrono::microseconds(random.Below(3000)));
      }
      const uint64_t promised = std::max(durable_, recovered_durable);
      const auto contents = CrashAndOpen(random.Chance(0.3) ? CrashKind::kKill : CrashKind::kPowerCut);
      ASSERT_TRUE(contents.ok()) << "seed " << seed << ": " << contents.error().message();
      const auto& entries = contents->raft.entries;
      ASSERT_GE(entries.size(), promised) << "seed " << seed;
      for (const raft::Entry& entry : entries) ASSERT_EQ(entry.bytes(), Text(entry.term, entry.index));
      ASSERT_EQ(contents->raft.hard_state.term, entries.empty() ? 0 : entries.back().term);
      last = id = entries.size();
      // What was found counts as promised once the first append of this life is durable.
      wal_->Append(id, {.hard_state = contents->raft.hard_state});
      durable_ = 0;
      recovered_durable = promised;
    }
  }
}

TEST_F(WalTest, SnapshotsLetOldSegmentsGo) {
  segment_bytes_ = 200;
  ASSERT_TRUE(Open().ok());
  for (uint64_t id = 1; id <= 20; ++id) {
    Append(id, 1, id);
    AwaitDurable(id);
  }
  const size_t before = wal_->segment_count();
  ASSERT_GT(before, 4u);
  raft::Index saved = 0;
  wal_->SaveSnapshot(MakeSnapshot(18, 1), [&](raft::Index index) { saved = index; });
  ASSERT_TRUE(world_->RunUntil([&] { return saved == 18; }, 1s).ok());
  EXPECT_LT(wal_->segment_count(), before);
  const auto contents = CrashAndOpen();
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_EQ(contents->raft.start.index, 18u);
  EXPECT_EQ(*contents->snapshot->data, "state at 18");
  EXPECT_EQ(contents->raft.entries.size(), 2u);
  EXPECT_EQ(contents->raft.hard_state.term, 1u);
}

TEST_F(WalTest, AReceivedSnapshotReplacesTheLog) {
  ASSERT_TRUE(Open().ok());
  for (uint64_t id = 1; id <= 5; ++id) Append(id, 1, id);
  wal_->Append(6, {.hard_state = raft::HardState{7, 2, 50},
                   .snapshot = MakeSnapshot(50, 7),
                   .entries = {MakeEntry(7, 51, "after")}});
  Append(7, 7, 52);
  AwaitDurable(7);
  const auto contents = CrashAndOpen();
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_EQ(contents->raft.start.index, 50u);
  ASSERT_EQ(contents->raft.entries.size(), 2u);
  EXPECT_EQ(contents->raft.entries[0].bytes(), "after");
  EXPECT_EQ(contents->raft.hard_state.term, 7u);
}

TEST_F(WalTest, AFailedSyncEndsTheProcess) {
  ASSERT_TRUE(Open().ok());
  world_->disk("store-0").FailSyncs(1);
  Append(1, 1, 1);
  world_->RunFor(1s);
  EXPECT_EQ(world_->status("store-0"), ProcessStatus::kFailed);
  EXPECT_EQ(durable_, 0u);
  EXPECT_NE(world_->failure("store-0").find("syncing 0000000000000001.wal"), std::string::npos)
      << world_->failure("store-0");
}

TEST_F(WalTest, WhatAFailedSyncLostIsWrittenAgain) {
  ASSERT_TRUE(Open().ok());
  Append(1, 1, 1);
  AwaitDurable(1);
  world_->disk("store-0").FailSyncs(1);
  world_->env("store-0").Post([this] { Append(2, 1, 2); });
  world_->RunFor(1s);
  ASSERT_EQ(world_->status("store-0"), ProcessStatus::kFailed);
  wal_.reset();
  world_->Restart("store-0");
  const auto from_page_cache = Open();
  ASSERT_TRUE(from_page_cache.ok());
  ASSERT_EQ(from_page_cache->raft.entries.size(), 2u);
  Append(3, 1, 3);
  AwaitDurable(3);
  const auto contents = CrashAndOpen();
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_EQ(contents->raft.entries.size(), 3u);
}

TEST_F(WalTest, AFullDiskEndsTheProcessAndLosesNothing) {
  ASSERT_TRUE(Open().ok());
  Append(1, 1, 1);
  AwaitDurable(1);
  world_->disk("store-0").SetCapacity(world_->env("store-0").disk().ReadAll("/data/0000000000000001.wal")->size() + 10);
  world_->env("store-0").Post([this] { Append(2, 1, 2); });
  world_->RunFor(1s);
  EXPECT_EQ(world_->status("store-0"), ProcessStatus::kFailed);
  world_->disk("store-0").SetCapacity(std::nullopt);
  wal_.reset();
  world_->Restart("store-0");
  const auto contents = Open();
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_EQ(contents->raft.entries.size(), 1u);
}

TEST_F(WalTest, DamageInTheMiddleIsRefusedWithFileAndOffset) {
  ASSERT_TRUE(Open().ok());
  for (uint64_t id = 1; id <= 3; ++id) {
    Append(id, 1, id);
    AwaitDurable(id);
  }
  ASSERT_TRUE(world_->disk("store-0").FlipBit("/data/0000000000000001.wal", 70, 3));
  const auto contents = CrashAndOpen();
  ASSERT_FALSE(contents.ok());
  EXPECT_EQ(contents.error().code(), Code::kDataLoss);
  EXPECT_TRUE(contents.error().message().starts_with("wal: 0000000000000001.wal offset 48: "))
      << contents.error().message();
}

TEST_F(WalTest, ADamagedSnapshotIsRefusedByName) {
  ASSERT_TRUE(Open().ok());
  Append(1, 1, 1);
  AwaitDurable(1);
  const raft::Snapshot snapshot = MakeSnapshot(1, 1);
  raft::Index saved = 0;
  wal_->SaveSnapshot(snapshot, [&](raft::Index index) { saved = index; });
  ASSERT_TRUE(world_->RunUntil([&] { return saved == 1; }, 1s).ok());
  ASSERT_TRUE(world_->disk("store-0").FlipBit("/data/" + SnapshotFileName(snapshot.meta), 20, 0));
  const auto contents = CrashAndOpen();
  ASSERT_FALSE(contents.ok());
  EXPECT_EQ(contents.error().message(),
            "wal: " + SnapshotFileName(snapshot.meta) + ": bad snapshot file: checksum mismatch");
}

}  // namespace
}  // namespace kp::store
