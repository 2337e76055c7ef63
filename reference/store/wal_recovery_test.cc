#include "reference/store/wal_recovery.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reference/store/snapshot_file.h"

namespace kp::store {
namespace {

raft::Entry MakeEntry(raft::Term term, raft::Index index, std::string data) {
  return {term, index, raft::EntryType::kNormal, raft::MakeBuffer(std::move(data))};
}

raft::Snapshot MakeSnapshot(raft::Index index, raft::Term term) {
  raft::Snapshot snapshot;
  snapshot.meta.index = index;
  snapshot.meta.term = term;
  snapshot.meta.configuration.voters = {1, 2, 3};
  snapshot.meta.configuration.learners = {9};
  snapshot.data = raft::MakeBuffer("the state");
  return snapshot;
}

// Two segments as Wal writes them, and the state after each batch.
struct SmallLog {
  std::vector<SegmentFile> files;
  std::vector<size_t> batch_file, batch_end;  // where each batch lies
  std::vector<raft::Recovered> after;         // after[i]: i batches are there

  WalPosition position;
  raft::Recovered state;

  enum Empty { kEmpty };
  explicit SmallLog(Empty) { after.push_back(state); }
  SmallLog() {
    after.push_back(state);
    NewSegment();
    Write({.term = 1, .vote = 2, .commit = 0}, {MakeEntry(1, 1, "one"), MakeEntry(1, 2, "two")});
    Write({.term = 1, .vote = 2, .commit = 1}, {MakeEntry(1, 3, "three")});
    Write({.term = 3, .vote = 1, .commit = 2}, {MakeEntry(3, 3, "other three")});
    NewSegment();
    Write({.term = 3, .vote = 1, .commit = 3}, {MakeEntry(3, 4, "four")});
    Write({.term = 4, .vote = 0, .commit = 3}, {MakeEntry(4, 5, ""), MakeEntry(4, 6, "six")});
  }

  // Of a file of `size` bytes that were zero, or one that grows.
  void NewSegment(uint64_t size = 0) {
    SegmentFile file{"segment-" + std::to_string(files.size() + 1), files.size() + 1, ""};
    file.bytes =
        EncodeSegmentHeader({file.number, position.previous_end, position.next_sequence, size, position.chain});
    files.push_back(std::move(file));
    starts = true;
  }

  void Write(raft::HardState hard_state, std::vector<raft::Entry> entries) {
    BatchWriter writer;
    if (starts) {
      writer.Add(WalMetadata{"member"});
      writer.Add(WalStart{position.last_index, position.last_term});
    }
    starts = false;
    for (const raft::Entry& entry : entries) {
      writer.Add(entry);
      std::erase_if(state.entries, [&](const raft::Entry& old) { return old.index >= entry.index; });
      state.entries.push_back(entry);
      position.last_index = entry.index;
      position.last_term = entry.term;
    }
    writer.Add(hard_state);
    state.hard_state = hard_state;
    auto batch = std::move(writer).Finish(position.next_sequence++, position.chain);
    files.back().bytes += batch.bytes;
    position.chain = batch.chain;
    position.previous_end = files.back().bytes.size();
    batch_file.push_back(files.size() - 1);
    batch_end.push_back(files.back().bytes.size());
    after.push_back(state);
  }

  // How many batches lie wholly before that byte.
  size_t BatchesBefore(size_t file, size_t offset) const {
    size_t count = 0;
    while (count < batch_end.size() &&
           (batch_file[count] < file || (batch_file[count] == file && batch_end[count] <= offset))) {
      ++count;
    }
    return count;
  }

