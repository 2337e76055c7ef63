// Whatever happens to the network, the server and the client, each call ends once, or was cancelled
// and ends never.
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "reference/transport/grpc.h"
#include "reference/transport/test_stage.h"

namespace kp::transport {
namespace {

using Mode = TlsOptions::Mode;

// Sends what it gets twice, for as long as it is asked.
class Echo : public GrpcServerStreamHandler {
 public:
  Echo(std::shared_ptr<GrpcServerStream> stream, int* open) : stream_(std::move(stream)), open_(open) { ++*open_; }
  ~Echo() override { --*open_; }
  void OnMessage(std::string_view message) override {
    for (int i = 0; i < 2; ++i) stream_->Send(wire::Share(std::string(message)));
  }
  void OnHalfClose() override { stream_->Finish({}); }
  void OnEnd() override {}

 private:
  std::shared_ptr<GrpcServerStream> stream_;
  int* open_;
};

struct Listener : GrpcClientStreamHandler {
  void OnMessage(std::string_view) override { EXPECT_FALSE(ended); }
  void OnEnd(const Status&) override {
    EXPECT_FALSE(ended);
    ended = true;
  }
  bool ended = false;
  std::unique_ptr<GrpcClientStream> stream;
};

class World {
 public:
  World(uint64_t seed, Mode mode) : stage({"sim", mode, true}, seed), random(seed) {
    StartServer();
    channel = MakeChannel();
  }

  // One step of the schedule.
  void Act() {
    switch (random.Below(12)) {
      case 0:
      case 1:
      case 2: StartUnary(); break;
      case 3:
      case 4: StartStream(); break;
      case 5:
        ForStream([this](Listener& listener) { listener.stream->Send(std::string(random.Below(100'000), 'm')); });
        break;
      case 6: ForStream([](Listener& listener) { listener.stream->CloseSend(); }); break;
      case 7: ForStream([](Listener& listener) { listener.stream.reset(); }); break;
      case 8: stage.world()->network().ResetStreams("client", "server"); break;
      case 9: channel->Reset(); break;
      case 10:
        server.reset();
        if (random.Chance(0.5)) stage.world()->RunFor(random.Below(5) * 1ms);
        StartServer();
        break;
      case 11: Cut(); break;
    }
    stage.world()->RunFor(random.Below(2000) * 1us);
  }

  // Lets everything end, and checks that it did.
  void Finish() {
    stage.world()->network().HealAll();
    stage.world()->RunFor(60s);
    for (auto& [id, ends] : unary) EXPECT_EQ(ends, 1) << "unary call " << id;
    for (auto& listener : streams) {
      if (listener->stream && !listener->ended) listener->stream->CloseSend();
    }
    stage.world()->RunFor(60s);
    for (auto& listener : streams) EXPECT_TRUE(!listener->stream || listener->ended);
    EXPECT_EQ(open_streams, 0) << "streams that the server forgot";
  }

  int answered = 0;

 private:
  void StartServer() {
    GrpcServices services;
    services.unary["/t.S/Now"] = [](const GrpcContext&, std::string_view request,
                                    Completion<Result<std::string>> reply) { reply(std::string(request)); };
    services.unary["/t.S/Later"] = [this](const GrpcContext&, std::string_view request,
                                          Completion<Result<std::string>> reply) {
      stage.server().After(random.Below(20) * 1ms,
                           [reply = std::move(reply), text = std::string(request)] { reply(text); });
    };
    services.streams["/t.S/Echo"] = [this](std::shared_ptr<GrpcServerStream> stream) {
      return std::make_unique<Echo>(std::move(stream), &open_streams);
    };
    server = std::move(*GrpcServer::Create(stage.server(), {.http = {.tls = stage.ServerTls()}}, std::move(services)));
    ASSERT_TRUE(server->Listen("10.0.0.2:2379").ok());
  }

  std::unique_ptr<GrpcChannel> MakeChannel() {
    GrpcChannelOptions options;
    options.http = {.endpoints = {"10.0.0.2:2379"}, .tls = stage.ClientTls(), .dial_timeout = 500ms, .keepalive = 2s};
    return std::move(*GrpcChannel::Create(stage.client(), options));
  }

  void StartUnary() {
    const size_t id = unary.size();
    unary[id] = 0;
    const std::string text(random.Below(50'000), 'u');
    channel->Unary(random.Chance(0.5) ? "/t.S/Now" : "/t.S/Later", text, {}, random.Below(50) * 1ms + 1ms,
                   [this, id, text](Result<std::string> reply) {
                     ++unary[id];
                     answered += reply.ok();
                     EXPECT_TRUE(!reply || *reply == text);
                   });
  }

  void StartStream() {
    streams.push_back(std::make_unique<Listener>());
    streams.back()->stream = channel->OpenStream("/t.S/Echo", {}, streams.back().get());
  }

  void ForStream(const std::function<void(Listener&)>& act) {
    if (streams.empty()) return;
    Listener& listener = *streams[random.Below(streams.size())];
    if (listener.stream) act(listener);
  }

  void Cut() {
    const auto direction = random.Chance(0.5) ? runtime::sim::Direction::kBoth : runtime::sim::Direction::kForward;
    const auto cut = stage.world()->network().Partition({"client"}, {"server"}, direction);
    stage.world()->RunFor(random.Below(3000) * 1ms);
    stage.world()->network().Heal(cut);
  }

  Stage stage;
  Random random;
  int open_streams = 0;
  std::map<size_t, int> unary;
  std::vector<std::unique_ptr<Listener>> streams;
  std::unique_ptr<GrpcServer> server;
  std::unique_ptr<GrpcChannel> channel;
};

TEST(Calls, EndOnceUnderFaults) {
  int answered = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, seed % 2 ? Mode::kPassThrough : Mode::kNone);
    for (int i = 0; i < 60; ++i) world.Act();
    world.Finish();
    answered += world.answered;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(answered, 200) << "the faults leave nothing to look at";
}

}  // namespace
}  // namespace kp::transport
