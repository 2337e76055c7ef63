#include "reference/runtime/posix/event_loop.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "reference/base/check.h"

namespace kp::runtime::posix {
namespace {

// Work that keeps producing work must not starve the other kinds.
constexpr int kMostPostedPerPass = 10000;
constexpr int kMostDrainPasses = 16;

}  // namespace

EventLoop::EventLoop() : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
  CHECK(epoll_fd_ >= 0) << "epoll_create1: " << std::strerror(errno);
}

EventLoop::~EventLoop() {
  // Tasks may own streams, which still use the loop when they go.
  posted_.clear();
  timers_.RemoveIf([](const Task&) { return true; });
  close(epoll_fd_);
}

Time EventLoop::Now() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Time(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec));
}

uint64_t EventLoop::Watch(int fd, uint32_t epoll_events, FdHandler* handler) {
  uint64_t token = ++last_token_;
  epoll_event event{};
  event.events = epoll_events;
  event.data.u64 = token;
  int failed = epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
  CHECK(failed == 0) << "epoll add: " << std::strerror(errno);
  handlers_.emplace(token, handler);
  return token;
}

void EventLoop::Change(int fd, uint64_t token, uint32_t epoll_events) {
  epoll_event event{};
  event.events = epoll_events;
  event.data.u64 = token;
  int failed = epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
  CHECK(failed == 0) << "epoll change: " << std::strerror(errno);
}

void EventLoop::Unwatch(int fd, uint64_t token) {
  if (handlers_.erase(token) == 0) return;
  int failed = epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  CHECK(failed == 0) << "epoll remove: " << std::strerror(errno);
}

TimerId EventLoop::After(Duration delay, Task task) {
  return timers_.Add(Now() + std::max(delay, Duration(0)), std::move(task));
}

void EventLoop::Turn(Duration longest_wait) {
  // What a posted task did may be what the caller waits for: a turn that ran one does not sleep.
  Duration wait = posted_.empty() ? std::max(longest_wait, Duration(0)) : Duration(0);
  RunPosted();
  if (stopped_) return;
  if (!timers_.empty()) wait = std::clamp(timers_.NextTime() - Now(), Duration(0), wait);
  int count = Wait(wait);
  for (int pass = 0; count > 0 && !stopped_; ++pass) {
    Dispatch(count);
    // Only a timer that is due asks what else is there; without one the next turn does.
    if (stopped_ || pass == kMostDrainPasses || timers_.empty() || timers_.NextTime() > Now()) break;
    count = Wait(Duration(0));
  }
  RunTimers();
}

int EventLoop::Wait(Duration longest_wait) {
  epoll_event events[kBatch];
  // epoll_wait knows milliseconds only, which would make every short timer a millisecond late.
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(longest_wait.count() / 1000000000);
  timeout.tv_nsec = static_cast<long>(longest_wait.count() % 1000000000);
  int count = epoll_pwait2(epoll_fd_, events, kBatch, &timeout, nullptr);
  if (count < 0 && errno == ENOSYS) {  // Linux before 5.11
    int64_t ms = std::min<int64_t>((longest_wait.count() + 999999) / 1000000, 1 << 30);
    count = epoll_wait(epoll_fd_, events, kBatch, static_cast<int>(ms));
  }
  CHECK(count >= 0 || errno == EINTR) << "epoll wait: " << std::strerror(errno);
  for (int i = 0; i < count; ++i) ready_[i] = {events[i].data.u64, events[i].events};
  return std::max(count, 0);
}

void EventLoop::Dispatch(int count) {
  for (int i = 0; i < count && !stopped_; ++i) {
    auto handler = handlers_.find(ready_[i].token);
    if (handler == handlers_.end()) continue;
    handler->second->OnReady(ready_[i].events);
    RunPosted();
  }
}

void EventLoop::RunPosted() {
  for (int i = 0; i < kMostPostedPerPass && !posted_.empty() && !stopped_; ++i) {
    Task task = std::move(posted_.front());
    posted_.pop_front();
    task();
  }
}

void EventLoop::RunTimers() {
  Time now = Now();
  while (!stopped_ && !timers_.empty() && timers_.NextTime() <= now) {
    Task task = timers_.Pop().payload;
    task();
    RunPosted();
  }
}

}  // namespace kp::runtime::posix
