#include "reference/runtime/posix/posix_env.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <future>

namespace kp::runtime::posix {
namespace {

// Keeps what a stream delivers; writes it back when `echo` is set.
struct Recorder : StreamHandler {
  explicit Recorder(std::unique_ptr<Stream> s, bool echo_back = false) : stream(std::move(s)), echo(echo_back) {
    stream->SetHandler(this);
  }
  void OnData(std::string_view bytes) override {
    received += bytes;
    if (echo) stream->Write(bytes);
  }
  void OnClose(const Status& status) override { closed = status; }
  void OnWritable() override { ++writable; }

  std::unique_ptr<Stream> stream;
  bool echo;
  std::string received;
  int writable = 0;
  std::optional<Status> closed;
};

class PosixEnvTest : public testing::Test {
 protected:
  PosixEnvTest() : env_({.name = "test", .seed = 1, .least_severity = Severity::kError}) {}

  void Connect(const std::string& address, bool echo) {
    auto listener = env_.network().Listen(address, [this, echo](std::unique_ptr<Stream> stream) {
      server_ = std::make_unique<Recorder>(std::move(stream), echo);
    });
    ASSERT_TRUE(listener.ok()) << listener.error().ToString();
    listener_ = std::move(*listener);
    env_.network().Dial(listener_->Address(), 5s, [this](Result<std::unique_ptr<Stream>> stream) {
      ASSERT_TRUE(stream.ok()) << stream.error().ToString();
      client_ = std::make_unique<Recorder>(std::move(*stream));
    });
    Until([this] { return server_ && client_; });
  }
  void Until(const std::function<bool()>& done) {
    Status status = env_.RunUntil(done, 10s);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  Status DialError(const std::string& address, Duration timeout = 5s) {
    std::optional<Status> error;
    env_.network().Dial(address, timeout,
                        [&error](Result<std::unique_ptr<Stream>> stream) { error = stream.status(); });
    EXPECT_FALSE(error.has_value()) << "a completion must not come from inside the call";
    Until([&error] { return error.has_value(); });
    return *error;
  }

  PosixEnv env_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Recorder> server_;
  std::unique_ptr<Recorder> client_;
};

TEST_F(PosixEnvTest, EchoesOverTcp) {
  Connect("127.0.0.1:0", true);
  client_->stream->Write("hello ");
  client_->stream->Write("world");
  Until([this] { return client_->received == "hello world"; });
  EXPECT_EQ(client_->stream->PeerAddress(), listener_->Address());
}

TEST_F(PosixEnvTest, CloseSendsWhatIsQueuedThenEndsInOrder) {
  Connect("127.0.0.1:0", false);
  std::string large(8 << 20, 'x');
  client_->stream->Write(large);
  client_->stream->Close();
  client_.reset();
  Until([this] { return server_->closed.has_value(); });
  EXPECT_TRUE(server_->closed->ok()) << server_->closed->ToString();
  EXPECT_EQ(server_->received.size(), large.size());
}

TEST_F(PosixEnvTest, DestroyedStreamResetsThePeer) {
  Connect("127.0.0.1:0", false);
  client_.reset();
  Until([this] { return server_->closed.has_value(); });
  EXPECT_EQ(server_->closed->code(), Code::kUnavailable);
}

TEST_F(PosixEnvTest, WriterIsHeldBackAndWokenWhenReaderPausesAndResumes) {
  Connect("127.0.0.1:0", false);
  server_->stream->PauseReading(true);
  // More than the kernel's buffers of both ends take.
  EXPECT_FALSE(client_->stream->Write(std::string(32 << 20, 'x')));
  env_.RunFor(20ms);
  EXPECT_GT(client_->stream->BufferedBytes(), 0U);
  EXPECT_TRUE(server_->received.empty());
  server_->stream->PauseReading(false);
  Until([this] { return client_->writable > 0; });
}

TEST_F(PosixEnvTest, UnixSocketReplacesAStaleFileButNotALiveListener) {
  std::string address = "unix:/tmp/kp-posix-env-test-" + std::to_string(getpid()) + ".sock";
  Connect(address, true);
  client_->stream->Write("x");
  Until([this] { return client_->received == "x"; });
  EXPECT_EQ(env_.network().Listen(address, [](std::unique_ptr<Stream>) {}).status().message(),
            "listen " + address + ": address already in use");
}

TEST_F(PosixEnvTest, ErrorsNameTheAddressAndTheReason) {
  Connect("127.0.0.1:0", false);
  std::string taken = listener_->Address();
  auto second = env_.network().Listen(taken, [](std::unique_ptr<Stream>) {});
  EXPECT_EQ(second.status(), Status(Code::kUnavailable, "listen " + taken + ": address already in use"));
  listener_.reset();
  EXPECT_EQ(DialError(taken), Status(Code::kUnavailable, "dial " + taken + ": connection refused"));
  EXPECT_EQ(DialError("nonsense").code(), Code::kInvalidArgument);
}

TEST_F(PosixEnvTest, DialTimesOutWhenNobodyAnswers) {
  // A full queue of waiting peers makes the kernel ignore further ones.
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(any);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&any), size), 0);
  ASSERT_EQ(listen(fd, 0), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size), 0);
  std::string address = "127.0.0.1:" + std::to_string(ntohs(any.sin_port));
  std::vector<std::unique_ptr<Stream>> waiting;
  std::string error;
  for (int i = 0; i < 5; ++i) {
    env_.network().Dial(address, 50ms, [&](Result<std::unique_ptr<Stream>> stream) {
      if (!stream.ok()) {
        error = stream.error().message();
      } else {
        waiting.push_back(std::move(*stream));
      }
    });
  }
  Until([&] { return !error.empty(); });
  EXPECT_EQ(error, "dial " + address + ": i/o timeout");
  close(fd);
}

