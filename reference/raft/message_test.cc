#include "reference/raft/message.h"

#include <gtest/gtest.h>

#include "reference/base/random.h"

namespace kp::raft {
namespace {

std::vector<Message> Samples() {
  Message append{
      .type = MessageType::kAppend, .from = 1, .to = 2, .term = 7, .index = 300, .log_term = 5, .commit = 299};
  append.entries = {{5, 301, EntryType::kNormal, MakeBuffer("data")},
                    {7, 302, EntryType::kConfiguration, MakeBuffer(std::string(200, 'x'))},
                    {7, 303, EntryType::kNormal, nullptr}};
  Message snapshot{.type = MessageType::kSnapshot, .from = 1, .to = 3, .term = 7};
  snapshot.snapshot.emplace();
  snapshot.snapshot->meta.index = 9;
  snapshot.snapshot->meta.term = 2;
  snapshot.snapshot->meta.configuration.voters = {1, 2, 3};
  snapshot.snapshot->meta.configuration.learners = {1ULL << 63};
  snapshot.snapshot->data = MakeBuffer("state");
  Message propose{.type = MessageType::kPropose, .from = 2, .to = 1};
  propose.entries.push_back({.data = MakeBuffer("p")});
  return {append,
          snapshot,
          propose,
          {.type = MessageType::kVote, .from = 3, .to = 1, .term = 8, .index = 303, .log_term = 7, .forced = true},
          {.type = MessageType::kAppendReply,
           .from = 3,
           .to = 1,
           .term = 8,
           .index = 4,
           .log_term = 1,
           .hint = 2,
           .reject = true},
          {.type = MessageType::kHeartbeat, .from = 3, .to = 1, .term = 8, .commit = 2, .context = UINT64_MAX}};
}

TEST(RaftMessage, EncodingIsReversible) {
  for (const Message& message : Samples()) {
    const auto decoded = DecodeMessage(EncodeMessage(message));
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    EXPECT_EQ(*decoded, message) << message.ToString();
  }
}

TEST(RaftMessage, EveryCutIsRefused) {
  for (const Message& message : Samples()) {
    const std::string bytes = EncodeMessage(message);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(DecodeMessage(bytes.substr(0, size)).ok()) << message.ToString() << " cut at " << size;
    }
    EXPECT_EQ(DecodeMessage(bytes + "x").status().message(), "raft: malformed message: trailing bytes");
  }
}

TEST(RaftMessage, FlippedBytesNeverCrashAndGiveSoundEntries) {
  for (const Message& message : Samples()) {
    const std::string bytes = EncodeMessage(message);
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (int flip = 1; flip < 256; flip <<= 1) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const auto decoded = DecodeMessage(damaged);
        if (!decoded.ok() || decoded->type != MessageType::kAppend) continue;
        for (size_t i = 0; i < decoded->entries.size(); ++i) {
          EXPECT_EQ(decoded->entries[i].index, decoded->index + 1 + i);
          EXPECT_LE(decoded->entries[i].term, decoded->term);
        }
      }
    }
  }
}

TEST(RaftMessage, NoiseIsRefusedWithAReason) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    const auto decoded = DecodeMessage(random.Bytes(random.Below(40)));
    if (decoded.ok()) continue;
    EXPECT_TRUE(decoded.error().message().starts_with("raft: malformed message: "));
  }
}

}  // namespace
}  // namespace kp::raft
