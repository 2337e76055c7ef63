#include "reference/runtime/posix/network.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "reference/runtime/posix/connection.h"
#include "reference/runtime/posix/errors.h"
#include "reference/runtime/posix/listener.h"

namespace kp::runtime::posix {

// A dial under way: first perhaps a look-up, then a connecting socket.
class PosixNetwork::Attempt : public FdHandler {
 public:
  Attempt(PosixNetwork& network, uint64_t id, std::string address, Completion<Result<std::unique_ptr<Stream>>> done)
      : network_(network), loop_(network.loop_), id_(id), address_(std::move(address)), done_(std::move(done)) {}

  ~Attempt() override {
    loop_.Cancel(timer_);
    Unwatch();
    if (fd_ >= 0) close(fd_);
  }

  void StartTimer(Duration timeout) {
    timer_ = loop_.After(timeout, [this] { Fail("i/o timeout"); });
  }

  void Connect(const SocketAddress& address) {
    fd_ = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return FailWith(errno);
    int outcome = connect(fd_, address.get(), address.size);
    if (outcome != 0 && errno != EINPROGRESS && errno != EINTR) return FailWith(errno);
    token_ = loop_.Watch(fd_, EPOLLOUT, this);
  }

  void OnReady(uint32_t) override {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return FailWith(error);
    network_.Succeed(id_);
  }

  std::unique_ptr<Stream> TakeStream() {
    Unwatch();
    return Connection::Adopt(loop_, std::exchange(fd_, -1));
  }
  Completion<Result<std::unique_ptr<Stream>>> TakeDone() { return std::move(done_); }

 private:
  void Unwatch() {
    if (token_ != 0) loop_.Unwatch(fd_, std::exchange(token_, 0));
  }
  void FailWith(int error) {
    network_.Finish(id_, {Code::kUnavailable, ErrnoStatus("dial", address_, error).message()});
  }
  void Fail(const char* reason) { network_.Finish(id_, {Code::kUnavailable, "dial " + address_ + ": " + reason}); }

  PosixNetwork& network_;
  EventLoop& loop_;  // outlives the network, which an ended attempt may not
  uint64_t id_;
  std::string address_;
  Completion<Result<std::unique_ptr<Stream>>> done_;
  TimerId timer_;
  int fd_ = -1;
  uint64_t token_ = 0;
};

PosixNetwork::PosixNetwork(EventLoop& loop, IoThread& thread) : loop_(loop), thread_(thread) {}

PosixNetwork::~PosixNetwork() = default;

Result<std::unique_ptr<Listener>> PosixNetwork::Listen(const std::string& address,
                                                       std::function<void(std::unique_ptr<Stream>)> on_accept) {
  auto parsed = ParseAddress(address);
  // A server names its own host at its start, where blocking hurts nobody.
  if (!parsed.ok() && parsed.error().code() == Code::kNotFound) parsed = ResolveAddress(address);
  if (!parsed.ok()) return Status(parsed.error().code(), "listen " + address + ": " + parsed.error().message());
  return OpenListener(loop_, address, *parsed, std::move(on_accept));
}

void PosixNetwork::Dial(const std::string& address, Duration timeout,
                        Completion<Result<std::unique_ptr<Stream>>> done) {
  uint64_t id = ++last_attempt_;
  auto& attempt = attempts_[id];
  attempt = std::make_unique<Attempt>(*this, id, address, std::move(done));
  attempt->StartTimer(timeout);
  auto parsed = ParseAddress(address);
  if (parsed.ok()) return Connect(id, *parsed);
  if (parsed.error().code() != Code::kNotFound) {
    return Finish(id, {parsed.error().code(), "dial " + address + ": " + parsed.error().message()});
  }
  auto found = std::make_shared<Result<SocketAddress>>(Status(Code::kUnknown, "not looked up"));
  thread_.Submit([found, address] { *found = ResolveAddress(address); },
                 [this, id, found, address] {
                   if (found->ok()) return Connect(id, **found);
                   Finish(id, {Code::kUnavailable, "dial " + address + ": " + found->error().message()});
                 });
}

void PosixNetwork::Connect(uint64_t id, const SocketAddress& address) {
  auto attempt = attempts_.find(id);
  if (attempt != attempts_.end()) attempt->second->Connect(address);
}

// Posted, because a refusal may be known inside Dial already.
void PosixNetwork::Finish(uint64_t id, Status failure) {
  loop_.Post([this, id, failure = std::move(failure)] {
    auto attempt = attempts_.extract(id);
    if (attempt.empty()) return;
    auto done = attempt.mapped()->TakeDone();
    attempt.mapped().reset();
    done(failure);
  });
}

void PosixNetwork::Succeed(uint64_t id) {
  auto attempt = attempts_.extract(id);
  if (attempt.empty()) return;
  auto stream = attempt.mapped()->TakeStream();
  auto done = attempt.mapped()->TakeDone();
  // The attempt is on the call stack: it goes after this callback.
  loop_.Post([held = std::shared_ptr<Attempt>(std::move(attempt.mapped()))] {});
  done(std::move(stream));
}

}  // namespace kp::runtime::posix
