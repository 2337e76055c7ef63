#include <gtest/gtest.h>

#include "reference/runtime/sim/test_peer.h"
#include "reference/runtime/sim/world.h"

namespace kp::runtime::sim {
namespace {

class NetworkTest : public testing::Test {
 protected:
  explicit NetworkTest(FabricOptions network = {}) : world_({.seed = 3, .network = network}) {
    world_.Spawn("a", "10.0.0.1");
    world_.Spawn("b", "10.0.0.2");
    Listen();
  }

  void Listen() {
    auto listener = world_.env("b").network().Listen("10.0.0.2:80", [this](std::unique_ptr<Stream> stream) {
      accepted_ = std::make_unique<TestPeer>(std::move(stream));
    });
    ASSERT_TRUE(listener.ok()) << listener.error().ToString();
    listener_ = std::move(*listener);
  }
  void Connect() {
    Dial("10.0.0.2:80");
    ASSERT_TRUE(world_.RunUntil([this] { return dialled_ && accepted_; }, 1s).ok());
  }
  void Dial(const std::string& address, Duration timeout = 2s) {
    world_.env("a").network().Dial(address, timeout, [this](Result<std::unique_ptr<Stream>> stream) {
      dial_error_ = stream.status();
      if (stream.ok()) dialled_ = std::make_unique<TestPeer>(std::move(*stream));
    });
  }
  Status Until(const std::function<bool()>& done, Duration budget = 10s) { return world_.RunUntil(done, budget); }

