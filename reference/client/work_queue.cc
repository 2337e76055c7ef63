#include "reference/client/work_queue.h"

#include <algorithm>

namespace kp::client {

WorkQueue::WorkQueue(runtime::Env& env, Options options, std::function<void()> ready)
    : env_(env), options_(options), ready_(std::move(ready)) {}

void WorkQueue::Add(const std::string& key) {
  if (working_.contains(key)) {
    dirty_.insert(key);
    return;
  }
  if (!queued_.insert(key).second) return;
  queue_.push_back(key);
  Signal();
}

void WorkQueue::AddAfter(const std::string& key, Duration delay) {
  if (delay <= Duration(0)) return Add(key);
  Time due = env_.Now() + delay;
  auto at = delayed_.find(key);
  if (at != delayed_.end()) {
    if (at->second.due <= due) return;
    env_.Cancel(at->second.timer);
    delayed_.erase(at);
  }
  runtime::TimerId timer = env_.After(delay, alive_.Wrap([this, key] {
    delayed_.erase(key);
    Add(key);
  }));
  delayed_.emplace(key, Delay{due, timer});
}

void WorkQueue::AddRateLimited(const std::string& key) {
  int failures = failures_[key]++;
  Duration wait = options_.max_backoff;
  // 2^30 times any sensible minimum is beyond any maximum, and does not overflow.
  if (failures < 30) wait = std::min(wait, options_.min_backoff * (int64_t{1} << failures));
  AddAfter(key, wait);
}

std::string WorkQueue::Next() {
  CHECK(!queue_.empty()) << "Next() of an empty queue";
  std::string key = std::move(queue_.front());
  queue_.pop_front();
  queued_.erase(key);
  working_.insert(key);
  return key;
}

void WorkQueue::Done(const std::string& key) {
  working_.erase(key);
  if (dirty_.erase(key) > 0) Add(key);
}

void WorkQueue::Signal() {
  if (signalled_) return;
  signalled_ = true;
  env_.Post(alive_.Wrap([this] {
    signalled_ = false;
    ready_();
  }));
}

}  // namespace kp::client
