// The turn of a real process: descriptors (epoll), timers and posted tasks on one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>

#include "reference/runtime/env.h"
#include "reference/runtime/timer_queue.h"

namespace kp::runtime::posix {

class FdHandler {
 public:
  virtual ~FdHandler() = default;
  virtual void OnReady(uint32_t epoll_events) = 0;
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Time Now() const;

  // A watch is known by its token, never by its descriptor: an event that was fetched for a closed
  // descriptor must not reach the next owner of the same number.
  uint64_t Watch(int fd, uint32_t epoll_events, FdHandler* handler);
  void Change(int fd, uint64_t token, uint32_t epoll_events);
  void Unwatch(int fd, uint64_t token);

  TimerId After(Duration delay, Task task);
  void Cancel(TimerId timer) { timers_.Remove(timer); }
  void Post(Task task) { posted_.push_back(std::move(task)); }

  // One turn: waits for something to do, at most `longest_wait`, then handles posted tasks,
  // descriptors until none is ready (so that what arrived during a stall is seen before the
  // timers that it should have stopped), and due timers.
  void Turn(Duration longest_wait);

  // No callback runs after this one, until ClearStop.
  void Stop() { stopped_ = true; }
  void ClearStop() { stopped_ = false; }
  bool stopped() const { return stopped_; }

 private:
  int Wait(Duration longest_wait);
  void Dispatch(int count);
  void RunPosted();
  void RunTimers();

  static constexpr int kBatch = 128;

  int epoll_fd_;
  bool stopped_ = false;
  uint64_t last_token_ = 0;
  std::map<uint64_t, FdHandler*> handlers_;
  TimerQueue<Task> timers_;
  std::deque<Task> posted_;
  struct Ready {
    uint64_t token;
    uint32_t events;
  };
  Ready ready_[kBatch];
};

}  // namespace kp::runtime::posix
