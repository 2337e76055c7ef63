// For unit tests: an Env of timers and posts only, in virtual time. It has no network and no disk.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

class TestEnv : public runtime::Env {
 public:
  const std::string& name() const override { return name_; }
  Time Now() const override { return now_; }
  // 2025-01-01T00:00:00Z at the start.
  WallTime Wall() const override {
    return WallTime(Duration(std::chrono::seconds(1735689600))) + now_.time_since_epoch();
  }
  runtime::TimerId After(Duration delay, runtime::Task task) override {
    timers_.emplace(std::pair(now_ + delay, ++last_timer_), std::move(task));
    return {last_timer_};
  }
  void Cancel(runtime::TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer.value; });
  }
  void Post(runtime::Task task) override { After(Duration(0), std::move(task)); }
  runtime::Network& network() override {
    UNREACHABLE();
    __builtin_trap();
  }
  runtime::Disk& disk() override {
    UNREACHABLE();
    __builtin_trap();
  }
  Random& random() override { return random_; }
  void Log(runtime::Severity, std::string_view, std::string_view message) override { log.emplace_back(message); }
  void Fail(std::string_view, std::string_view reason) override { CHECK(false) << reason; }

  // Runs what is due within `span` from now, in order.
  void Run(Duration span = Duration(0)) {
    const Time end = now_ + span;
    for (int step = 0; !timers_.empty() && timers_.begin()->first.first <= end; ++step) {
      CHECK_LT(step, 1000000) << "the test does not come to rest";
      auto node = timers_.extract(timers_.begin());
      now_ = std::max(now_, node.key().first);
      node.mapped()();
    }
    now_ = end;
  }

  std::vector<std::string> log;

 private:
  std::string name_ = "test";
  Time now_;
  uint64_t last_timer_ = 0;
  std::map<std::pair<Time, uint64_t>, runtime::Task> timers_;
  Random random_{1};
};

}  // namespace kp::apiserver
