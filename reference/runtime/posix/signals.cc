#include "reference/runtime/posix/signals.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "reference/base/check.h"

namespace kp::runtime::posix {

SignalWatch::SignalWatch(EventLoop& loop, const std::vector<int>& signals, std::function<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK(fd_ >= 0) << "signalfd";
  token_ = loop_.Watch(fd_, EPOLLIN, this);
}

SignalWatch::~SignalWatch() {
  loop_.Unwatch(fd_, token_);
  close(fd_);
}

void SignalWatch::OnReady(uint32_t) {
  signalfd_siginfo info{};
  if (read(fd_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info)))
    on_signal_(static_cast<int>(info.ssi_signo));
}

void DieWithParent() {
  pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before the kernel knew of our wish.
  if (getppid() != parent) _exit(1);
}

}  // namespace kp::runtime::posix
