// The Snapshot call: what comes over the wire is a backend file and its checksum.
#include <gtest/gtest.h>

#include "reference/runtime/sim/world.h"
#include "reference/store/backend_image.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/server.h"
#include "reference/transport/grpc.h"

namespace kp::store {
namespace {

using runtime::sim::World;

struct Blobs : transport::GrpcClientStreamHandler {
  void OnMessage(std::string_view message) override {
    etcdserverpb::SnapshotResponse response;
    EXPECT_TRUE(response.ParseFromArray(message.data(), static_cast<int>(message.size())));
    EXPECT_LE(response.blob().size(), 32U * 1024);
    file += response.blob();
    remaining.push_back(response.remaining_bytes());
  }
  void OnEnd(const Status& status) override { end = status; }

  std::string file;
  std::vector<uint64_t> remaining;
  std::optional<Status> end;
};

class SnapshotCall : public ::testing::Test {
 protected:
  SnapshotCall() {
    ServerOptions options{.name = "a",
                          .data_dir = "/data",
                          .listen_client_urls = "http://10.0.0.1:2379",
                          .listen_peer_urls = "http://10.0.0.1:2380",
                          .initial_advertise_peer_urls = "http://10.0.0.1:2380"};
    world_.Spawn("a", "10.0.0.1", ServerFactory(options));
    runtime::Env& env = world_.Spawn("client", "10.0.0.2");
    channel_ = *transport::GrpcChannel::Create(env, {.http = {.endpoints = {"10.0.0.1:2379"}}});
    for (int i = 0; i < 200; ++i) Put("k" + std::to_string(i), std::string(1000, 'v'));
  }
  void Put(const std::string& key, const std::string& value) {
    etcdserverpb::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    std::optional<Status> done;
    channel_->Unary("/etcdserverpb.KV/Put", request.SerializeAsString(), {}, 10s,
                    [&](const Result<std::string>& reply) { done = reply.status(); });
    ASSERT_TRUE(world_.RunUntil([&] { return done.has_value(); }, 20s).ok());
    ASSERT_TRUE(done->ok()) << done->ToString();
  }
  Blobs Save() {
    Blobs blobs;
    const auto stream = channel_->OpenStream("/etcdserverpb.Maintenance/Snapshot", {}, &blobs);
    stream->Send("");
    stream->CloseSend();
    EXPECT_TRUE(world_.RunUntil([&] { return blobs.end.has_value(); }, 20s).ok());
    return blobs;
  }

  World world_{{.seed = 3}};
  std::unique_ptr<transport::GrpcChannel> channel_;
};

TEST_F(SnapshotCall, IsTheStateAndItsChecksum) {
  const Blobs blobs = Save();
  ASSERT_TRUE(blobs.end->ok()) << blobs.end->ToString();
  EXPECT_EQ(blobs.remaining.back(), 0U);
  EXPECT_TRUE(std::is_sorted(blobs.remaining.rbegin(), blobs.remaining.rend()));
  const auto content = CheckSnapshot(blobs.file, HashCheck::kRequired);
  ASSERT_TRUE(content.ok()) << content.status().ToString();
  const auto state = ReadBackend(*content);
  ASSERT_TRUE(state.ok()) << state.status().ToString();
  EXPECT_EQ(state->versions.size(), 200U);
}

}  // namespace
}  // namespace kp::store