TEST_F(PosixEnvTest, TimersFireInOrderUnlessCancelled) {
  std::string order;
  env_.After(3ms, [&] { order += "3"; });
  TimerId cancelled = env_.After(2ms, [&] { order += "2"; });
  env_.After(1ms, [&] {
    order += "1";
    env_.Cancel(cancelled);
    env_.Post([&] { order += "p"; });
  });
  env_.After(3ms, [&] { order += "e"; });
  Until([&] { return order.ends_with("e"); });
  EXPECT_EQ(order, "1p3e");
}

TEST_F(PosixEnvTest, ArrivedBytesAreSeenBeforeOverdueTimers) {
  Connect("127.0.0.1:0", false);
  std::string order;
  env_.Post([this] { client_->stream->Write("x"); });
  env_.After(0ms, [&] { order = server_->received + "timer"; });
  Until([&] { return !order.empty(); });
  EXPECT_EQ(order, "xtimer");
}

TEST_F(PosixEnvTest, SyncsCompleteInOrderAndDataIsThere) {
  std::string folder = std::filesystem::temp_directory_path() / ("kp-disk-" + std::to_string(getpid()));
  Disk& disk = env_.disk();
  ASSERT_TRUE(disk.MakeDirectories(folder + "/a/b").ok());
  auto file = disk.Open(folder + "/a/b/log", Disk::OpenMode::kCreate);
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  std::string order;
  for (char c : std::string("abc")) {
    ASSERT_TRUE((*file)->Write((*file)->Size(), std::string(1, c)).ok());
    (*file)->Sync([&order, c](const Status& status) { order += status.ok() ? c : '!'; });
  }
  disk.WriteAtomically(folder + "/snapshot", "whole", [&order](const Status& s) { order += s.ok() ? 'w' : '!'; });
  disk.SyncDirectory(folder + "/a/b", [&order](const Status& s) { order += s.ok() ? 'd' : '!'; });
  EXPECT_EQ(order, "");
  Until([&] { return order.size() == 5; });
  EXPECT_EQ(order, "abcwd");
  EXPECT_EQ(disk.ReadAll(folder + "/a/b/log").value(), "abc");
  EXPECT_EQ(disk.ReadAll(folder + "/snapshot").value(), "whole");
  EXPECT_EQ((*file)->Read(1, 100).value(), "bc");
  EXPECT_EQ(disk.List(folder).value(), (std::vector<std::string>{"a", "snapshot"}));
  EXPECT_EQ(disk.ReadAll(folder + "/none").status().code(), Code::kNotFound);
  std::filesystem::remove_all(folder);
}

TEST_F(PosixEnvTest, CompletionsThatGatheredComeInOrder) {
  std::promise<void> all_done;
  std::string order;
  IoThread thread(env_.loop());
  for (char c : std::string("abc")) {
    auto work = [&all_done, c] {
      if (c == 'c') all_done.set_value();
    };
    thread.Submit(work, [&order, c] { order += c; });
  }
  all_done.get_future().wait();
  Until([&] { return order.size() == 3; });
  EXPECT_EQ(order, "abc");
}

TEST_F(PosixEnvTest, FailEndsRunWithOneAndRunsNothingMore) {
  bool ran = false;
  env_.Post([&] {
    env_.Post([&] { ran = true; });
    env_.Fail("test", "expected by this test");
  });
  EXPECT_EQ(env_.Run(), 1);
  EXPECT_FALSE(ran);
}

TEST_F(PosixEnvTest, SignalsArriveAsEvents) {
  int seen = 0;
  env_.HandleSignals([&](int signal) {
    seen = signal;
    env_.Stop(0);
  });
  env_.Post([] { kill(getpid(), SIGTERM); });
  EXPECT_EQ(env_.Run(), 0);
  EXPECT_EQ(seen, SIGTERM);
}

TEST(DieWithParent, KillsTheChildOfADeadParent) {
  int life[2];  // the grandchild holds the write end: end of file is its end
  int ready[2];
  ASSERT_EQ(pipe(life), 0);
  ASSERT_EQ(pipe(ready), 0);
  pid_t parent = fork();
  if (parent == 0) {
    if (fork() == 0) {
      alarm(15);  // should it live, then not for ever
      DieWithParent();
      static_cast<void>(!write(ready[1], "r", 1));
      for (;;) pause();
    }
    char byte;
    static_cast<void>(!read(ready[0], &byte, 1));
    _exit(0);
  }
  close(life[1]);
  close(ready[1]);
  EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
  pollfd end{life[0], POLLIN, 0};
  EXPECT_EQ(poll(&end, 1, 10000), 1) << "the grandchild lives";
  close(life[0]);
  close(ready[0]);
}

TEST(PosixLog, IsOneLineWithTimeNameAndComponent) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  PosixEnv env({.name = "store-0", .seed = 1, .log_fd = ends[1]});
  env.Log(Severity::kDebug, "raft", "below the least severity");
  env.Log(Severity::kInfo, "raft", "two\nlines");
  char buffer[200];
  ssize_t count = read(ends[0], buffer, sizeof(buffer));
  std::string line(buffer, static_cast<size_t>(count));
  EXPECT_TRUE(line.starts_with("I 2")) << line;
  EXPECT_TRUE(line.ends_with("Z store-0 raft: two\\nlines\n")) << line;
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace kp::runtime::posix
