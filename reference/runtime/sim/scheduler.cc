#include "reference/runtime/sim/scheduler.h"

#include <utility>

#include "reference/base/check.h"

namespace kp::runtime::sim {
namespace {

const std::string kWorldName = "world";

}  // namespace

Scheduler::~Scheduler() {
  posted_.clear();
  queue_.RemoveIf([](const Event&) { return true; });
}

Random Scheduler::MakeRandom(const std::string& name) {
  Random random(StableHash(name, seed_));
  random.set_observer([this, stream = &name](uint64_t value) { log_.Draw(now_, *stream, value); });
  return random;
}

bool Scheduler::Step() {
  if (!posted_.empty()) {
    Event event = std::move(posted_.front());
    posted_.pop_front();
    if (event.process != nullptr && event.process->paused) {
      event.process->parked_posts.push_back(std::move(event.task));
      return true;
    }
    Run(event);
    return true;
  }
  if (queue_.empty()) return false;
  now_ = queue_.NextTime();
  ProcessState* process = queue_.Next().process;
  if (process != nullptr && process->paused) {
    process->parked.push_back(queue_.ParkNext());
    ++counters_.paused_events;
    return true;
  }
  Event event = queue_.Pop().payload;
  Run(event);
  return true;
}

void Scheduler::Run(Event& event) {
  ++counters_.events;
  if (event.process != nullptr && !event.process->runs()) return;
  log_.Event(now_, event.process != nullptr ? event.process->id : 0, static_cast<unsigned>(event.kind),
             event.process != nullptr ? event.process->name : kWorldName);
  current_ = event.process;
  event.task();
  // The task's own captures end as part of the event.
  event.task = nullptr;
  current_ = nullptr;
  failed_ |= event.process != nullptr && event.process->failing;
}

void Scheduler::AdvanceTo(Time time) {
  CHECK(idle() || time <= NextTime()) << "time would pass over an event";
  if (time > now_) now_ = time;
}

void Scheduler::Resume(ProcessState& process) {
  std::vector<TimerId> parked = std::exchange(process.parked, {});
  for (bool timers : {false, true}) {
    for (TimerId id : parked) {
      const Event* event = queue_.Get(id);
      if (event != nullptr && (event->kind == EventKind::kTimer) == timers) queue_.Unpark(id, now_);
    }
  }
  std::vector<Task> posts = std::exchange(process.parked_posts, {});
  for (Task& task : posts) Post(&process, std::move(task));
}

void Scheduler::Purge(const ProcessState& process) {
  std::erase_if(posted_, [&process](const Event& event) { return event.process == &process; });
  queue_.RemoveIf([&process](const Event& event) { return event.process == &process; });
}

}  // namespace kp::runtime::sim
