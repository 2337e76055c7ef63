// Clients that ask without end and never finish, or never read: what a server keeps of that is bounded.
#include <gtest/gtest.h>

#include <algorithm>

#include "reference/transport/grpc.h"
#include "reference/transport/test_stage.h"
#include "reference/wire/http2.h"

namespace kp::transport {
namespace {

// An HTTP/2 client that does with its session as it likes.
class Hostile : public runtime::StreamHandler, public wire::Http2Events {
 public:
  Hostile(Stage& stage, const std::string& address) {
    stage.client().network().Dial(address, 5s, [this](Result<std::unique_ptr<runtime::Stream>> made) {
      stream_ = std::move(*made);
      stream_->SetHandler(this);
      Flush();
    });
  }
  bool connected() const { return stream_ != nullptr; }

  int32_t Request(const std::string& method) {
    return *session.SubmitRequest({.method = "POST",
                                   .target = method,
                                   .scheme = "http",
                                   .authority = "h",
                                   .headers = {{"te", "trailers"}, {"content-type", "application/grpc"}}},
                                  false);
  }
  void Flush() {
    std::string out;
    session.Pull(256 << 20, &out);
    if (!out.empty()) stream_->Write(out);
  }
  bool sent() const { return stream_->BufferedBytes() == 0; }

  void OnData(std::string_view bytes) override {
    (void)session.Receive(bytes, Time());
    Flush();
  }
  void OnClose(const Status&) override {}
  // An error comes as one block that is head and trailers.
  void OnHead(int32_t, wire::Http2Head head) override {
    if (head.headers.Has("grpc-status")) statuses.emplace_back(head.headers.Get("grpc-status"));
  }
  void OnData(int32_t, std::string_view) override {}
  void OnTrailers(int32_t, Headers trailers) override { statuses.emplace_back(trailers.Get("grpc-status")); }
  void OnEnd(int32_t) override {}
  void OnStreamClosed(int32_t, uint32_t code) override { resets += code == wire::kHttp2EnhanceYourCalm ? 1 : 0; }

  wire::Http2Session session{wire::Http2Session::Role::kClient, {}, this};
  std::vector<std::string> statuses;
  int resets = 0;

 private:
  std::unique_ptr<runtime::Stream> stream_;
};

class GrpcAbuse : public ::testing::Test {
 protected:
  GrpcAbuse() {
    GrpcServices services;
    services.unary["/test.S/Big"] = [](const GrpcContext&, std::string_view, Completion<Result<std::string>> reply) {
      reply(std::string(1 << 20, 'x'));
    };
    GrpcServerOptions options{.http = {.max_concurrent_streams = 10000}, .max_message = 2 << 20};
    server_ = std::move(*GrpcServer::Create(stage_.server(), options, std::move(services)));
    EXPECT_TRUE(server_->Listen(stage_.AnyPort()).ok());
    hostile_ = std::make_unique<Hostile>(stage_, server_->Address());
    EXPECT_TRUE(stage_.Until([&] { return hostile_->connected(); }));
  }

  Stage stage_{{"posix", TlsOptions::Mode::kNone, true}};
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<Hostile> hostile_;
};

// 100 requests of nearly 1 MB, none of them whole: 64 MiB of them are held, the rest is reset.
TEST_F(GrpcAbuse, UnfinishedRequestsAreBoundedByConnection) {
  const std::string part = std::string("\0\0\x10\0\0", 5) + std::string(1000 << 10, 'x');  // announces 1 MiB
  for (int i = 0; i < 100; ++i) {
    hostile_->session.SubmitData(hostile_->Request("/test.S/Big"), wire::Share(part));
    hostile_->Flush();
    ASSERT_TRUE(stage_.Until([&] { return hostile_->sent(); }));
  }
  ASSERT_TRUE(stage_.Until([&] { return hostile_->resets >= 30; })) << hostile_->resets;
  EXPECT_LE(hostile_->resets, 40);
}

// 1000 answers of 1 MiB that are asked for at once: the first 128 or so wait, the others are errors.
TEST_F(GrpcAbuse, AnswersThatWaitAreBoundedByConnection) {
  for (int i = 0; i < 1000; ++i) {
    const int32_t id = hostile_->Request("/test.S/Big");
    hostile_->session.SubmitData(id, wire::Share(std::string(5, '\0')));
    hostile_->session.SubmitEnd(id);
  }
  hostile_->Flush();
  ASSERT_TRUE(stage_.Until([&] { return hostile_->statuses.size() == 1000; }, 30s)) << hostile_->statuses.size();
  const auto refused = std::count(hostile_->statuses.begin(), hostile_->statuses.end(), "8");
  const auto answered = std::count(hostile_->statuses.begin(), hostile_->statuses.end(), "0");
  EXPECT_EQ(refused + answered, 1000);
  EXPECT_LT(answered, 400);
}

}  // namespace
}  // namespace kp::transport
