#include "reference/wire/http1.h"

#include <gtest/gtest.h>

#include <vector>

namespace kp::wire {
namespace {

struct Message {
  Http1Head head;
  std::string body;
  bool complete = false;
};

class Collector : public Http1Events {
 public:
  void OnHead(Http1Head head) override { messages.push_back({std::move(head), "", false}); }
  void OnBody(std::string_view bytes) override { messages.back().body += bytes; }
  void OnMessageEnd() override { messages.back().complete = true; }
  std::vector<Message> messages;
};

// Feeds everything, `step` bytes at a time, over message ends.
void FeedAll(Http1Parser& parser, std::string_view bytes, size_t step) {
  while (!bytes.empty() && parser.error() == Http1Error::kNone) {
    bytes.remove_prefix(parser.Feed(bytes.substr(0, step)));
  }
}

TEST(Http1, ReadsPipelinedRequestsHoweverTheyAreCut) {
  const std::string bytes =
      "POST /a?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"
      "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  for (size_t step = 1; step < bytes.size(); ++step) {
    Collector seen;
    Http1Parser parser(Http1Parser::Role::kServer, {}, &seen);
    FeedAll(parser, bytes, step);
    ASSERT_EQ(seen.messages.size(), 2u) << step;
    EXPECT_EQ(seen.messages[0].head.target, "/a?x=1");
    EXPECT_EQ(seen.messages[0].head.headers.Get("x-a"), "b");
    EXPECT_EQ(seen.messages[0].body, "hello");
    EXPECT_TRUE(seen.messages[0].head.keep_alive);
    EXPECT_TRUE(seen.messages[1].complete);
    EXPECT_FALSE(seen.messages[1].head.keep_alive);
  }
}

TEST(Http1, StopsBehindEachMessage) {
  Collector seen;
  Http1Parser parser(Http1Parser::Role::kServer, {}, &seen);
  const std::string one = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(parser.Feed(one + one), one.size());
  EXPECT_EQ(seen.messages.size(), 1u);
}

TEST(Http1, ReadsItsOwnChunks) {
  std::string bytes = Http1ResponseHead(200, {{"transfer-encoding", "chunked"}});
  AppendHttp1Chunk("watch ", &bytes);
  AppendHttp1Chunk("", &bytes);
  AppendHttp1Chunk(std::string(300, 'x'), &bytes);
  bytes += kHttp1LastChunk;
  Collector seen;
  Http1Parser parser(Http1Parser::Role::kClient, {}, &seen);
  FeedAll(parser, bytes, 7);
  ASSERT_EQ(seen.messages.size(), 1u);
  EXPECT_TRUE(seen.messages[0].complete);
  EXPECT_EQ(seen.messages[0].body, "watch " + std::string(300, 'x'));
}

TEST(Http1, BodyWithoutLengthEndsWithTheConnection) {
  Collector seen;
  Http1Parser parser(Http1Parser::Role::kClient, {}, &seen);
  FeedAll(parser, "HTTP/1.0 200 OK\r\n\r\nall of it", 100);
  EXPECT_FALSE(seen.messages[0].complete);
  EXPECT_TRUE(parser.FeedEnd());
  EXPECT_EQ(seen.messages[0].body, "all of it");
}

TEST(Http1, AnswerToHeadHasNoBody) {
  Collector seen;
  Http1Parser parser(Http1Parser::Role::kClient, {}, &seen);
  parser.ExpectNoBody();
  FeedAll(parser, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 1000);
  ASSERT_EQ(seen.messages.size(), 2u);
  EXPECT_TRUE(seen.messages[0].complete);
}

TEST(Http1, RefusesWhatIsMalformedOrTooLarge) {
  struct Case {
    std::string bytes;
    Http1Error error;
  };
  const Case cases[] = {
      {"\x16\x03\x01 GET", Http1Error::kMalformed},
      {"GET / HTTP/1.1\r\n\r\n", Http1Error::kMalformed},  // no host
      {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Http1Error::kMalformed},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Http1Error::kMalformed},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Http1Error::kMalformed},
      {"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", Http1Error::kHeadersTooLarge},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(2000, 'a') + "\r\n\r\n", Http1Error::kHeadersTooLarge},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", Http1Error::kBodyTooLarge},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'a'),
       Http1Error::kBodyTooLarge},
  };
  for (const Case& c : cases) {
    Collector seen;
    Http1Parser parser(Http1Parser::Role::kServer, {.header_bytes = 1000, .body_bytes = 100}, &seen);
    FeedAll(parser, c.bytes, 64);
    EXPECT_EQ(parser.error(), c.error) << c.bytes;
  }
}

TEST(Http1, LineBreakInAValueCannotEndTheHeader) {
  const std::string head = Http1ResponseHead(200, {{"location", "/a\r\nset-cookie: evil"}});
  EXPECT_EQ(head, "HTTP/1.1 200 OK\r\nlocation: /a  set-cookie: evil\r\n\r\n");
}

TEST(ParseTarget, DecodesPathAndQuery) {
  auto target = ParseTarget("/api/v1/na%20me?labelSelector=a%3Db%2Cc&watch=True&empty&x=1+2");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/api/v1/na me");
  const std::vector<std::pair<std::string, std::string>> query = {
      {"labelSelector", "a=b,c"}, {"watch", "True"}, {"empty", ""}, {"x", "1 2"}};
  EXPECT_EQ(target->query, query);
  EXPECT_EQ(ParseTarget("http://h:1/p?q=1")->path, "/p");
  EXPECT_FALSE(ParseTarget("/%zz").ok());
  EXPECT_FALSE(ParseTarget("relative").ok());
}

}  // namespace
}  // namespace kp::wire
