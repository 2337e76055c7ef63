#include "reference/runtime/posix/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "reference/runtime/posix/address.h"
#include "reference/runtime/posix/errors.h"

namespace kp::runtime::posix {
namespace {

constexpr size_t kHighWater = 1 << 20;
constexpr size_t kLowWater = 1 << 18;
constexpr size_t kReadSize = 64 << 10;
// A fast peer must not keep the loop for itself: the rest waits for the next pass.
constexpr int kMostReadsPerEvent = 8;
// How long a closed connection waits for the peer to take the last bytes and close too.
constexpr Duration kLinger = 5s;
// As in the simulator: a peer that is silent for this long, with data or probes unanswered, is gone.
constexpr int kSilenceSeconds = 30;

void SetOption(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); }

void ConfigureSocket(int fd) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, kSilenceSeconds / 2);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, kSilenceSeconds / 6);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kSilenceSeconds * 1000);
}

std::string NameOf(int fd, int (*get)(int, sockaddr*, socklen_t*)) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  if (get(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return "unknown";
  return FormatAddress(address);
}

class PosixStream : public Stream {
 public:
  explicit PosixStream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~PosixStream() override { connection_->Abort(); }
  void SetHandler(StreamHandler* handler) override { connection_->SetHandler(handler); }
  bool Write(std::string_view bytes) override { return connection_->Write(bytes); }
  size_t BufferedBytes() const override { return connection_->buffered(); }
  void PauseReading(bool paused) override { connection_->PauseReading(paused); }
  void Close() override { connection_->Close(); }
  std::string PeerAddress() const override { return connection_->peer(); }
  std::string LocalAddress() const override { return connection_->local(); }

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<Stream> Connection::Adopt(EventLoop& loop, int fd) {
  return std::make_unique<PosixStream>(std::make_shared<Connection>(loop, fd));
}

Connection::Connection(EventLoop& loop, int fd)
    : loop_(loop), fd_(fd), peer_(NameOf(fd, getpeername)), local_(NameOf(fd, getsockname)) {
  if (!local_.starts_with("unix:")) ConfigureSocket(fd);
}

Connection::~Connection() { Release(); }

void Connection::SetHandler(StreamHandler* handler) {
  if (state_ != State::kOpen) return;
  handler_ = handler;
  UpdateInterest();
}

void Connection::PauseReading(bool paused) {
  if (state_ != State::kOpen) return;
  reading_paused_ = paused;
  UpdateInterest();
}

bool Connection::Write(std::string_view bytes) {
  if (state_ != State::kOpen || send_failed_) return true;
  out_.append(bytes);
  ScheduleFlush();
  if (buffered() < kHighWater) return true;
  owes_writable_ = true;
  return false;
}

void Connection::Close() {
  if (state_ != State::kOpen) return;
  state_ = State::kClosing;
  handler_ = nullptr;
  // The timer holds this until the end, which may be the loop's.
  linger_ = loop_.After(kLinger, [self = shared_from_this()] { self->Release(); });
  UpdateInterest();
  ScheduleFlush();
}

void Connection::Abort() {
  if (state_ != State::kOpen) return;
  // Zero linger turns close() into a reset, which tells the peer that this was no orderly end.
  linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Release();
}

// All writes of one callback leave in one system call.
void Connection::ScheduleFlush() {
  if (flush_posted_ || blocked_) return;
  flush_posted_ = true;
  loop_.Post([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Flush();
  });
}

void Connection::Flush() {
  flush_posted_ = false;
  if (state_ != State::kOpen && state_ != State::kClosing) return;
  while (buffered() > 0) {
    ssize_t count = send(fd_, out_.data() + sent_, buffered(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      blocked_ = errno == EAGAIN || errno == EWOULDBLOCK;
      if (!blocked_) {
        send_failed_ = true;
        sent_ = out_.size();
      }
      break;
    }
    sent_ += static_cast<size_t>(count);
  }
  if (buffered() == 0) {
    blocked_ = false;
    out_.clear();
    sent_ = 0;
    if (out_.capacity() > kHighWater) out_.shrink_to_fit();
  } else if (sent_ >= kLowWater) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  if (state_ == State::kClosing && buffered() == 0) return StartLinger();
  UpdateInterest();
  if (owes_writable_ && buffered() < kLowWater && handler_ != nullptr) {
    owes_writable_ = false;
    handler_->OnWritable();
  }
}

// A close() with unread input would reset the connection and could destroy our last bytes on the
// peer's side, so the input is read away until the peer closes.
void Connection::StartLinger() {
  state_ = State::kLingering;
  if (send_failed_) return Release();
  shutdown(fd_, SHUT_WR);
  UpdateInterest();
}

void Connection::UpdateInterest() {
  if (state_ == State::kDone) return;
  uint32_t wanted = 0;
  bool reads = state_ == State::kOpen ? handler_ != nullptr && !reading_paused_ : true;
  if (reads) wanted |= EPOLLIN;
  if (blocked_) wanted |= EPOLLOUT;
  if (wanted == interest_ && (token_ != 0) == (wanted != 0)) return;
  interest_ = wanted;
  // Hang-ups are reported whatever one asks for: an unwanted watch would spin.
  if (wanted == 0) {
    loop_.Unwatch(fd_, std::exchange(token_, 0));
  } else if (token_ == 0) {
    token_ = loop_.Watch(fd_, wanted, this);
  } else {
    loop_.Change(fd_, token_, wanted);
  }
}

void Connection::OnReady(uint32_t epoll_events) {
  auto self = shared_from_this();
  if ((epoll_events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0 && blocked_) {
    blocked_ = false;
    Flush();
  }
  if ((epoll_events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
  if (state_ == State::kOpen) {
    ReadSome();
  } else if (state_ != State::kDone) {
    Discard();
  }
}

void Connection::ReadSome() {
  static thread_local char buffer[kReadSize];
  for (int i = 0; i < kMostReadsPerEvent; ++i) {
    if (state_ != State::kOpen || handler_ == nullptr || reading_paused_ || loop_.stopped()) return;
    ssize_t count = recv(fd_, buffer, sizeof(buffer), 0);
    if (count > 0) {
      handler_->OnData({buffer, static_cast<size_t>(count)});
      if (static_cast<size_t>(count) < sizeof(buffer)) return;
      continue;
    }
    if (count == 0) return Finish(send_failed_ ? Status(Code::kUnavailable, "connection reset by peer") : Status::Ok());
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    return Finish({Code::kUnavailable, ErrnoStatus("read", peer_, errno).message()});
  }
}

void Connection::Discard() {
  char buffer[4096];
  for (int i = 0; i < kMostReadsPerEvent; ++i) {
    ssize_t count = recv(fd_, buffer, sizeof(buffer), 0);
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    return Release();
  }
}

void Connection::Finish(const Status& reason) {
  StreamHandler* handler = std::exchange(handler_, nullptr);
  Release();
  if (handler != nullptr) handler->OnClose(reason);
}

void Connection::Release() {
  if (state_ == State::kDone) return;
  state_ = State::kDone;
  handler_ = nullptr;
  auto self = weak_from_this().lock();  // the timer may be the last holder
  loop_.Cancel(linger_);
  if (token_ != 0) loop_.Unwatch(fd_, std::exchange(token_, 0));
  close(fd_);
  out_.clear();
  sent_ = 0;
}

}  // namespace kp::runtime::posix
