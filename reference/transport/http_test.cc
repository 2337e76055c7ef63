#include "reference/transport/http.h"

#include <gtest/gtest.h>

#include <optional>

#include "reference/transport/test_stage.h"

namespace kp::transport {
namespace {

using Mode = TlsOptions::Mode;

// Records a streamed response.
struct Recorder : HttpStreamHandler {
  void OnHeaders(int code, const Headers& fields) override {
    status = code;
    headers = fields;
  }
  void OnData(std::string_view bytes) override { data += bytes; }
  void OnEnd(const Status& reason) override { end = reason; }

  int status = 0;
  Headers headers;
  std::string data;
  std::optional<Status> end;
};

class Http : public ::testing::TestWithParam<StageParameter> {
 protected:
  void SetUp() override { stage.emplace(GetParam()); }

  void Serve(HttpHandler handler, HttpServerOptions options = {}) {
    options.tls = stage->ServerTls();
    auto made = HttpServer::Create(stage->server(), options, std::move(handler));
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    server = std::move(*made);
    ASSERT_TRUE(server->Listen(stage->AnyPort()).ok());
    client = MakeClient();
  }

  std::unique_ptr<HttpClient> MakeClient(std::optional<TlsOptions> tls = {}) {
    HttpClientOptions options{
        .endpoints = {server->Address()}, .tls = tls ? *tls : stage->ClientTls(), .http2 = GetParam().http2};
    return std::move(*HttpClient::Create(stage->client(), options));
  }

  Result<HttpResponse> Call(HttpClientRequest request) { return Call(*client, std::move(request)); }
  Result<HttpResponse> Call(HttpClient& with, HttpClientRequest request) {
    std::optional<Result<HttpResponse>> answer;
    with.Send(std::move(request), [&answer](Result<HttpResponse> response) { answer = std::move(response); });
    EXPECT_FALSE(answer) << "answered from inside the call";
    EXPECT_TRUE(stage->Until([&] { return answer.has_value(); }));
    return *answer;
  }

  std::optional<Stage> stage;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;
};

TEST_P(Http, CarriesRequestsAndAnswers) {
  HttpRequest seen;
  Serve([&](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
    seen = std::move(request);
    responder->Send(201, {{"content-type", "text/plain"}}, "got " + seen.body);
  });
  auto answer = Call({.method = "POST", .target = "/a%20b?x=1&y", .headers = {{"x-one", "two"}}, .body = "data"});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->headers.Get("content-type"), "text/plain");
  EXPECT_EQ(answer->body, "got data");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a b");
  EXPECT_EQ(seen.Query("x"), "1");
  EXPECT_TRUE(seen.HasQuery("y"));
  EXPECT_EQ(seen.headers.Get("x-one"), "two");
}

TEST_P(Http, KnowsWhoCalls) {
  PeerIdentity seen;
  Serve([&](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
    seen = request.peer;
    responder->Send(200, {}, "");
  });
  ASSERT_TRUE(Call({.target = "/"}).ok());
  const bool secure = GetParam().mode != Mode::kNone;
  EXPECT_EQ(seen.verified, secure);
  EXPECT_EQ(seen.common_name, secure ? "jane" : "");
  EXPECT_EQ(seen.organizations.size(), secure ? 2u : 0u);
  EXPECT_NE(seen.address, "");
}

TEST_P(Http, ReusesConnections) {
  Serve([](HttpRequest, std::shared_ptr<HttpResponder> responder) { responder->Send(200, {}, "ok"); });
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Call({.target = "/"})->body, "ok");
  EXPECT_EQ(server->connections(), 1u);
}

TEST_P(Http, ConcurrentCallsGetTheirOwnAnswers) {
  std::vector<std::pair<std::string, std::shared_ptr<HttpResponder>>> held;
  Serve([&](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
    held.emplace_back(request.path, std::move(responder));
  });
  std::vector<std::string> answers(8);
  size_t count = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    client->Send({.target = "/" + std::to_string(i)}, [&, i](Result<HttpResponse> response) {
      answers[i] = response->body;
      ++count;
    });
  }
  ASSERT_TRUE(stage->Until([&] { return held.size() == answers.size(); }));
  EXPECT_EQ(server->connections(), GetParam().http2 ? 1u : answers.size());
  while (!held.empty()) {
    held.back().second->Send(200, {}, held.back().first);
    held.pop_back();
  }
  ASSERT_TRUE(stage->Until([&] { return count == answers.size(); }));
  for (size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], "/" + std::to_string(i));
}

