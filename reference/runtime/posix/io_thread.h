// The one helper thread of a real process: calls that block (fdatasync, a resolver) run there, in
// order; their outcomes come back through an eventfd. Only bytes and statuses cross.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "reference/runtime/posix/event_loop.h"

namespace kp::runtime::posix {

class IoThread : public FdHandler {
 public:
  explicit IoThread(EventLoop& loop);
  // Finishes the call that runs; the waiting ones are dropped.
  ~IoThread() override;

  // `work` runs on the thread, then `done` on the loop, in the order of submission.
  void Submit(std::function<void()> work, Task done);

  void OnReady(uint32_t epoll_events) override;

 private:
  struct Job {
    std::function<void()> work;
    Task done;
  };
  void Work();

  EventLoop& loop_;
  int event_fd_;
  uint64_t token_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> waiting_;
  std::deque<Job> finished_;
  bool ending_ = false;
  std::thread thread_;  // started at the first Submit: most test processes never need it
};

}  // namespace kp::runtime::posix
