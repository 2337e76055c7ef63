#include "reference/runtime/posix/listener.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "reference/runtime/posix/connection.h"
#include "reference/runtime/posix/errors.h"

namespace kp::runtime::posix {
namespace {

constexpr int kMostAcceptsPerEvent = 64;
// Out of descriptors: the queue of waiting peers stays readable, so the watch is dropped for a while.
constexpr Duration kAcceptPause = 50ms;

class PosixListener : public Listener, public FdHandler {
 public:
  PosixListener(EventLoop& loop, int fd, std::string address, std::string unix_path,
                std::function<void(std::unique_ptr<Stream>)> on_accept)
      : loop_(loop),
        fd_(fd),
        address_(std::move(address)),
        unix_path_(std::move(unix_path)),
        on_accept_(std::make_shared<std::function<void(std::unique_ptr<Stream>)>>(std::move(on_accept))) {
    token_ = loop_.Watch(fd_, EPOLLIN, this);
  }

  ~PosixListener() override {
    loop_.Cancel(pause_);
    if (token_ != 0) loop_.Unwatch(fd_, token_);
    close(fd_);
    if (!unix_path_.empty()) unlink(unix_path_.c_str());
  }

  std::string Address() const override { return address_; }

  void OnReady(uint32_t) override {
    // The callback may destroy this listener.
    auto on_accept = on_accept_;
    std::weak_ptr<char> alive = alive_;
    for (int i = 0; i < kMostAcceptsPerEvent && !alive.expired() && !loop_.stopped(); ++i) {
      int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        (*on_accept)(Connection::Adopt(loop_, fd));
        continue;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return PauseAccepting();
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    }
  }

 private:
  void PauseAccepting() {
    loop_.Unwatch(fd_, std::exchange(token_, 0));
    pause_ = loop_.After(kAcceptPause, [this] { token_ = loop_.Watch(fd_, EPOLLIN, this); });
  }

  EventLoop& loop_;
  int fd_;
  std::string address_;
  std::string unix_path_;
  std::shared_ptr<std::function<void(std::unique_ptr<Stream>)>> on_accept_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  uint64_t token_ = 0;
  TimerId pause_;
};

// A socket file whose owner died stays behind and blocks its name.
bool IsStaleSocketFile(const SocketAddress& address) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool refused = connect(fd, address.get(), address.size) != 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

}  // namespace

Result<std::unique_ptr<Listener>> OpenListener(EventLoop& loop, const std::string& text, const SocketAddress& address,
                                               std::function<void(std::unique_ptr<Stream>)> on_accept) {
  int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus("listen", text, errno);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  std::string unix_path;
  if (address.family() == AF_UNIX) unix_path = FormatAddress(address).substr(5);
  int bound = bind(fd, address.get(), address.size);
  if (bound != 0 && errno == EADDRINUSE && !unix_path.empty() && IsStaleSocketFile(address)) {
    unlink(unix_path.c_str());
    bound = bind(fd, address.get(), address.size);
  }
  if (bound != 0 || listen(fd, 1024) != 0) {
    int error = errno;
    close(fd);
    return ErrnoStatus("listen", text, error == 0 ? EADDRINUSE : error);
  }
  SocketAddress real;
  real.size = sizeof(real.storage);
  getsockname(fd, reinterpret_cast<sockaddr*>(&real.storage), &real.size);
  return std::unique_ptr<Listener>(
      std::make_unique<PosixListener>(loop, fd, FormatAddress(real), unix_path, std::move(on_accept)));
}

}  // namespace kp::runtime::posix
