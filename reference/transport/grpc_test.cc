#include "reference/transport/grpc.h"

#include <gtest/gtest.h>

#include <optional>

#include "reference/base/mutant.h"
#include "reference/transport/test_stage.h"

namespace kp::transport {
namespace {

using Mode = TlsOptions::Mode;

// Answers each message twice; "end" finishes with a status.
class Echo : public GrpcServerStreamHandler {
 public:
  Echo(std::shared_ptr<GrpcServerStream> stream, bool* ended) : stream_(std::move(stream)), ended_(ended) {}
  void OnMessage(std::string_view message) override {
    if (message == "end") return stream_->Finish({Code::kAborted, "asked to"});
    for (int i = 0; i < 2; ++i) stream_->Send(wire::Share(std::string(message)));
  }
  void OnHalfClose() override { stream_->Finish({}); }
  void OnEnd() override { *ended_ = true; }

 private:
  std::shared_ptr<GrpcServerStream> stream_;
  bool* ended_;
};

struct Recorder : GrpcClientStreamHandler {
  void OnMessage(std::string_view message) override { messages.emplace_back(message); }
  void OnEnd(const Status& status) override { end = status; }
  std::vector<std::string> messages;
  std::optional<Status> end;
};

class Grpc : public ::testing::TestWithParam<StageParameter> {
 protected:
  void SetUp() override {
    stage.emplace(GetParam());
    GrpcServices services;
    services.unary["/test.S/Upper"] = [](const GrpcContext&, std::string_view request,
                                         Completion<Result<std::string>> reply) {
      if (request == "fail") return reply(Status(Code::kNotFound, "no 100% such thing\n"));
      reply("<" + std::string(request) + ">");
    };
    services.unary["/test.S/Hold"] = [this](const GrpcContext& context, std::string_view,
                                            Completion<Result<std::string>> reply) {
      timeout = context.timeout;
      metadata = context.metadata;
      peer = context.peer;
      held.push_back(std::move(reply));
    };
    services.streams["/test.S/Echo"] = [this](std::shared_ptr<GrpcServerStream> stream) {
      return std::make_unique<Echo>(std::move(stream), &stream_ended);
    };
    GrpcServerOptions options{.http = {.tls = stage->ServerTls()}, .max_message = 1 << 20};
    options.fallback = [](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
      responder->Send(200, {}, request.path + " is not gRPC");
    };
    server = std::move(*GrpcServer::Create(stage->server(), options, std::move(services)));
    ASSERT_TRUE(server->Listen(stage->AnyPort()).ok());
    GrpcChannelOptions channel_options;
    channel_options.http = {.endpoints = {server->Address()}, .tls = stage->ClientTls()};
    channel = std::move(*GrpcChannel::Create(stage->client(), channel_options));
  }

  Result<std::string> Call(const std::string& method, std::string request, Duration timeout = 5s) {
    std::optional<Result<std::string>> answer;
    channel->Unary(method, std::move(request), {{"m-bin", std::string("\0\1", 2)}}, timeout,
                   [&answer](Result<std::string> reply) { answer = std::move(reply); });
    EXPECT_FALSE(answer) << "answered from inside the call";
    EXPECT_TRUE(stage->Until([&] { return answer.has_value(); }));
    return *answer;
  }

