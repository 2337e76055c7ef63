#include "reference/wire/http2.h"

#include <gtest/gtest.h>

#include <map>

#include "reference/base/mutant.h"

namespace kp::wire {
namespace {

class Side : public Http2Events {
 public:
  explicit Side(Http2Session::Role role, const Http2Limits& limits = {}) : session(role, limits, this) {}
  void OnHead(int32_t stream, Http2Head head) override { heads[stream] = std::move(head); }
  void OnData(int32_t stream, std::string_view bytes) override { bodies[stream] += bytes; }
  void OnTrailers(int32_t stream, Headers fields) override { trailers[stream] = std::move(fields); }
  void OnEnd(int32_t stream) override { ended[stream] = true; }
  void OnStreamClosed(int32_t stream, uint32_t code) override { closed[stream] = code; }
  void OnPong() override { ++pongs; }

  std::map<int32_t, Http2Head> heads;
  std::map<int32_t, std::string> bodies;
  std::map<int32_t, Headers> trailers;
  std::map<int32_t, bool> ended;
  std::map<int32_t, uint32_t> closed;
  int pongs = 0;
  Http2Session session;
};

class Http2 : public ::testing::Test {
 protected:
  // Carries bytes both ways until neither side has any, in pieces of `step`.
  void Exchange(size_t step = 1000) {
    for (int i = 0; i < 1000; ++i) {
      if (!Carry(client, server, step) && !Carry(server, client, step)) return;
    }
    FAIL() << "the sides never fall silent";
  }
  static bool Carry(Side& from, Side& to, size_t step) {
    std::string bytes;
    from.session.Pull(1 << 20, &bytes);
    for (size_t at = 0; at < bytes.size(); at += step) {
      EXPECT_TRUE(to.session.Receive(std::string_view(bytes).substr(at, step), Time()).ok());
    }
    return !bytes.empty();
  }
  int32_t Request(bool end = true) {
    return *client.session.SubmitRequest({.method = "GET", .target = "/x", .scheme = "http", .authority = "h"}, end);
  }

