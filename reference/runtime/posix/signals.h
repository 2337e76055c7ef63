// Signals as events, and the tie of a process to its parent.
#pragma once

#include <functional>
#include <vector>

#include "reference/runtime/posix/event_loop.h"

namespace kp::runtime::posix {

// Delivers the given signals on the loop for as long as it lives; their default action is off.
// Make it before other threads start.
class SignalWatch : public FdHandler {
 public:
  SignalWatch(EventLoop& loop, const std::vector<int>& signals, std::function<void(int)> on_signal);
  ~SignalWatch() override;
  void OnReady(uint32_t epoll_events) override;

 private:
  EventLoop& loop_;
  int fd_;
  uint64_t token_;
  std::function<void(int)> on_signal_;
};

// The kernel kills this process when its parent ends (the thread that forked it). Call early in main.
void DieWithParent();

}  // namespace kp::runtime::posix