 private:
  bool starts = false;
};

bool Same(const raft::Recovered& a, const raft::Recovered& b) {
  return a.hard_state == b.hard_state && a.entries == b.entries && a.start == b.start;
}

// Damage at one byte: an error, or a state that holds every batch before it and none that never was.
void ExpectSound(const SmallLog& log, const std::vector<SegmentFile>& files, size_t file, size_t offset) {
  const auto contents = RecoverWal(files, std::nullopt);
  if (!contents.ok()) {
    EXPECT_EQ(contents.error().code(), Code::kDataLoss);
    EXPECT_NE(contents.error().message().find(log.files[file].name), std::string::npos) << contents.error().message();
    return;
  }
  const size_t before = log.BatchesBefore(file, offset);
  const auto found = std::find_if(log.after.begin() + static_cast<ptrdiff_t>(before), log.after.end(),
                                  [&](const raft::Recovered& state) { return Same(state, contents->raft); });
  EXPECT_NE(found, log.after.end()) << "damage in file " << file << " at " << offset << " gave a state that never was";
}

TEST(WalRecovery, ReadsBackWhatWasWritten) {
  const SmallLog log;
  const auto contents = RecoverWal(log.files, std::nullopt);
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_TRUE(Same(contents->raft, log.after.back()));
  EXPECT_EQ(contents->metadata, "member");
  EXPECT_EQ(contents->torn_bytes, 0u);
  EXPECT_EQ(contents->position.next_sequence, 6u);
}

TEST(WalRecovery, AnyFlippedBitIsRefused) {
  const SmallLog log;
  for (size_t file = 0; file < log.files.size(); ++file) {
    for (size_t offset = 0; offset < log.files[file].bytes.size(); ++offset) {
      for (int bit = 0; bit < 8; bit += 3) {
        auto files = log.files;
        files[file].bytes[offset] = static_cast<char>(files[file].bytes[offset] ^ (1 << bit));
        const auto contents = RecoverWal(files, std::nullopt);
        ASSERT_FALSE(contents.ok()) << "flip in file " << file << " at " << offset;
        ASSERT_EQ(contents.error().code(), Code::kDataLoss);
        ASSERT_TRUE(contents.error().message().find(log.files[file].name) != std::string::npos ||
                    contents.error().message().find("does not follow") != std::string::npos)
            << contents.error().message();
      }
    }
  }
}

// One segment of zeros with two batches, the second over several sectors.
SmallLog MadeAhead() {
  SmallLog log(SmallLog::kEmpty);
  log.NewSegment(8192);
  log.Write({.term = 1, .vote = 2, .commit = 0}, {MakeEntry(1, 1, "one")});
  log.Write({.term = 1, .vote = 2, .commit = 1}, {MakeEntry(1, 2, std::string(3000, 'x'))});
  log.files[0].bytes.resize(8192, '\0');
  return log;
}

TEST(WalRecovery, ZerosBehindTheLastBatchAreItsEnd) {
  const SmallLog log = MadeAhead();
  const auto contents = RecoverWal(log.files, std::nullopt);
  ASSERT_TRUE(contents.ok()) << contents.error().message();
  EXPECT_TRUE(Same(contents->raft, log.after.back()));
  EXPECT_EQ(contents->torn_bytes, 0u);
}

// Sectors reach the device in any order; a cut leaves some of them as they were.
TEST(WalRecovery, AnyLostSectorsOfTheLastWriteAreAnUnfinishedWrite) {
  const SmallLog log = MadeAhead();
  const size_t first = log.batch_end[0] / 512;
  const size_t last = (log.batch_end[1] - 1) / 512;
  for (uint32_t lost = 1; lost < uint32_t{1} << (last - first + 1); ++lost) {
    auto files = log.files;
    for (size_t sector = first; sector <= last; ++sector) {
      if ((lost >> (sector - first) & 1) == 0) continue;
      for (size_t at = std::max(sector * 512, log.batch_end[0]); at < (sector + 1) * 512; ++at) files[0].bytes[at] = 0;
    }
    const auto contents = RecoverWal(files, std::nullopt);
    ASSERT_TRUE(contents.ok()) << "lost " << lost << ": " << contents.error().message();
    ASSERT_TRUE(Same(contents->raft, log.after[1])) << "lost " << lost;
  }
}

TEST(WalRecovery, AFlippedBitOfTheLastWriteIsNotAnUnfinishedWrite) {
  const SmallLog log = MadeAhead();
  for (size_t at = 0; at < log.batch_end[1]; ++at) {
    auto files = log.files;
    files[0].bytes[at] = static_cast<char>(files[0].bytes[at] ^ 0x20);
    ASSERT_FALSE(RecoverWal(files, std::nullopt).ok()) << "flip at " << at;
  }
}

TEST(WalRecovery, AFileMadeAheadThatWasCutShortIsRefused) {
  const SmallLog log = MadeAhead();
  for (const size_t size : {log.batch_end[0], log.batch_end[1], size_t{8191}}) {
    auto files = log.files;
    files[0].bytes.resize(size);
    const auto contents = RecoverWal(files, std::nullopt);
    ASSERT_FALSE(contents.ok()) << size;
    EXPECT_EQ(contents.error().message(), "wal: segment-1 offset " + std::to_string(size) + ": file cut short");
  }
}

TEST(WalRecovery, FlipBeforeALaterBatchIsAnErrorWithFileAndOffset) {
  const SmallLog log;
  auto files = log.files;
  const size_t second_batch = log.batch_end[0];
  files[0].bytes[second_batch + kBatchHeaderSize + 2] ^= 1;
  const auto contents = RecoverWal(files, std::nullopt);
  ASSERT_FALSE(contents.ok());
  EXPECT_EQ(contents.error().message(),
            "wal: segment-1 offset " + std::to_string(second_batch) + ": record checksum mismatch");
}

TEST(WalRecovery, TornTailIsLeftOutAndAllBeforeItKept) {
  const SmallLog log;
  const size_t whole = log.files[1].bytes.size();
  for (size_t size = 0; size < whole; ++size) {
    auto files = log.files;
    files[1].bytes.resize(size);
    ExpectSound(log, files, 1, size);
    const auto contents = RecoverWal(files, std::nullopt);
    if (size >= log.batch_end[3]) {
      ASSERT_TRUE(contents.ok()) << contents.error().message();
      EXPECT_TRUE(Same(contents->raft, log.after[4]));
    }
  }
}

TEST(WalRecovery, WritingGoesOnAfterATornTailThatStaysInTheFile) {
  SmallLog log;
  log.files[1].bytes += "KPB1 torn";
  const auto torn = RecoverWal(log.files, std::nullopt);
  ASSERT_TRUE(torn.ok());
  EXPECT_EQ(torn->torn_bytes, 9u);
  log.position = torn->position;
  log.NewSegment();
  log.Write({.term = 4, .vote = 3, .commit = 6}, {MakeEntry(4, 7, "seven")});
  const auto contents = RecoverWal(log.files, std::nullopt);
  ASSERT_TRUE(contents.ok()) << contents.error().message();
  EXPECT_TRUE(Same(contents->raft, log.state));
}

TEST(WalRecovery, AMissingSegmentIsAnErrorUnlessASnapshotCoversIt) {
  SmallLog log;
  const std::vector<SegmentFile> second(log.files.begin() + 1, log.files.end());
  const auto lost = RecoverWal(second, std::nullopt);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().message(), "wal: the log begins after entry 3, the newest snapshot ends at 0");

