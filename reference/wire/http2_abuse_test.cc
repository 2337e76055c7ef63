// What a hostile peer can make a session hold or do: each in numbers.
#include <gtest/gtest.h>

#include "reference/wire/http2.h"

namespace kp::wire {
namespace {

class Quiet : public Http2Events {
 public:
  void OnHead(int32_t, Http2Head head) override {
    ++heads;
    for (const auto& [name, value] : head.headers.fields()) header_bytes += name.size() + value.size();
  }
  void OnData(int32_t, std::string_view bytes) override { data += bytes.size(); }
  void OnTrailers(int32_t, Headers) override {}
  void OnEnd(int32_t) override {}
  void OnStreamClosed(int32_t, uint32_t) override { ++closed; }
  int heads = 0;
  int closed = 0;
  size_t data = 0;
  size_t header_bytes = 0;
};

void Append(std::string& out, uint32_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame;
  Append(frame, static_cast<uint32_t>(payload.size()), 3);
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  Append(frame, stream, 4);
  frame.append(payload);
  return frame;
}

enum : uint8_t { kData, kHeaders, kPriority, kReset, kSettings, kPush, kPing, kGoaway, kWindow, kContinuation };
// :method GET, :scheme http, :path / from the static table, and an :authority.
const std::string kBlock = std::string("\x82\x86\x84\x41\x01h", 6);

class Http2Abuse : public ::testing::Test {
 protected:
  Http2Abuse() {
    EXPECT_TRUE(Say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, "")).ok());
    Drain();
  }
  Status Say(const std::string& bytes) { return server_.Receive(bytes, Time()); }
  size_t Drain() {
    std::string out;
    server_.Pull(64 << 20, &out);
    return out.size();
  }
  // How often `frame` is taken before the session ends; never more than `most`.
  int TakenBeforeTheEnd(const std::function<std::string(int)>& frame, int most) {
    for (int i = 0; i < most; ++i) {
      if (!Say(frame(i)).ok()) return i;
    }
    return most;
  }

  Quiet events_;
  Http2Session server_{Http2Session::Role::kServer, {}, &events_};
};

TEST_F(Http2Abuse, FloodsOfControlFramesEndTheSession) {
  const int burst = static_cast<int>(Http2Limits().control_burst);
  const struct {
    const char* name;
    std::string frame;
  } floods[] = {
      {"ping", Frame(kPing, 0, 0, std::string(8, 'p'))},
      {"settings", Frame(kSettings, 0, 0, "")},
      {"priority", Frame(kPriority, 0, 1, std::string(5, '\0'))},
  };
  for (const auto& flood : floods) {
    Quiet events;
    Http2Session server(Http2Session::Role::kServer, {}, &events);
    ASSERT_TRUE(server.Receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, ""), Time()).ok());
    int taken = 0;
    while (taken < 10 * burst && server.Receive(flood.frame, Time()).ok()) ++taken;
    EXPECT_LE(taken, burst) << flood.name;
  }
}

TEST_F(Http2Abuse, RequestsThatAreResetAtOnceEndTheSession) {
  const int taken = TakenBeforeTheEnd(
      [](int i) {
        const auto id = static_cast<uint32_t>(2 * i + 1);
        return Frame(kHeaders, 5, id, kBlock) + Frame(kReset, 0, id, std::string("\0\0\0\x08", 4));
      },
      100000);
  EXPECT_LE(taken, static_cast<int>(Http2Limits().control_burst));
}

TEST_F(Http2Abuse, EmptyDataFramesEndTheSession) {
  ASSERT_TRUE(Say(Frame(kHeaders, 4, 1, kBlock)).ok());
  const int taken = TakenBeforeTheEnd([](int) { return Frame(kData, 0, 1, ""); }, 100000);
  EXPECT_LE(taken, static_cast<int>(Http2Limits().control_burst));
}

