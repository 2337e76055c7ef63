// Keys that wait to be worked on, each at most once, with delays and back-off per key
// (client-go's util/workqueue).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "reference/runtime/env.h"

namespace kp::client {

class WorkQueue {
 public:
  struct Options {
    Duration min_backoff = 5ms;
    Duration max_backoff = 1000s;
  };

  // `ready` runs (posted, not nested) when a key has become available.
  WorkQueue(runtime::Env& env, Options options, std::function<void()> ready);

  // A key that is being worked on is queued again once it is Done.
  void Add(const std::string& key);
  void AddAfter(const std::string& key, Duration delay);
  // After a failure: each further one doubles the wait.
  void AddRateLimited(const std::string& key);
  // The key was handled well: the next failure waits the least again.
  void Forget(const std::string& key) { failures_.erase(key); }

  bool HasNext() const { return !queue_.empty(); }
  std::string Next();
  void Done(const std::string& key);
  // Nothing waits, is delayed or is being worked on.
  bool Idle() const { return queue_.empty() && working_.empty() && delayed_.empty(); }
  size_t size() const { return queue_.size(); }

 private:
  void Signal();

  runtime::Env& env_;
  Options options_;
  std::function<void()> ready_;
  std::deque<std::string> queue_;
  std::set<std::string> queued_;
  std::set<std::string> working_;
  std::set<std::string> dirty_;  // added while being worked on
  struct Delay {
    Time due;
    runtime::TimerId timer;
  };
  std::map<std::string, Delay> delayed_;
  std::map<std::string, int> failures_;
  bool signalled_ = false;
  Alive alive_;
};

}  // namespace kp::client