  Side client{Http2Session::Role::kClient};
  Side server{Http2Session::Role::kServer};
};

TEST_F(Http2, CarriesRequestBodyResponseAndTrailers) {
  const int32_t id = Request(false);
  client.session.SubmitData(id, Share("ping "));
  client.session.SubmitData(id, Share("pong"));
  client.session.SubmitEnd(id);
  Exchange(3);
  EXPECT_EQ(server.heads[id].target, "/x");
  EXPECT_EQ(server.heads[id].authority, "h");
  EXPECT_EQ(server.bodies[id], "ping pong");
  EXPECT_TRUE(server.ended[id]);

  server.session.SubmitResponse(id, 200, {{"content-type", "application/grpc"}}, false);
  server.session.SubmitData(id, Share("answer"));
  server.session.SubmitTrailers(id, std::make_shared<Headers>(Headers{{"grpc-status", "0"}}));
  Exchange();
  EXPECT_EQ(client.heads[id].status, 200);
  EXPECT_EQ(client.bodies[id], "answer");
  EXPECT_EQ(client.trailers[id].Get("grpc-status"), "0");
  EXPECT_EQ(client.closed.at(id), 0u);
  EXPECT_EQ(server.closed.at(id), 0u);
}

TEST_F(Http2, BodyLargerThanTheWindowsArrivesWhole) {
  const int32_t id = Request();
  Exchange();
  std::string body(40 << 20, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 >> 3);
  server.session.SubmitResponse(id, 200, {}, false);
  server.session.SubmitData(id, Share(body));
  server.session.SubmitEnd(id);
  Exchange(100000);
  EXPECT_EQ(client.bodies[id].size(), body.size());
  EXPECT_TRUE(client.bodies[id] == body);
  EXPECT_TRUE(client.ended[id]);
}

TEST_F(Http2, DataWaitsForTheReceiversWindow) {
  Side small(Http2Session::Role::kClient, {.stream_window = 1000});
  const int32_t id =
      *small.session.SubmitRequest({.method = "GET", .target = "/", .scheme = "http", .authority = "h"}, true);
  Carry(small, server, 1000);
  server.session.SubmitResponse(id, 200, {}, false);
  server.session.SubmitData(id, Share(std::string(5000, 'x')));
  std::string out;
  server.session.Pull(1 << 20, &out);
  EXPECT_EQ(server.session.BufferedBytes(id), 4000u);
}

// What one request with these fields comes to: "taken", or the code of its reset.
std::string Outcome(const Http2Limits& limits, Http2Head head) {
  Side client(Http2Session::Role::kClient);
  Side server(Http2Session::Role::kServer, limits);
  const auto id = client.session.SubmitRequest(head, true);
  for (int i = 0; i < 4; ++i) {
    std::string bytes;
    client.session.Pull(1 << 20, &bytes);
    EXPECT_TRUE(server.session.Receive(bytes, Time()).ok());
    bytes.clear();
    server.session.Pull(1 << 20, &bytes);
    EXPECT_TRUE(client.session.Receive(bytes, Time()).ok());
  }
  return server.heads.contains(*id) ? "taken" : "reset " + std::to_string(client.closed[*id]);
}

TEST(Http2Requests, AuthorityMayBeAnythingOnlyWhereAsked) {
  const Http2Head url{.method = "POST", .target = "/x", .scheme = "http", .authority = "http://10.0.0.1:2379"};
  EXPECT_EQ(Outcome({}, url), "reset 1");
  EXPECT_EQ(Outcome({.any_authority = true}, url), "taken");
}

TEST(Http2Requests, OtherRulesHoldWithAnyAuthority) {
  const Http2Head good{.method = "POST", .target = "/x", .scheme = "http", .authority = "h"};
  const auto with = [&](const char* name, const char* value) {
    Http2Head head = good;
    head.headers.Add(name, value);
    return Outcome({.any_authority = true}, head);
  };
  EXPECT_EQ(with("te", "trailers"), "taken");
  EXPECT_EQ(with("te", "gzip"), "reset 1");
  EXPECT_EQ(with("upgrade", "h2c"), "reset 1");
  EXPECT_EQ(with("bad name", "x"), "reset 1");
  EXPECT_EQ(with("name", "a\nb"), "reset 1");
  EXPECT_EQ(with(":path", "/again"), "reset 1");
  Http2Head no_path = good;
  no_path.target = "";
  EXPECT_EQ(Outcome({.any_authority = true}, no_path), "reset 1");
}

TEST_F(Http2, ResetReachesTheOtherSide) {
  const int32_t id = Request();
  Exchange();
  client.session.Reset(id, kHttp2Cancel);
  Exchange();
  EXPECT_EQ(server.closed.at(id), kHttp2Cancel);
  server.session.SubmitData(id, Share("too late"));  // nothing happens
  Exchange();
}

TEST_F(Http2, EarlyAnswerReleasesTheClientFromItsBody) {
  const int32_t id = Request(false);
  client.session.SubmitData(id, Share("part"));
  Exchange();
  server.session.SubmitResponse(id, 413, {}, true);
  Exchange();
  EXPECT_EQ(client.heads[id].status, 413);
  client.session.SubmitData(id, Share(std::string(9 << 20, 'x')));
  Exchange();
  EXPECT_EQ(client.closed.at(id), kHttp2NoError);
}

TEST_F(Http2, PingIsAnswered) {
  client.session.Ping();
  Exchange();
  EXPECT_EQ(client.pongs, 1);
}

TEST_F(Http2, HeadersOverTheLimitAreMarked) {
  Side strict(Http2Session::Role::kServer, {.header_bytes = 500});
  const int32_t id = *client.session.SubmitRequest(
      {.method = "GET", .target = "/", .scheme = "http", .authority = "h", .headers = {{"a", std::string(600, 'x')}}},
      true);
  Carry(client, strict, 1000);
  EXPECT_TRUE(strict.heads[id].too_large);
}

TEST_F(Http2, FloodOfResetsEndsTheSession) {
  Status status;
  int sent = 0;
  while (status.ok() && sent < 10000) {
    const int32_t id = Request();
    std::string bytes;
    client.session.Pull(1 << 20, &bytes);
    client.session.Reset(id, kHttp2Cancel);
    client.session.Pull(1 << 20, &bytes);
    ++sent;
    status = server.session.Receive(bytes, Time());
    bytes.clear();
    server.session.Pull(1 << 20, &bytes);
  }
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_GT(sent, 1000);
}

TEST_F(Http2, GarbageEndsTheSession) {
  EXPECT_FALSE(server.session.Receive("GET / HTTP/1.1\r\nHost: h\r\n\r\n", Time()).ok());
}

TEST_F(Http2, MutantDropsTheTailOfData) {
  SetActiveMutant("http2-drops-data-frame-tail");
  const int32_t id = Request(false);
  client.session.SubmitData(id, Share(std::string(10000, 'x')));
  Exchange(1 << 20);
  SetActiveMutant("");
  EXPECT_LT(server.bodies[id].size(), 10000u);
}

}  // namespace
}  // namespace kp::wire
