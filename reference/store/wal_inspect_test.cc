#include "reference/store/wal_inspect.h"

#include <gtest/gtest.h>

namespace kp::store {
namespace {

// One segment of zeros with `batches` of one entry each.
SegmentFile Log(int batches, std::vector<size_t>& ends) {
  SegmentFile file{"one", 1, EncodeSegmentHeader({.number = 1, .first_sequence = 1, .size = 4096})};
  uint32_t chain = 0;
  for (int i = 1; i <= batches; ++i) {
    BatchWriter writer;
    if (i == 1) {
      writer.Add(WalMetadata{"id"});
      writer.Add(WalStart{});
    }
    writer.Add(raft::Entry{1, static_cast<raft::Index>(i), raft::EntryType::kNormal, raft::MakeBuffer("entry")});
    auto batch = std::move(writer).Finish(static_cast<uint64_t>(i), chain);
    chain = batch.chain;
    file.bytes += batch.bytes;
    ends.push_back(file.bytes.size());
  }
  file.bytes.resize(4096, '\0');
  return file;
}

TEST(WalInspect, ShowsEveryWriteWithItsPlace) {
  std::vector<size_t> ends;
  const WalInspection found = InspectWal({Log(3, ends)});
  ASSERT_FALSE(found.damage);
  ASSERT_EQ(found.segments.size(), 1u);
  ASSERT_EQ(found.segments[0].batches.size(), 3u);
  EXPECT_EQ(found.segments[0].batches[1].offset, ends[0]);
  EXPECT_EQ(found.segments[0].end, ends[2]);
  EXPECT_EQ(found.segments[0].unfinished_bytes, 0u);
}

TEST(WalInspect, TellsDamageInTheLastWriteFromDamageBeforeIt) {
  std::vector<size_t> ends;
  const SegmentFile log = Log(3, ends);
  for (size_t batch = 0; batch < 3; ++batch) {
    SegmentFile damaged = log;
    damaged.bytes[ends[batch] - 6] ^= 1;
    const WalInspection found = InspectWal({damaged});
    ASSERT_TRUE(found.damage);
    EXPECT_EQ(found.damage->offset, batch == 0 ? kSegmentHeaderSize : ends[batch - 1]);
    EXPECT_EQ(found.damage->in_last_write, batch == 2);
    // What a member says at its start is the same.
    const auto recovered = RecoverWal({damaged}, std::nullopt);
    ASSERT_FALSE(recovered.ok());
    EXPECT_NE(
        recovered.error().message().find("offset " + std::to_string(found.damage->offset) + ": " + found.damage->what),
        std::string::npos)
        << recovered.error().message();
  }
}

}  // namespace
}  // namespace kp::store
