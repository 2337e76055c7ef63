// What both Envs promise, checked on both: a component must not be able to tell them apart.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "reference/runtime/posix/posix_env.h"
#include "reference/runtime/sim/world.h"

namespace kp::runtime {
namespace {

// Two processes that reach each other, and the pump that drives them.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual Env& client() = 0;
  virtual Env& server() = 0;
  virtual bool Until(const std::function<bool()>& done) = 0;
  virtual std::string folder() = 0;
  virtual std::string any_port() = 0;
};

class PosixStage : public Stage {
 public:
  PosixStage()
      : env_({.name = "test", .seed = 1, .least_severity = Severity::kError}),
        folder_(std::filesystem::temp_directory_path() / ("kp-contract-" + std::to_string(getpid()))) {}
  ~PosixStage() override { std::filesystem::remove_all(folder_); }
  Env& client() override { return env_; }
  Env& server() override { return env_; }
  bool Until(const std::function<bool()>& done) override { return env_.RunUntil(done, 10s).ok(); }
  std::string folder() override { return folder_; }
  std::string any_port() override { return "127.0.0.1:0"; }

 private:
  posix::PosixEnv env_;
  std::string folder_;
};

class SimStage : public Stage {
 public:
  SimStage() : world_({}) {
    world_.Spawn("client", "10.0.0.1");
    world_.Spawn("server", "10.0.0.2");
  }
  Env& client() override { return world_.env("client"); }
  Env& server() override { return world_.env("server"); }
  bool Until(const std::function<bool()>& done) override { return world_.RunUntil(done, 10s).ok(); }
  std::string folder() override { return "/data"; }
  std::string any_port() override { return "10.0.0.2:0"; }

 private:
  sim::World world_;
};

struct Peer : StreamHandler {
  explicit Peer(std::unique_ptr<Stream> s) : stream(std::move(s)) { stream->SetHandler(this); }
  void OnData(std::string_view bytes) override {
    received += bytes;
    if (destroy_on_data) stream.reset();
  }
  void OnClose(const Status& status) override { closed = status; }
  void OnWritable() override { ++writable; }

  std::unique_ptr<Stream> stream;
  std::string received;
  std::optional<Status> closed;
  int writable = 0;
  bool destroy_on_data = false;
};

class EnvContract : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "posix") {
      stage_ = std::make_unique<PosixStage>();
    } else {
      stage_ = std::make_unique<SimStage>();
    }
  }

  void Listen() {
    auto listener = stage_->server().network().Listen(stage_->any_port(), [this](std::unique_ptr<Stream> stream) {
      accepted_ = std::make_unique<Peer>(std::move(stream));
    });
    ASSERT_TRUE(listener.ok()) << listener.error().ToString();
    listener_ = std::move(*listener);
  }
  Status Dial(const std::string& address) {
    std::optional<Status> outcome;
    stage_->client().network().Dial(address, 5s, [&, this](Result<std::unique_ptr<Stream>> stream) {
      outcome = stream.status();
      if (stream.ok()) dialled_ = std::make_unique<Peer>(std::move(*stream));
    });
    EXPECT_FALSE(outcome.has_value()) << "not from inside the call";
    EXPECT_TRUE(stage_->Until([&] { return outcome.has_value(); }));
    return outcome.value_or(Status(Code::kUnknown, "no completion"));
  }
  void Connect() {
    Listen();
    ASSERT_TRUE(Dial(listener_->Address()).ok());
    ASSERT_TRUE(stage_->Until([this] { return accepted_ != nullptr; }));
  }
  Status Await(const std::function<void(Completion<Status>)>& start) {
    std::optional<Status> outcome;
    start([&outcome](Status status) { outcome = std::move(status); });
    EXPECT_FALSE(outcome.has_value()) << "not from inside the call";
    EXPECT_TRUE(stage_->Until([&] { return outcome.has_value(); }));
    return outcome.value_or(Status(Code::kUnknown, "no completion"));
  }

  std::unique_ptr<Stage> stage_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Peer> accepted_;
  std::unique_ptr<Peer> dialled_;
};

