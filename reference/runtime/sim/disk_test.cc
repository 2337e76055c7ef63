#include <gtest/gtest.h>

#include <set>

#include "reference/runtime/sim/world.h"

namespace kp::runtime::sim {
namespace {

class DiskTest : public testing::Test {
 protected:
  DiskTest() : world_(std::make_unique<World>(WorldOptions{.seed = 1})) { Begin(); }

  void Begin() {
    world_->Spawn("a", "10.0.0.1");
    EXPECT_TRUE(disk().MakeDirectories("/data").ok());
  }
  void NewWorld(uint64_t seed) {
    file_.reset();
    world_ = std::make_unique<World>(WorldOptions{.seed = seed});
    Begin();
  }
  Disk& disk() { return world_->env("a").disk(); }
  void Open(const std::string& path) {
    auto file = disk().Open(path, Disk::OpenMode::kCreate);
    ASSERT_TRUE(file.ok()) << file.error().ToString();
    file_ = std::move(*file);
  }
  void Append(std::string_view bytes) { ASSERT_TRUE(file_->Write(file_->Size(), bytes).ok()); }
  Status Await(const std::function<void(Completion<Status>)>& start) {
    std::optional<Status> outcome;
    start([&outcome](Status status) { outcome = std::move(status); });
    EXPECT_FALSE(outcome.has_value()) << "not from inside the call";
    EXPECT_TRUE(world_->RunUntil([&] { return outcome.has_value(); }, 1s).ok());
    return outcome.value_or(Status(Code::kUnknown, "no completion"));
  }
  Status Sync() {
    return Await([this](Completion<Status> done) { file_->Sync(std::move(done)); });
  }
  Status SyncNames() {
    return Await([this](Completion<Status> done) { disk().SyncDirectory("/data", std::move(done)); });
  }
  void CrashAndRestart(CrashKind kind = CrashKind::kPowerCut) {
    world_->Crash("a", kind);
    file_.reset();
    world_->Restart("a");
  }
  std::string Content(const std::string& path) { return disk().ReadAll(path).ok() ? *disk().ReadAll(path) : "(none)"; }

  std::unique_ptr<World> world_;
  std::unique_ptr<File> file_;
};

TEST_F(DiskTest, PowerCutKeepsSyncedBytesAndDrawsTheFateOfOthers) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    NewWorld(seed);
    Open("/data/log");
    Append("synced ");
    ASSERT_TRUE(Sync().ok());
    ASSERT_TRUE(SyncNames().ok());
    Append("first ");
    Append("second");
    CrashAndRestart();
    std::string left = Content("/data/log");
    ASSERT_TRUE(left.starts_with("synced ")) << "seed " << seed << ": " << left;
    outcomes.insert(left);
  }
  EXPECT_TRUE(outcomes.contains("synced ")) << "everything unsynced lost";
  EXPECT_TRUE(outcomes.contains("synced first second")) << "everything kept";
  EXPECT_TRUE(outcomes.contains(std::string("synced ") + std::string(12, '\0'))) << "size kept, bytes zero";
  EXPECT_GT(outcomes.size(), 8U) << "torn in many places";
}

TEST_F(DiskTest, OverwriteIsUndoneWhenLost) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    NewWorld(seed);
    Open("/data/log");
    Append("abcdef");
    ASSERT_TRUE(Sync().ok());
    ASSERT_TRUE(SyncNames().ok());
    ASSERT_TRUE(file_->Write(1, "XY").ok());
    ASSERT_TRUE(file_->Truncate(4).ok());
    CrashAndRestart();
    outcomes.insert(Content("/data/log"));
  }
  EXPECT_TRUE(outcomes.contains("abcdef"));
  EXPECT_TRUE(outcomes.contains("aXYd"));
}

TEST_F(DiskTest, KillKeepsWhatWasWritten) {
  Open("/data/log");
  Append("in the page cache");
  CrashAndRestart(CrashKind::kKill);
  EXPECT_EQ(Content("/data/log"), "in the page cache");
}

TEST_F(DiskTest, NewNameNeedsADirectorySync) {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    NewWorld(seed);
    Open("/data/log");
    Append("x");
    ASSERT_TRUE(Sync().ok());
    CrashAndRestart();
    lost += Content("/data/log") == "(none)";
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 20);
}

