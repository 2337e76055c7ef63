#include "reference/runtime/posix/io_thread.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "reference/base/check.h"

namespace kp::runtime::posix {

IoThread::IoThread(EventLoop& loop) : loop_(loop), event_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(event_fd_ >= 0) << "eventfd";
  token_ = loop_.Watch(event_fd_, EPOLLIN, this);
}

IoThread::~IoThread() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  loop_.Unwatch(event_fd_, token_);
  close(event_fd_);
}

void IoThread::Submit(std::function<void()> work, Task done) {
  if (!thread_.joinable()) {
    // Signals belong to the loop's thread: the new one inherits a full mask.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { Work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

void IoThread::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job.work();
    lock.lock();
    finished_.push_back(std::move(job));
    uint64_t one = 1;
    // Cannot block: the counter would have to reach 2^64 - 1.
    ssize_t written = write(event_fd_, &one, sizeof(one));
    CHECK(written == sizeof(one)) << "eventfd write";
  }
}

void IoThread::OnReady(uint32_t) {
  uint64_t count = 0;
  if (read(event_fd_, &count, sizeof(count)) < 0) return;
  std::deque<Job> finished;
  {
    std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  // Each completion is a callback of its own, so that Stop between two of them is heeded.
  for (Job& job : finished) loop_.Post(std::move(job.done));
}

}  // namespace kp::runtime::posix
