// Virtual time: one event after another, in order of (time, order of scheduling).
#pragma once

#include <deque>
#include <utility>

#include "reference/base/random.h"
#include "reference/runtime/sim/counters.h"
#include "reference/runtime/sim/draw_log.h"
#include "reference/runtime/sim/event.h"
#include "reference/runtime/timer_queue.h"

namespace kp::runtime::sim {

class Scheduler {
 public:
  explicit Scheduler(uint64_t seed) : seed_(seed) {}
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  Time now() const { return now_; }
  uint64_t seed() const { return seed_; }
  DrawLog& log() { return log_; }
  Counters& counters() { return counters_; }

  // A stream of its own for one purpose, whose draws are logged under `name`. `name` must outlive it.
  Random MakeRandom(const std::string& name);

  TimerId At(Time when, ProcessState* process, EventKind kind, Task task) {
    return queue_.Add(when < now_ ? now_ : when, {process, kind, std::move(task)});
  }
  TimerId After(Duration delay, ProcessState* process, EventKind kind, Task task) {
    return At(now_ + delay, process, kind, std::move(task));
  }
  void Cancel(TimerId id) { queue_.Remove(id); }
  // Before anything that waits in time.
  void Post(ProcessState* process, Task task) { posted_.push_back({process, EventKind::kPosted, std::move(task)}); }

  // Runs one event. False when there is none.
  bool Step();
  bool idle() const { return posted_.empty() && queue_.empty(); }
  // When the next event is due; only while not idle.
  Time NextTime() const { return posted_.empty() ? queue_.NextTime() : now_; }
  void AdvanceTo(Time time);
  // The process whose event runs now, or none.
  ProcessState* current() const { return current_; }

  // Whether a process called Fail in an event since the last question.
  bool take_failed() { return std::exchange(failed_, false); }

  // Brings back what became due while the process was paused: input before timers, as a real
  // loop sees it after SIGCONT.
  void Resume(ProcessState& process);
  // Drops all events of a process that ended.
  void Purge(const ProcessState& process);

 private:
  void Run(Event& event);

  uint64_t seed_;
  Time now_ = kStart;
  DrawLog log_;
  Counters counters_;
  std::deque<Event> posted_;
  TimerQueue<Event> queue_;
  ProcessState* current_ = nullptr;
  bool failed_ = false;
};

}  // namespace kp::runtime::sim