TEST_F(DiskTest, AtomicWriteIsOldOrNewWhole) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    NewWorld(seed);
    auto write = [this](const std::string& bytes) {
      return [this, bytes](Completion<Status> done) { disk().WriteAtomically("/data/s", bytes, std::move(done)); };
    };
    ASSERT_TRUE(Await(write("old")).ok());
    disk().WriteAtomically("/data/s", "new", [](const Status&) { FAIL() << "the process is dead"; });
    EXPECT_EQ(Content("/data/s"), "old");
    CrashAndRestart();
    outcomes.insert(Content("/data/s"));
    world_->RunFor(1s);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"old", "new"}));
}

TEST_F(DiskTest, FailedSyncDoomsTheBytesEvenIfALaterSyncSucceeds) {
  Open("/data/log");
  ASSERT_TRUE(SyncNames().ok());
  Append("doomed");
  world_->disk("a").FailSyncs(1);
  EXPECT_EQ(Sync(), Status(Code::kDataLoss, "sync /data/log: input/output error"));
  EXPECT_TRUE(Sync().ok());
  CrashAndRestart();
  EXPECT_EQ(Content("/data/log"), "");
}

TEST_F(DiskTest, WhatIsWrittenAgainAfterAFailedSyncIsDurableWithTheNext) {
  Open("/data/log");
  ASSERT_TRUE(SyncNames().ok());
  Append("kept ");
  ASSERT_TRUE(Sync().ok());
  Append("doomed");
  world_->disk("a").FailSyncs(1);
  EXPECT_FALSE(Sync().ok());
  ASSERT_TRUE(file_->Write(0, "kept doomed").ok());
  EXPECT_TRUE(Sync().ok());
  CrashAndRestart();
  EXPECT_EQ(Content("/data/log"), "kept doomed");
}

TEST_F(DiskTest, LyingSyncSaysOkAndKeepsNothing) {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    NewWorld(seed);
    Open("/data/log");
    ASSERT_TRUE(SyncNames().ok());
    Append("x");
    world_->disk("a").LieAboutSyncs(1);
    EXPECT_TRUE(Sync().ok());
    CrashAndRestart();
    lost += Content("/data/log") != "x";
  }
  EXPECT_GT(lost, 0);
}

TEST_F(DiskTest, FullDiskRefusesGrowthOnly) {
  Open("/data/log");
  Append("12345678");
  world_->disk("a").SetCapacity(8);
  EXPECT_EQ(file_->Write(8, "9"), Status(Code::kResourceExhausted, "write /data/log: no space left on device"));
  EXPECT_TRUE(file_->Write(0, "x").ok());
  EXPECT_EQ(world_->counters().disk_full_writes, 1U);
}

TEST_F(DiskTest, SyncsCompleteInOrderAndAStallDelaysThem) {
  Open("/data/log");
  std::string order;
  file_->Sync([&](const Status&) { order += "1"; });
  file_->Sync([&](const Status&) { order += "2"; });
  world_->RunFor(10ms);
  EXPECT_EQ(order, "12");
  world_->disk("a").Stall(1s);
  file_->Sync([&](const Status&) { order += "3"; });
  world_->RunFor(999ms);
  EXPECT_EQ(order, "12");
  world_->RunFor(10ms);
  EXPECT_EQ(order, "123");
  EXPECT_EQ(world_->counters().stalled_syncs, 1U);
}

TEST_F(DiskTest, NamesAreListedSortedAndMove) {
  Open("/data/b");
  Open("/data/a");
  EXPECT_TRUE(disk().MakeDirectories("/data/c/d").ok());
  EXPECT_EQ(disk().List("/data").value(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(disk().Rename("/data/a", "/data/c/a").ok());
  EXPECT_FALSE(disk().Exists("/data/a"));
  EXPECT_TRUE(disk().Remove("/data/c/a").ok());
  EXPECT_EQ(disk().Open("/data/none", Disk::OpenMode::kRead).status(),
            Status(Code::kNotFound, "open /data/none: no such file or directory"));
  EXPECT_EQ(disk().Open("/none/x", Disk::OpenMode::kCreate).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace kp::runtime::sim
