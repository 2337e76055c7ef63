// What only some connections show: raw bytes, faults, identities, several endpoints.
#include <gtest/gtest.h>

#include <optional>

#include "reference/transport/grpc.h"
#include "reference/transport/test_stage.h"

namespace kp::transport {
namespace {

using Mode = TlsOptions::Mode;

// Sends text to an address and keeps what comes back.
class RawClient : public runtime::StreamHandler {
 public:
  RawClient(Stage& stage, const std::string& address, std::string text) {
    stage.client().network().Dial(address, 5s, [this, text](Result<std::unique_ptr<runtime::Stream>> made) {
      stream = std::move(*made);
      stream->SetHandler(this);
      stream->Write(text);
    });
  }
  void OnData(std::string_view bytes) override { received += bytes; }
  void OnClose(const Status&) override { closed = true; }

  std::unique_ptr<runtime::Stream> stream;
  std::string received;
  bool closed = false;
};

HttpHandler Answer(std::string text) {
  return [text](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
    responder->Send(200, {}, text + request.path);
  };
}

std::unique_ptr<HttpServer> Serve(Stage& stage, HttpHandler handler, TlsOptions tls = {}) {
  auto server = std::move(*HttpServer::Create(stage.server(), {.tls = std::move(tls)}, std::move(handler)));
  EXPECT_TRUE(server->Listen(stage.AnyPort()).ok());
  return server;
}

Status CallStatus(Stage& stage, const HttpClientOptions& options) {
  auto client = std::move(*HttpClient::Create(stage.client(), options));
  std::optional<Status> status;
  client->Send({.target = "/"}, [&](Result<HttpResponse> response) { status = response.status(); });
  EXPECT_TRUE(stage.Until([&] { return status.has_value(); }));
  return *status;
}

TEST(Connection, MalformedRequestIsAnswered400) {
  Stage stage({"posix", Mode::kNone, false});
  auto server = Serve(stage, Answer(""));
  for (const char* text : {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
                           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n"}) {
    RawClient raw(stage, server->Address(), text);
    ASSERT_TRUE(stage.Until([&] { return raw.closed; })) << text;
    EXPECT_TRUE(raw.received.starts_with("HTTP/1.1 400 Bad Request\r\n")) << raw.received;
  }
}

TEST(Connection, PipelinedRequestsAreAnsweredInOrder) {
  Stage stage({"sim", Mode::kNone, false});
  auto server = Serve(stage, Answer("at "));
  RawClient raw(stage, server->Address(),
                "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(stage.Until([&] { return raw.closed; }));
  const size_t first = raw.received.find("at /1");
  const size_t second = raw.received.find("at /2");
  EXPECT_LT(first, second);
  EXPECT_LT(second, raw.received.find("at /3"));
}

TEST(Connection, ContinueIsSaidToThoseWhoWait) {
  Stage stage({"sim", Mode::kNone, false});
  auto server = Serve(stage, Answer(""));
  RawClient raw(stage, server->Address(),
                "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(stage.Until([&] { return raw.received == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  raw.stream->Write("ab");
  ASSERT_TRUE(stage.Until([&] { return raw.received.find("200 OK") != std::string::npos; }));
}

TEST(Connection, OldClientsGetBodiesWithoutChunks) {
  Stage stage({"posix", Mode::kNone, false});
  auto server = Serve(stage, [](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    responder->Start(200, {});
    responder->Write(wire::Share("plain"));
    responder->End();
  });
  RawClient raw(stage, server->Address(), "GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(stage.Until([&] { return raw.closed; }));
  EXPECT_TRUE(raw.received.ends_with("\r\n\r\nplain")) << raw.received;
}

TEST(Connection, BrokenHttp2EndsTheConnection) {
  Stage stage({"posix", Mode::kNone, true});
  auto server = Serve(stage, Answer(""));
  RawClient raw(stage, server->Address(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(100, '\xff'));
  ASSERT_TRUE(stage.Until([&] { return raw.closed; }));
  EXPECT_EQ(server->connections(), 0u);
}

class Refusal : public ::testing::TestWithParam<StageParameter> {};

TEST_P(Refusal, WithoutACertificateWhereOneIsRequired) {
  Stage stage(GetParam());
  TlsOptions must = stage.ServerTls();
  must.require_client_certificate = true;
  auto server = Serve(stage, Answer(""), must);
  TlsOptions anonymous = stage.ClientTls();
  anonymous.certificate_pem = anonymous.key_pem = "";
  const Status status = CallStatus(stage, {.endpoints = {server->Address()}, .tls = anonymous});
  EXPECT_FALSE(status.ok());
}

TEST_P(Refusal, OfAServerWithAForeignCertificate) {
  Stage stage(GetParam());
  auto server = Serve(stage, Answer(""), stage.ServerTls());
  TlsOptions elsewhere = stage.ClientTls();
  elsewhere.server_name = "elsewhere";
  const Status status = CallStatus(stage, {.endpoints = {server->Address()}, .tls = elsewhere});
  EXPECT_EQ(status.code(), Code::kUnauthenticated) << status.ToString();
  elsewhere.insecure = true;
  EXPECT_TRUE(CallStatus(stage, {.endpoints = {server->Address()}, .tls = elsewhere}).ok());
}

TEST_P(Refusal, OfAClientThatAForeignAuthorityVouchesFor) {
  Stage stage(GetParam());
  Stage elsewhere(GetParam(), 1, "foreign");
  bool called = false;
  auto server = Serve(
      stage, [&](HttpRequest, std::shared_ptr<HttpResponder>) { called = true; }, stage.ServerTls());
  TlsOptions forged = elsewhere.ClientTls("kubernetes-admin");
  forged.insecure = true;
  EXPECT_FALSE(CallStatus(stage, {.endpoints = {server->Address()}, .tls = forged}).ok());
  EXPECT_FALSE(called);
}

TEST_P(Refusal, OfUnknownProtocols) {
  Stage stage(GetParam());
  auto server = Serve(stage, Answer(""), stage.ServerTls());
  TlsOptions odd = stage.ClientTls();
  odd.alpn = {"spdy/1"};
  EXPECT_FALSE(CallStatus(stage, {.endpoints = {server->Address()}, .tls = odd}).ok());
}

TEST_P(Refusal, AnonymousClientIsServedButNotVerified) {
  Stage stage(GetParam());
  std::optional<bool> verified;
  auto server = Serve(
      stage,
      [&](HttpRequest request, std::shared_ptr<HttpResponder> responder) {
        verified = request.peer.verified;
        responder->Send(200, {}, "");
      },
      stage.ServerTls());
  TlsOptions anonymous = stage.ClientTls();
  anonymous.certificate_pem = anonymous.key_pem = "";
  EXPECT_TRUE(CallStatus(stage, {.endpoints = {server->Address()}, .tls = anonymous}).ok());
  EXPECT_EQ(verified, false);
}

INSTANTIATE_TEST_SUITE_P(All, Refusal,
                         ::testing::Values(StageParameter{"posix", Mode::kTls, true},
                                           StageParameter{"sim", Mode::kTls, true},
                                           StageParameter{"sim", Mode::kPassThrough, true}));

TEST(Client, MovesOnToAnEndpointThatAnswers) {
  Stage stage({"posix", Mode::kNone, true});
  auto gone = Serve(stage, Answer(""));
  const std::string dead = gone->Address();
  gone.reset();
  auto server = Serve(stage, Answer(""));
  EXPECT_TRUE(CallStatus(stage, {.endpoints = {dead, server->Address()}}).ok());
  const Status none = CallStatus(stage, {.endpoints = {dead, dead}});
  EXPECT_EQ(none.code(), Code::kUnavailable);
  EXPECT_TRUE(none.message().starts_with("dial ")) << none.message();
}

TEST(Client, SilentPeerIsFoundByKeepalive) {
  Stage stage({"sim", Mode::kNone, true});
  auto server = Serve(stage, [](HttpRequest, std::shared_ptr<HttpResponder> responder) {
    static std::shared_ptr<HttpResponder> held;
    held = std::move(responder);
    held->Start(200, {});
  });
  struct : HttpStreamHandler {
    void OnHeaders(int, const Headers&) override { open = true; }
    void OnData(std::string_view) override {}
    void OnEnd(const Status& status) override { end = status; }
    bool open = false;
    std::optional<Status> end;
  } seen;
  auto client = std::move(*HttpClient::Create(
      stage.client(), {.endpoints = {server->Address()}, .keepalive = 2s, .keepalive_timeout = 1s}));
  auto call = client->Stream({.target = "/"}, &seen);
  ASSERT_TRUE(stage.Until([&] { return seen.open; }));
  stage.world()->RunFor(10s);
  ASSERT_FALSE(seen.end) << "an idle watch on a healthy link lives on";
  stage.world()->network().Partition({"client"}, {"server"}, runtime::sim::Direction::kBoth);
  const Time cut = stage.world()->Now();
  ASSERT_TRUE(stage.Until([&] { return seen.end.has_value(); }));
  EXPECT_EQ(seen.end->message(), "connection lost: no answer to a keepalive ping");
  EXPECT_LE(stage.world()->Now() - cut, 4s);
}

TEST(Client, SameSeedSameBytes) {
  const auto run = [] {
    Stage stage({"sim", Mode::kPassThrough, true}, 7);
    auto server = Serve(stage, Answer("x"), stage.ServerTls());
    EXPECT_TRUE(CallStatus(stage, {.endpoints = {server->Address()}, .tls = stage.ClientTls()}).ok());
    return stage.world()->draw_log().hash();
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace kp::transport