  std::optional<Stage> stage;
  std::unique_ptr<GrpcServer> server;
  std::unique_ptr<GrpcChannel> channel;
  std::vector<Completion<Result<std::string>>> held;
  Duration timeout{};
  Headers metadata;
  PeerIdentity peer;
  bool stream_ended = false;
};

TEST_P(Grpc, UnaryCallsAreAnswered) {
  EXPECT_EQ(*Call("/test.S/Upper", "a"), "<a>");
  EXPECT_EQ(*Call("/test.S/Upper", ""), "<>");
  const std::string large(900'000, 'x');
  EXPECT_EQ(Call("/test.S/Upper", large)->size(), large.size() + 2);
}

TEST_P(Grpc, ErrorsCarryCodeAndText) {
  EXPECT_EQ(Call("/test.S/Upper", "fail").status(), Status(Code::kNotFound, "no 100% such thing\n"));
  EXPECT_EQ(Call("/test.S/Nothing", "").status(),
            Status(Code::kUnimplemented, "unknown method Nothing for service test.S"));
  EXPECT_EQ(Call("/other.S/Get", "").status(), Status(Code::kUnimplemented, "unknown service other.S"));
  EXPECT_EQ(Call("/test.S/Upper", std::string((1 << 20) + 1, 'x')).status(),
            Status(Code::kResourceExhausted, "grpc: received message larger than max (1048577 vs. 1048576)"));
}

TEST_P(Grpc, DeadlineIsToldAndKept) {
  ASSERT_TRUE(Call("/test.S/Upper", "").ok());  // connects, which may take long on a busy machine
  EXPECT_EQ(Call("/test.S/Hold", "", 100ms).status().code(), Code::kDeadlineExceeded);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(timeout, 100ms);
  held[0](std::string("too late"));
  EXPECT_EQ(*Call("/test.S/Upper", "still works"), "<still works>");
}

TEST_P(Grpc, ContextHoldsMetadataAndPeer) {
  channel->Unary("/test.S/Hold", "", {{"m-bin", std::string("\0\1", 2)}}, 5s, [](Result<std::string>) {});
  ASSERT_TRUE(stage->Until([&] { return held.size() == 1; }));
  EXPECT_EQ(metadata.Get("m-bin"), std::string("\0\1", 2));
  EXPECT_EQ(peer.common_name, GetParam().mode == Mode::kNone ? "" : "jane");
}

TEST_P(Grpc, StreamsRunBothWays) {
  Recorder seen;
  auto stream = channel->OpenStream("/test.S/Echo", {}, &seen);
  stream->Send("a");
  ASSERT_TRUE(stage->Until([&] { return seen.messages.size() == 2; }));
  stream->Send(std::string(200'000, 'b'));
  ASSERT_TRUE(stage->Until([&] { return seen.messages.size() == 4; }));
  EXPECT_EQ(seen.messages[0], "a");
  EXPECT_EQ(seen.messages[3].size(), 200'000u);
  EXPECT_FALSE(seen.end);
  stream->CloseSend();
  ASSERT_TRUE(stage->Until([&] { return seen.end.has_value() && stream_ended; }));
  EXPECT_TRUE(seen.end->ok()) << seen.end->ToString();
}

TEST_P(Grpc, ServerEndsAStreamWithAStatus) {
  Recorder seen;
  auto stream = channel->OpenStream("/test.S/Echo", {}, &seen);
  stream->Send("end");
  ASSERT_TRUE(stage->Until([&] { return seen.end.has_value() && stream_ended; }));
  EXPECT_EQ(*seen.end, Status(Code::kAborted, "asked to"));
  stream->Send("nobody");
}

TEST_P(Grpc, CancelledStreamEndsAtTheServer) {
  Recorder seen;
  auto stream = channel->OpenStream("/test.S/Echo", {}, &seen);
  stream->Send("a");
  ASSERT_TRUE(stage->Until([&] { return seen.messages.size() == 2; }));
  stream.reset();
  ASSERT_TRUE(stage->Until([&] { return stream_ended; }));
  EXPECT_FALSE(seen.end) << "called after it was destroyed";
}

TEST_P(Grpc, StreamSurvivesItsChannel) {
  Recorder seen;
  auto stream = channel->OpenStream("/test.S/Echo", {}, &seen);
  channel.reset();
  stream->Send("a");
  stream.reset();
  EXPECT_FALSE(seen.end);
}

TEST_P(Grpc, UnreachableServerIsUnavailable) {
  server.reset();
  EXPECT_EQ(Call("/test.S/Upper", "a").status().code(), Code::kUnavailable);
}

TEST_P(Grpc, LostServerFailsCallsUnderWay) {
  std::optional<Result<std::string>> answer;
  channel->Unary("/test.S/Hold", "", {}, 5s, [&](Result<std::string> reply) { answer = std::move(reply); });
  Recorder seen;
  auto stream = channel->OpenStream("/test.S/Echo", {}, &seen);
  ASSERT_TRUE(stage->Until([&] { return held.size() == 1; }));
  server.reset();
  ASSERT_TRUE(stage->Until([&] { return answer.has_value() && seen.end.has_value(); }));
  EXPECT_EQ(answer->status().code(), Code::kUnavailable);
  EXPECT_EQ(seen.end->code(), Code::kUnavailable);
}

TEST_P(Grpc, OtherRequestsFallThrough) {
  auto http = std::move(*HttpClient::Create(
      stage->client(), {.endpoints = {server->Address()}, .tls = stage->ClientTls(), .http2 = false}));
  std::string body;
  http->Send({.target = "/health"}, [&](Result<HttpResponse> response) { body = response->body; });
  ASSERT_TRUE(stage->Until([&] { return !body.empty(); }));
  EXPECT_EQ(body, "/health is not gRPC");
}

INSTANTIATE_TEST_SUITE_P(All, Grpc,
                         ::testing::Values(StageParameter{"posix", Mode::kNone, true},
                                           StageParameter{"posix", Mode::kTls, true},
                                           StageParameter{"sim", Mode::kNone, true},
                                           StageParameter{"sim", Mode::kPassThrough, true}));

// A server that ends a call without a status, as a broken proxy would.
TEST(GrpcChannel, ResponseWithoutStatusIsAnError) {
  Stage stage({"sim", Mode::kNone, true});
  auto server = std::move(*HttpServer::Create(stage.server(), {}, [](HttpRequest request, auto responder) {
    if (request.path == "/t/404") return responder->Send(404, {}, "");
    responder->Start(200, {{"content-type", "application/grpc"}});
    responder->Write(wire::Share(std::string("\0\0\0\0\1x", 6)));
    responder->End();
  }));
  ASSERT_TRUE(server->Listen(stage.AnyPort()).ok());
  GrpcChannelOptions options;
  options.http.endpoints = {server->Address()};
  auto channel = std::move(*GrpcChannel::Create(stage.client(), options));
  const auto call = [&](const char* method) {
    std::optional<Result<std::string>> answer;
    channel->Unary(method, "", {}, 5s, [&](Result<std::string> reply) { answer = std::move(reply); });
    EXPECT_TRUE(stage.Until([&] { return answer.has_value(); }));
    return answer->status().code();
  };
  EXPECT_EQ(call("/t/200"), Code::kInternal);
  EXPECT_EQ(call("/t/404"), Code::kUnimplemented);
  SetActiveMutant("grpc-ok-on-missing-status");
  EXPECT_EQ(call("/t/200"), Code::kOk);
  SetActiveMutant("");
}

}  // namespace
}  // namespace kp::transport