  const raft::Snapshot snapshot = MakeSnapshot(3, 3);
  const auto contents = RecoverWal(second, snapshot);
  ASSERT_TRUE(contents.ok()) << contents.error().message();
  EXPECT_EQ(contents->raft.start, snapshot.meta);
  EXPECT_EQ(contents->raft.entries.size(), 3u);
}

TEST(WalRecovery, ASnapshotThatContradictsTheLogReplacesIt) {
  const SmallLog log;
  const raft::Snapshot snapshot = MakeSnapshot(5, 9);
  const auto contents = RecoverWal(log.files, snapshot);
  ASSERT_TRUE(contents.ok()) << contents.error().message();
  EXPECT_TRUE(contents->raft.entries.empty());
  EXPECT_EQ(contents->position.last_index, 5u);
  EXPECT_EQ(contents->position.last_term, 9u);
}

TEST(SnapshotFile, AnyDamageIsNoticed) {
  const raft::Snapshot snapshot = MakeSnapshot(300, 7);
  const std::string bytes = EncodeSnapshotFile(snapshot);
  ASSERT_TRUE(DecodeSnapshotFile(bytes).ok());
  EXPECT_EQ(*DecodeSnapshotFile(bytes), snapshot);
  for (size_t offset = 0; offset < bytes.size(); ++offset) {
    std::string damaged = bytes;
    damaged[offset] ^= 0x10;
    EXPECT_FALSE(DecodeSnapshotFile(damaged).ok()) << "flip at " << offset;
    EXPECT_FALSE(DecodeSnapshotFile(bytes.substr(0, offset)).ok()) << "cut at " << offset;
  }
  EXPECT_EQ(SnapshotFileIndex(SnapshotFileName(snapshot.meta)), 300u);
}

}  // namespace
}  // namespace kp::store