// A header block without an end (CVE-2024-28182).
TEST_F(Http2Abuse, ContinuationsWithoutEndEndTheSession) {
  ASSERT_TRUE(Say(Frame(kHeaders, 0, 1, kBlock)).ok());
  // Literal fields, not indexed: "a: <100 bytes>".
  const std::string field = std::string(
                                "\0\x01"
                                "a"
                                "\x64",
                                4) +
                            std::string(100, 'x');
  const int taken = TakenBeforeTheEnd([&](int) { return Frame(kContinuation, 0, 1, field); }, 100000);
  EXPECT_LT(taken, 1000);
}

// Fields over the limit are counted and dropped, not kept.
TEST_F(Http2Abuse, HugeHeadersAreNotKept) {
  std::string block = kBlock;
  for (int i = 0; i < 150; ++i) {
    block += std::string(
                 "\0\x01"
                 "a"
                 "\x64",
                 4) +
             std::string(100, 'x');
  }
  for (int i = 0; i < 6; ++i) block += block.substr(kBlock.size(), 15000);
  ASSERT_LT(block.size(), size_t{16384} * 8);
  std::string frames = Frame(kHeaders, 1, 1, block.substr(0, 16000));
  for (size_t at = 16000; at < block.size(); at += 16000) {
    frames += Frame(kContinuation, at + 16000 >= block.size() ? 4 : 0, 1, block.substr(at, 16000));
  }
  (void)Say(frames);
  // Told of at most once, as too large; nghttp2 may end the stream before.
  EXPECT_LE(events_.heads, 1);
  EXPECT_LE(events_.header_bytes, Http2Limits().header_bytes);
}

TEST_F(Http2Abuse, MoreStreamsThanAllowedAreRefused) {
  Quiet events;
  Http2Session server(Http2Session::Role::kServer, {.max_concurrent_streams = 10}, &events);
  std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, "");
  ASSERT_TRUE(server.Receive(bytes, Time()).ok());
  std::string out;
  server.Pull(1 << 20, &out);
  ASSERT_TRUE(server.Receive(Frame(kSettings, 1, 0, ""), Time()).ok());
  for (uint32_t i = 0; i < 1000; ++i) (void)server.Receive(Frame(kHeaders, 4, 2 * i + 1, kBlock), Time());
  EXPECT_EQ(events.heads, 10);
}

TEST_F(Http2Abuse, AWindowThatOverflowsEndsTheSession) {
  ASSERT_TRUE(Say(Frame(kWindow, 0, 0, std::string("\x7f\xff\x00\x00", 4))).ok());
  (void)Say(Frame(kWindow, 0, 0, std::string("\x7f\xff\xff\xff", 4)));
  Drain();
  EXPECT_TRUE(server_.Finished());
}

// A window that opens a byte at a time: one small frame for each, and nothing piles up.
TEST_F(Http2Abuse, AWindowOfSingleBytesSendsSingleBytes) {
  ASSERT_TRUE(Say(Frame(kSettings, 0, 0, std::string("\0\x04\0\0\0\0", 6)) + Frame(kHeaders, 5, 1, kBlock)).ok());
  server_.SubmitResponse(1, 200, {}, false);
  server_.SubmitData(1, Share(std::string(100000, 'x')));
  Drain();
  EXPECT_EQ(server_.BufferedBytes(), 100000u);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Say(Frame(kWindow, 0, 1, std::string("\0\0\0\x01", 4))).ok());
    EXPECT_EQ(Drain(), 10u);
  }
  EXPECT_EQ(server_.BufferedBytes(), 99000u);
}

TEST_F(Http2Abuse, BytesOfAStreamThatIsGoneAreForgotten) {
  ASSERT_TRUE(Say(Frame(kHeaders, 5, 1, kBlock)).ok());
  server_.SubmitResponse(1, 200, {}, false);
  for (int i = 0; i < 100; ++i) server_.SubmitData(1, Share(std::string(10000, 'x')));
  EXPECT_EQ(server_.BufferedBytes(), 1000000u);
  ASSERT_TRUE(Say(Frame(kReset, 0, 1, std::string("\0\0\0\x08", 4))).ok());
  EXPECT_EQ(server_.BufferedBytes(), 0u);
}

}  // namespace
}  // namespace kp::wire