  World world_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<TestPeer> accepted_;
  std::unique_ptr<TestPeer> dialled_;
  std::optional<Status> dial_error_;
};

TEST_F(NetworkTest, BytesArriveInOrderAfterADelay) {
  Connect();
  Time sent = world_.Now();
  dialled_->stream->Write("hello ");
  dialled_->stream->Write("world");
  EXPECT_EQ(accepted_->received, "");
  ASSERT_TRUE(Until([this] { return accepted_->received == "hello world"; }).ok());
  EXPECT_GE(world_.Now() - sent, 100us);
  EXPECT_LE(world_.Now() - sent, 500us);
}

TEST_F(NetworkTest, StreamsOvertakeEachOtherButNeverThemselves) {
  Connect();
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    expected += std::to_string(i) + " ";
    world_.Schedule(Duration(i) * 20000, [this, i] { dialled_->stream->Write(std::to_string(i) + " "); });
  }
  ASSERT_TRUE(Until([&] { return accepted_->received.size() == expected.size(); }).ok());
  EXPECT_EQ(accepted_->received, expected);
  EXPECT_GT(world_.counters().split_chunks, 0U);
}

TEST_F(NetworkTest, CloseTellsThePeerAfterTheLastBytes) {
  Connect();
  dialled_->stream->Write("last");
  dialled_->stream->Close();
  ASSERT_TRUE(Until([this] { return accepted_->closed.has_value(); }).ok());
  EXPECT_TRUE(accepted_->closed->ok());
  EXPECT_EQ(accepted_->received, "last");
  accepted_.reset();
  EXPECT_EQ(world_.network().open_connections(), 0U);
}

TEST_F(NetworkTest, DestroyedStreamResetsThePeer) {
  Connect();
  dialled_.reset();
  ASSERT_TRUE(Until([this] { return accepted_->closed.has_value(); }).ok());
  EXPECT_EQ(*accepted_->closed,
            Status(Code::kUnavailable, "read " + accepted_->stream->PeerAddress() + ": connection reset by peer"));
}

TEST_F(NetworkTest, BytesWaitForAHandlerAndForResumedReading) {
  Connect();
  accepted_->stream->PauseReading(true);
  dialled_->stream->Write("x");
  world_.RunFor(1s);
  EXPECT_EQ(accepted_->received, "");
  accepted_->stream->PauseReading(false);
  EXPECT_EQ(accepted_->received, "") << "not from inside the call";
  world_.RunFor(0s);
  EXPECT_EQ(accepted_->received, "x");
}

TEST_F(NetworkTest, SlowReaderHoldsTheWriterBack) {
  Connect();
  accepted_->stream->PauseReading(true);
  EXPECT_FALSE(dialled_->stream->Write(std::string(2 << 20, 'x')));
  world_.RunFor(1s);
  EXPECT_EQ(dialled_->writable, 0);
  accepted_->stream->PauseReading(false);
  world_.RunFor(1s);
  EXPECT_EQ(dialled_->writable, 1);
  EXPECT_EQ(accepted_->received.size(), size_t{2} << 20);
}

TEST_F(NetworkTest, NobodyListeningIsRefused) {
  Dial("b:81");
  ASSERT_TRUE(Until([this] { return dial_error_.has_value(); }).ok());
  EXPECT_EQ(*dial_error_, Status(Code::kUnavailable, "dial b:81: connection refused"));
}

TEST_F(NetworkTest, PortInUseAndForeignAddressAreErrors) {
  auto second = world_.env("b").network().Listen("10.0.0.2:80", [](std::unique_ptr<Stream>) {});
  EXPECT_EQ(second.status().message(), "listen 10.0.0.2:80: address already in use");
  auto foreign = world_.env("b").network().Listen("10.0.0.1:80", [](std::unique_ptr<Stream>) {});
  EXPECT_EQ(foreign.status().message(), "listen 10.0.0.1:80: cannot assign requested address");
}

TEST_F(NetworkTest, DialTimesOutAcrossAPartitionAndToNowhere) {
  world_.network().Partition({"b"}, {"a"}, Direction::kForward);
  Dial("b:80", 2s);
  Time begun = world_.Now();
  ASSERT_TRUE(Until([this] { return dial_error_.has_value(); }).ok());
  EXPECT_EQ(*dial_error_, Status(Code::kUnavailable, "dial b:80: i/o timeout"));
  EXPECT_EQ(world_.Now() - begun, 2s);
  EXPECT_EQ(world_.counters().partition_held_dials, 1U);
  dial_error_.reset();
  Dial("10.9.9.9:80", 1s);
  ASSERT_TRUE(Until([this] { return dial_error_.has_value(); }).ok());
  EXPECT_EQ(dial_error_->message(), "dial 10.9.9.9:80: i/o timeout");
}

TEST_F(NetworkTest, PartitionHoldsBytesUntilItHeals) {
  Connect();
  PartitionId cut = world_.network().Partition({"a"}, {"b"}, Direction::kForward);
  dialled_->stream->Write("there");
  accepted_->stream->Write("back");
  world_.RunFor(5s);
  EXPECT_EQ(accepted_->received, "");
  EXPECT_EQ(dialled_->received, "back") << "the other direction is open";
  EXPECT_GT(world_.counters().partition_held_chunks, 0U);
  world_.network().Heal(cut);
  ASSERT_TRUE(Until([this] { return accepted_->received == "there"; }, 2s).ok());
}

TEST_F(NetworkTest, OverlappingPartitionsHealOneByOne) {
  Connect();
  PartitionId first = world_.network().Partition({"a"}, {"b"}, Direction::kBoth);
  world_.network().Partition({"b"}, {"a"}, Direction::kBoth);
  world_.network().Heal(first);
  dialled_->stream->Write("x");
  world_.RunFor(5s);
  EXPECT_EQ(accepted_->received, "");
  world_.network().HealAll();
  ASSERT_TRUE(Until([this] { return accepted_->received == "x"; }, 2s).ok());
}

TEST_F(NetworkTest, HalfOpenStreamEndsByTimeout) {
  Connect();
  world_.network().Partition({"a"}, {"b"}, Direction::kBoth);
  ASSERT_TRUE(Until([this] { return dialled_->closed && accepted_->closed; }, 31s).ok());
  EXPECT_GE(world_.elapsed(), 30s);
  EXPECT_TRUE(dialled_->closed->message().ends_with("connection timed out"));
}

TEST_F(NetworkTest, LossIsLateness) {
  Connect();
  world_.network().SetLoss("a", "b", 1.0);
  dialled_->stream->Write("x");
  world_.RunFor(150ms);
  EXPECT_EQ(accepted_->received, "");
  ASSERT_TRUE(Until([this] { return accepted_->received == "x"; }, 20s).ok());
  EXPECT_GT(world_.counters().retransmissions, 0U);
}

TEST_F(NetworkTest, DelayFaultIsOneWay) {
  Connect();
  world_.network().SetDelay("a", "b", {50ms, 60ms});
  dialled_->stream->Write("slow");
  accepted_->stream->Write("fast");
  world_.RunFor(49ms);
  EXPECT_EQ(accepted_->received, "");
  EXPECT_EQ(dialled_->received, "fast");
  world_.RunFor(11ms);
  EXPECT_EQ(accepted_->received, "slow");
}

TEST_F(NetworkTest, ResetStreamsReachesBothEnds) {
  Connect();
  EXPECT_EQ(world_.network().ResetStreams("b", "a"), 1);
  world_.RunFor(1s);
  ASSERT_TRUE(dialled_->closed && accepted_->closed);
  EXPECT_EQ(dialled_->closed->code(), Code::kUnavailable);
}

TEST_F(NetworkTest, CrashResetsPeersAndFreesThePort) {
  Connect();
  world_.Crash("b");
  ASSERT_TRUE(Until([this] { return dialled_->closed.has_value(); }, 1s).ok());
  EXPECT_EQ(dialled_->closed->code(), Code::kUnavailable);
  world_.Restart("b");
  Listen();
}

TEST_F(NetworkTest, VanishedPeerIsNoticedOnlyOnceItIsBack) {
  Connect();
  world_.Crash("b", CrashKind::kVanish);
  Dial("b:80", 1s);
  world_.RunFor(10s);
  EXPECT_FALSE(dialled_->closed.has_value());
  EXPECT_EQ(dial_error_->message(), "dial b:80: i/o timeout");
  world_.Restart("b");
  ASSERT_TRUE(Until([this] { return dialled_->closed.has_value(); }, 1s).ok());
}

}  // namespace
}  // namespace kp::runtime::sim