TEST_P(Http, LargeBodiesArriveWhole) {
  std::string body(2'500'000, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 >> 2);
  Serve([](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
    responder->Send(200, {}, std::move(request.body));
  });
  auto answer = Call({.method = "PUT", .target = "/", .body = body});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_TRUE(answer->body == body);
}

TEST_P(Http, StreamsPieceByPiece) {
  std::shared_ptr<HttpResponder> watch;
  Serve([&](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    watch = std::move(responder);
    watch->Start(200, {{"content-type", "application/json"}});
  });
  Recorder seen;
  auto call = client->Stream({.target = "/watch"}, &seen);
  ASSERT_TRUE(stage->Until([&] { return seen.status == 200; })) << "headers wait for nobody";
  watch->Write(wire::Share("one\n"));
  ASSERT_TRUE(stage->Until([&] { return seen.data == "one\n"; }));
  watch->Write(wire::Share("two\n"));
  watch->End();
  ASSERT_TRUE(stage->Until([&] { return seen.end.has_value(); }));
  EXPECT_EQ(seen.data, "one\ntwo\n");
  EXPECT_TRUE(seen.end->ok()) << seen.end->ToString();
}

TEST_P(Http, CancelledCallEndsTheResponse) {
  std::shared_ptr<HttpResponder> watch;
  bool closed = false;
  Serve([&](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    watch = std::move(responder);
    watch->OnClosed([&] { closed = true; });
    watch->Start(200, {});
  });
  Recorder seen;
  auto call = client->Stream({.target = "/watch"}, &seen);
  ASSERT_TRUE(stage->Until([&] { return seen.status == 200; }));
  call.reset();
  ASSERT_TRUE(stage->Until([&] { return closed; }));
  EXPECT_TRUE(watch->closed());
  EXPECT_FALSE(seen.end) << "called after it was destroyed";
  watch->Write(wire::Share("nobody"));
  watch->End();
}

TEST_P(Http, DroppedResponderIsNoWholeResponse) {
  Serve([&](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    responder->Start(200, {});
    responder->Write(wire::Share("part"));
  });
  Recorder seen;
  auto call = client->Stream({.target = "/"}, &seen);
  ASSERT_TRUE(stage->Until([&] { return seen.end.has_value(); }));
  EXPECT_EQ(seen.end->code(), Code::kUnavailable);
}

TEST_P(Http, BytesForASlowReaderPileUpVisibly) {
  std::shared_ptr<HttpResponder> watch;
  Serve([&](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    watch = std::move(responder);
    watch->Start(200, {});
  });
  Recorder seen;
  auto call = client->Stream({.target = "/watch"}, &seen);
  ASSERT_TRUE(stage->Until([&] { return seen.status == 200; }));
  const auto piece = wire::Share(std::string(1 << 20, 'x'));
  for (int i = 0; i < 40; ++i) watch->Write(piece);
  EXPECT_GT(watch->BufferedBytes(), 30u << 20);
  watch->End();
  ASSERT_TRUE(stage->Until([&] { return seen.end.has_value(); }));
  EXPECT_EQ(seen.data.size(), 40u << 20);
}

TEST_P(Http, BodyOverTheLimitIsRefused) {
  bool called = false;
  Serve([&](HttpRequest, std::shared_ptr<HttpResponder>) { called = true; },
        {.max_body = 1000, .refusal = [](int status) { return "[" + std::to_string(status) + "]"; }});
  auto answer = Call({.method = "POST", .target = "/", .body = std::string(1'000'000, 'x')});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(answer->body, "[413]");
  EXPECT_EQ(answer->headers.Get("content-type"), "application/json");
  EXPECT_FALSE(called);
}