INSTANTIATE_TEST_SUITE_P(BothEnvs, EnvContract, testing::Values("posix", "sim"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(EnvContract, BytesCrossBothWaysAndEndsKnowEachOther) {
  Connect();
  EXPECT_EQ(dialled_->stream->PeerAddress(), listener_->Address());
  EXPECT_EQ(accepted_->stream->PeerAddress(), dialled_->stream->LocalAddress());
  dialled_->stream->Write("there");
  accepted_->stream->Write("back");
  EXPECT_TRUE(stage_->Until([this] { return accepted_->received == "there" && dialled_->received == "back"; }));
}

TEST_P(EnvContract, CloseSendsAllThenEndsThePeerInOrder) {
  Connect();
  std::string large(4 << 20, 'x');
  EXPECT_FALSE(dialled_->stream->Write(large)) << "more than the high-water mark";
  dialled_->stream->Close();
  dialled_.reset();
  ASSERT_TRUE(stage_->Until([this] { return accepted_->closed.has_value(); }));
  EXPECT_EQ(*accepted_->closed, Status::Ok());
  EXPECT_EQ(accepted_->received.size(), large.size());
  accepted_->stream->Write("into the void");
}

TEST_P(EnvContract, CloseWithUnreadInputIsStillInOrder) {
  Connect();
  dialled_->stream->PauseReading(true);
  accepted_->stream->Write("never read");
  bool later = false;
  stage_->client().After(5ms, [&] { later = true; });
  ASSERT_TRUE(stage_->Until([&] { return later; }));
  dialled_->stream->Write("last");
  dialled_->stream->Close();
  ASSERT_TRUE(stage_->Until([this] { return accepted_->closed.has_value(); }));
  EXPECT_EQ(*accepted_->closed, Status::Ok());
  EXPECT_EQ(accepted_->received, "last");
}

TEST_P(EnvContract, DestroyedStreamLooksLikeAReset) {
  Connect();
  dialled_.reset();
  ASSERT_TRUE(stage_->Until([this] { return accepted_->closed.has_value(); }));
  EXPECT_EQ(accepted_->closed->code(), Code::kUnavailable);
  EXPECT_TRUE(accepted_->closed->message().ends_with("connection reset by peer")) << accepted_->closed->ToString();
}

TEST_P(EnvContract, StreamMayBeDestroyedByItsHandler) {
  Connect();
  accepted_->destroy_on_data = true;
  dialled_->stream->Write("x");
  EXPECT_TRUE(stage_->Until([this] { return dialled_->closed.has_value(); }));
}

TEST_P(EnvContract, SlowReaderIsToldOfByWriteAndOnWritable) {
  Connect();
  accepted_->stream->PauseReading(true);
  EXPECT_FALSE(dialled_->stream->Write(std::string(32 << 20, 'x')));
  EXPECT_GT(dialled_->stream->BufferedBytes(), size_t{1} << 20);
  accepted_->stream->PauseReading(false);
  EXPECT_TRUE(stage_->Until([this] { return dialled_->writable == 1; }));
  EXPECT_LT(dialled_->stream->BufferedBytes(), size_t{1} << 20);
}

TEST_P(EnvContract, BytesThatCameEarlyWaitForTheHandler) {
  std::unique_ptr<Stream> raw;
  auto listener = stage_->server().network().Listen(stage_->any_port(),
                                                    [&](std::unique_ptr<Stream> stream) { raw = std::move(stream); });
  ASSERT_TRUE(Dial((*listener)->Address()).ok());
  dialled_->stream->Write("early");
  dialled_->stream->Close();
  ASSERT_TRUE(stage_->Until([&] { return raw != nullptr; }));
  Peer late(std::move(raw));
  EXPECT_EQ(late.received, "") << "not from inside the call";
  ASSERT_TRUE(stage_->Until([&] { return late.closed.has_value(); }));
  EXPECT_EQ(late.received, "early");
}

TEST_P(EnvContract, NetworkErrorsReadAlike) {
  Connect();
  std::string address = listener_->Address();
  auto second = stage_->server().network().Listen(address, [](std::unique_ptr<Stream>) {});
  EXPECT_EQ(second.status(), Status(Code::kUnavailable, "listen " + address + ": address already in use"));
  listener_.reset();
  EXPECT_EQ(Dial(address), Status(Code::kUnavailable, "dial " + address + ": connection refused"));
  EXPECT_EQ(Dial("nonsense"), Status(Code::kInvalidArgument, "dial nonsense: address nonsense: missing port"));
}

TEST_P(EnvContract, PostedTasksRunInOrderBeforeTimers) {
  std::string order;
  Env& env = stage_->client();
  env.After(0ms, [&] {
    env.After(0ms, [&] { order += "timer"; });
    env.Post([&] { order += "1 "; });
    env.Post([&] { order += "2 "; });
  });
  EXPECT_TRUE(stage_->Until([&] { return order.size() >= 9; }));
  EXPECT_EQ(order, "1 2 timer");
}

TEST_P(EnvContract, FilesReadTheirOwnWritesAndKeepHoles) {
  Disk& disk = stage_->client().disk();
  ASSERT_TRUE(disk.MakeDirectories(stage_->folder() + "/a/b").ok());
  std::string path = stage_->folder() + "/a/b/f";
  auto file = disk.Open(path, Disk::OpenMode::kCreate);
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  ASSERT_TRUE((*file)->Write(4, "tail").ok());
  EXPECT_EQ((*file)->Size(), 8U);
  EXPECT_EQ((*file)->Read(2, 100).value(), std::string("\0\0tail", 6));
  ASSERT_TRUE((*file)->Truncate(5).ok());
  EXPECT_EQ(disk.ReadAll(path).value(), std::string("\0\0\0\0t", 5));
  EXPECT_EQ((*file)->Read(9, 1).value(), "");
  EXPECT_TRUE(Await([&](Completion<Status> done) { (*file)->Sync(std::move(done)); }).ok());
  EXPECT_TRUE(Await([&](Completion<Status> done) { disk.SyncDirectory(stage_->folder() + "/a/b", done); }).ok());
}

TEST_P(EnvContract, NamesAndTheirErrorsReadAlike) {
  Disk& disk = stage_->client().disk();
  std::string folder = stage_->folder();
  ASSERT_TRUE(disk.MakeDirectories(folder + "/d").ok());
  ASSERT_TRUE(disk.MakeDirectories(folder + "/d").ok()) << "again is no error";
  EXPECT_TRUE(Await([&](Completion<Status> done) { disk.WriteAtomically(folder + "/z", "1", done); }).ok());
  EXPECT_TRUE(Await([&](Completion<Status> done) { disk.WriteAtomically(folder + "/z", "22", done); }).ok());
  EXPECT_EQ(disk.ReadAll(folder + "/z").value(), "22");
  EXPECT_TRUE(disk.Rename(folder + "/z", folder + "/a").ok());
  EXPECT_EQ(disk.List(folder).value(), (std::vector<std::string>{"a", "d"}));
  EXPECT_TRUE(disk.Exists(folder + "/d"));
  EXPECT_EQ(disk.Open(folder + "/z", Disk::OpenMode::kReadWrite).status(),
            Status(Code::kNotFound, "open " + folder + "/z: no such file or directory"));
  EXPECT_EQ(disk.Rename(folder + "/z", folder + "/y").code(), Code::kNotFound);
  EXPECT_EQ(disk.List(folder + "/none").status().code(), Code::kNotFound);
  EXPECT_EQ(disk.Open(folder + "/none/f", Disk::OpenMode::kCreate).status().code(), Code::kNotFound);
  EXPECT_EQ(disk.Open(folder + "/d", Disk::OpenMode::kRead).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Await([&](Completion<Status> done) { disk.WriteAtomically(folder + "/none/f", "", done); }).code(),
            Code::kNotFound);
  EXPECT_TRUE(disk.Remove(folder + "/a").ok());
  EXPECT_EQ(disk.Remove(folder + "/a").code(), Code::kNotFound);
}

}  // namespace
}  // namespace kp::runtime
