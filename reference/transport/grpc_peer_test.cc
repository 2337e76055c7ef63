// gRPC++ as an independent client of our server and server for our client. Built with -DKP_GRPC_PEER=ON
// only: its headers cost more than all of this folder.
#ifdef KP_GRPC_PEER

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <optional>

#include "reference/transport/grpc.h"
#include "reference/transport/test_stage.h"

namespace kp::transport {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

std::string FromBuffer(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);
  std::string text;
  for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

class Peer : public ::testing::Test {
 protected:
  ~Peer() override { tick.Stop(); }

  // Drives both: our loop, and gRPC++'s queue from inside it. True when the next operation succeeded.
  bool Next(grpc::CompletionQueue& queue) {
    std::function<void()> wake = [this, &wake] { tick.Start(1ms, wake); };
    wake();
    void* tag = nullptr;
    bool ok = false;
    const bool came = stage.Until([&] {
      return queue.AsyncNext(&tag, &ok, gpr_time_0(GPR_CLOCK_MONOTONIC)) == grpc::CompletionQueue::GOT_EVENT;
    });
    tick.Stop();
    return came && ok;
  }

  Stage stage{{"posix", TlsOptions::Mode::kNone, true}};
  runtime::Timer tick{stage.client()};
};

class Echo : public GrpcServerStreamHandler {
 public:
  explicit Echo(std::shared_ptr<GrpcServerStream> stream) : stream_(std::move(stream)) {}
  void OnMessage(std::string_view message) override { stream_->Send(wire::Share(std::string(message))); }
  void OnHalfClose() override { stream_->Finish({Code::kAborted, "the \xc3\xbc end"}); }
  void OnEnd() override {}

 private:
  std::shared_ptr<GrpcServerStream> stream_;
};

class OurServer : public Peer {
 protected:
  void SetUp() override {
    GrpcServices services;
    services.unary["/t.S/Echo"] = [](const GrpcContext& context, std::string_view request,
                                     Completion<Result<std::string>> reply) {
      reply(std::string(request) + std::string(context.metadata.Get("key-bin")));
    };
    services.unary["/t.S/Hold"] = [this](const GrpcContext&, std::string_view, Completion<Result<std::string>> reply) {
      held = std::move(reply);
    };
    services.streams["/t.S/Stream"] = [](std::shared_ptr<GrpcServerStream> stream) {
      return std::make_unique<Echo>(std::move(stream));
    };
    server = std::move(*GrpcServer::Create(stage.server(), {}, std::move(services)));
    ASSERT_TRUE(server->Listen(stage.AnyPort()).ok());
    stub.emplace(grpc::CreateChannel(server->Address(), grpc::InsecureChannelCredentials()));
  }

  grpc::Status Call(const std::string& method, const std::string& request, std::string* reply, int timeout_ms = 5000) {
    grpc::ClientContext context;
    context.AddMetadata("key-bin", std::string("\0\xff", 2));
    context.set_deadline(
        std::chrono::time_point<std::chrono::system_clock>() +            // tidy: allow clock, because gRPC++ wants it
        std::chrono::duration_cast<std::chrono::system_clock::duration>(  // tidy: allow clock, because gRPC++ wants it
            (stage.client().Wall() + timeout_ms * 1ms).time_since_epoch()));
    auto call = stub->PrepareUnaryCall(&context, method, ToBuffer(request), &queue);
    call->StartCall();
    grpc::ByteBuffer buffer;
    grpc::Status status;
    call->Finish(&buffer, &status, nullptr);
    EXPECT_TRUE(Next(queue));
    *reply = FromBuffer(buffer);
    return status;
  }

  std::unique_ptr<GrpcServer> server;
  std::optional<grpc::GenericStub> stub;
  grpc::CompletionQueue queue;
  Completion<Result<std::string>> held;
};

TEST_F(OurServer, AnswersUnaryCalls) {
  std::string reply;
  EXPECT_TRUE(Call("/t.S/Echo", "abc", &reply).ok());
  EXPECT_EQ(reply, std::string("abc\0\xff", 5));
  const std::string large(1'500'000, 'x');
  EXPECT_TRUE(Call("/t.S/Echo", large, &reply).ok());
  EXPECT_EQ(reply.size(), large.size() + 2);
}

TEST_F(OurServer, AnswersErrors) {
  std::string reply;
  EXPECT_EQ(Call("/t.S/None", "", &reply).error_code(), grpc::UNIMPLEMENTED);
  EXPECT_EQ(Call("/t.S/Hold", "", &reply, 100).error_code(), grpc::DEADLINE_EXCEEDED);
  const grpc::Status large = Call("/t.S/Echo", std::string(3 << 20, 'x'), &reply);
  EXPECT_EQ(large.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(large.error_message(), "grpc: received message larger than max (3145728 vs. 2097152)");
}

TEST_F(OurServer, StreamsBothWays) {
  grpc::ClientContext context;
  auto call = stub->PrepareCall(&context, "/t.S/Stream", &queue);
  call->StartCall(nullptr);
  ASSERT_TRUE(Next(queue));
  for (const std::string text : {"one", "two"}) {
    call->Write(ToBuffer(text), nullptr);
    ASSERT_TRUE(Next(queue));
    grpc::ByteBuffer buffer;
    call->Read(&buffer, nullptr);
    ASSERT_TRUE(Next(queue));
    EXPECT_EQ(FromBuffer(buffer), text);
  }
  call->WritesDone(nullptr);
  ASSERT_TRUE(Next(queue));
  grpc::Status status;
  call->Finish(&status, nullptr);
  ASSERT_TRUE(Next(queue));
  EXPECT_EQ(status.error_code(), grpc::ABORTED);
  EXPECT_EQ(status.error_message(), "the \xc3\xbc end");
}

TEST_F(Peer, AnswersOurClient) {
  grpc::AsyncGenericService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterAsyncGenericService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();

  GrpcChannelOptions options;
  options.http.endpoints = {"127.0.0.1:" + std::to_string(port)};
  auto channel = std::move(*GrpcChannel::Create(stage.client(), options));
  std::optional<Result<std::string>> answer;
  channel->Unary("/t.S/Fail", "question", {}, 5s, [&](Result<std::string> reply) { answer = std::move(reply); });

  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream(&context);
  service.RequestCall(&context, &stream, queue.get(), queue.get(), nullptr);
  ASSERT_TRUE(Next(*queue));
  EXPECT_EQ(context.method(), "/t.S/Fail");
  grpc::ByteBuffer request;
  stream.Read(&request, nullptr);
  ASSERT_TRUE(Next(*queue));
  EXPECT_EQ(FromBuffer(request), "question");
  stream.Finish(grpc::Status(grpc::NOT_FOUND, "100% gone"), nullptr);
  ASSERT_TRUE(Next(*queue));
  ASSERT_TRUE(stage.Until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->status(), Status(Code::kNotFound, "100% gone"));
  server->Shutdown();
  queue->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) {
  }
}

}  // namespace
}  // namespace kp::transport

#endif  // KP_GRPC_PEER