TEST_P(Http, HeadersOverTheLimitAreRefused) {
  Serve([](HttpRequest, std::shared_ptr<HttpResponder>) {}, {.max_header_bytes = 1000});
  auto answer = Call({.target = "/", .headers = {{"a", std::string(2000, 'x')}}});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 431);
}

TEST_P(Http, HeadHasNoBody) {
  Serve([](HttpRequest, std::shared_ptr<HttpResponder> responder) { responder->Send(200, {}, "body"); });
  auto answer = Call({.method = "HEAD", .target = "/"});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(answer->headers.Get("content-length"), "4");
  EXPECT_EQ(Call({.target = "/"})->body, "body");
}

TEST_P(Http, CallsRunOutOfTime) {
  std::vector<std::shared_ptr<HttpResponder>> held;
  Serve([&](HttpRequest, std::shared_ptr<HttpResponder> responder) { held.push_back(std::move(responder)); });
  auto answer = Call({.target = "/", .timeout = 50ms});
  EXPECT_EQ(answer.status().code(), Code::kDeadlineExceeded);
}

TEST_P(Http, ServerEndFailsCallsUnderWay) {
  Serve([](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    static std::shared_ptr<HttpResponder> held;
    held = std::move(responder);
  });
  std::optional<Result<HttpResponse>> answer;
  client->Send({.target = "/"}, [&](Result<HttpResponse> response) { answer = std::move(response); });
  ASSERT_TRUE(stage->Until([&] { return server->connections() == 1; }));
  server.reset();
  ASSERT_TRUE(stage->Until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->status().code(), Code::kUnavailable);
  EXPECT_EQ(Call({.target = "/"}).status().code(), Code::kUnavailable);
}

TEST_P(Http, HandlerMayEndTheServer) {
  Serve([this](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    server.reset();
    responder->Send(200, {}, "too late");
  });
  EXPECT_EQ(Call({.target = "/"}).status().code(), Code::kUnavailable);
}

TEST_P(Http, AnswerMayEndTheClient) {
  Serve([](HttpRequest, std::shared_ptr<HttpResponder> responder) { responder->Send(200, {}, "ok"); });
  bool done = false;
  client->Send({.target = "/"}, [&](Result<HttpResponse>) {
    client.reset();
    done = true;
  });
  ASSERT_TRUE(stage->Until([&] { return done; }));
  ASSERT_TRUE(stage->Until([&] { return server->connections() == 0; }));
}

TEST_P(Http, IdleConnectionsEnd) {
  Serve([](HttpRequest, std::shared_ptr<HttpResponder> responder) { responder->Send(200, {}, "ok"); },
        {.idle_timeout = 100ms});
  ASSERT_TRUE(Call({.target = "/"}).ok());
  ASSERT_TRUE(stage->Until([&] { return server->connections() == 0; }));
  // The first may still go to the connection that has just ended.
  EXPECT_TRUE(Call({.target = "/"}).ok() || Call({.target = "/"}).ok());
}

TEST_P(Http, ResetFailsCallsAndDialsAnew) {
  std::vector<std::shared_ptr<HttpResponder>> held;
  Serve([&](HttpRequest, std::shared_ptr<HttpResponder> responder) { held.push_back(std::move(responder)); });
  std::optional<Result<HttpResponse>> first;
  client->Send({.target = "/"}, [&](Result<HttpResponse> response) { first = std::move(response); });
  ASSERT_TRUE(stage->Until([&] { return held.size() == 1; }));
  client->Reset();
  EXPECT_FALSE(first);
  ASSERT_TRUE(stage->Until([&] { return first.has_value(); }));
  EXPECT_EQ(first->status().code(), Code::kUnavailable);
}

INSTANTIATE_TEST_SUITE_P(
    All, Http,
    ::testing::Values(StageParameter{"posix", Mode::kNone, false}, StageParameter{"posix", Mode::kNone, true},
                      StageParameter{"posix", Mode::kTls, false}, StageParameter{"posix", Mode::kTls, true},
                      StageParameter{"sim", Mode::kNone, false}, StageParameter{"sim", Mode::kTls, true},
                      StageParameter{"sim", Mode::kPassThrough, false},
                      StageParameter{"sim", Mode::kPassThrough, true}));

}  // namespace
}  // namespace kp::transport
