#include "reference/scheduler/queue.h"

#include <algorithm>

#include "reference/base/mutant.h"

namespace kp::scheduler {

void Queue::Put(const std::string& key, Entry entry) {
  switch (entry.place) {
    case Place::kActive: {
      Order order{KP_MUTANT("scheduler-ignores-priority") ? 0 : -entry.pod->priority, sequence_++, key};
      active_.insert(order);
      order_[key] = order;
      break;
    }
    case Place::kBackoff: backoff_.emplace(entry.due, key); break;
    case Place::kUnschedulable: unschedulable_.emplace(entry.due, key); break;
  }
  entries_[key] = std::move(entry);
}

void Queue::Add(std::shared_ptr<const PodInfo> pod, Time now) {
  std::string key = pod->key;
  auto found = entries_.find(key);
  if (found != entries_.end() && found->second.place != Place::kUnschedulable) {
    found->second.pod = std::move(pod);  // keeps its place
    return;
  }
  if (found != entries_.end()) {
    unschedulable_.erase({found->second.due, key});
    entries_.erase(found);
  }
  Time due = failed_at_.contains(key) ? failed_at_[key] + BackoffOf(key) : now;
  Put(key, due > now ? Entry{std::move(pod), Place::kBackoff, due} : Entry{std::move(pod), Place::kActive, {}});
}

void Queue::Remove(const std::string& key) {
  attempts_.erase(key);
  failed_at_.erase(key);
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  switch (found->second.place) {
    case Place::kActive:
      active_.erase(order_[key]);
      order_.erase(key);
      break;
    case Place::kBackoff: backoff_.erase({found->second.due, key}); break;
    case Place::kUnschedulable: unschedulable_.erase({found->second.due, key}); break;
  }
  entries_.erase(found);
}

std::shared_ptr<const PodInfo> Queue::Pop(Time now) {
  Flush(now);
  if (active_.empty()) return nullptr;
  std::string key = active_.begin()->key;
  active_.erase(active_.begin());
  order_.erase(key);
  auto found = entries_.find(key);
  std::shared_ptr<const PodInfo> pod = std::move(found->second.pod);
  entries_.erase(found);
  return pod;
}

void Queue::AddUnschedulable(std::shared_ptr<const PodInfo> pod, bool moved, Time now) {
  std::string key = pod->key;
  ++attempts_[key];
  failed_at_[key] = now;
  if (entries_.contains(key)) return;  // changed meanwhile, and queued anew
  if (moved) {
    Put(key, {std::move(pod), Place::kBackoff, now + BackoffOf(key)});
  } else {
    Put(key, {std::move(pod), Place::kUnschedulable, now + options_.max_unschedulable});
  }
}

void Queue::MoveAll(Time now) {
  auto aside = std::move(unschedulable_);
  unschedulable_.clear();
  for (const auto& [due, key] : aside) {
    std::shared_ptr<const PodInfo> pod = std::move(entries_[key].pod);
    entries_.erase(key);
    Add(std::move(pod), now);
  }
}

// Moves what is due to the active ones.
void Queue::Flush(Time now) {
  for (auto* waiting : {&backoff_, &unschedulable_}) {
    while (!waiting->empty() && waiting->begin()->first <= now) {
      std::string key = waiting->begin()->second;
      waiting->erase(waiting->begin());
      std::shared_ptr<const PodInfo> pod = std::move(entries_[key].pod);
      Put(key, {std::move(pod), Place::kActive, {}});
    }
  }
}

Duration Queue::BackoffOf(const std::string& key) const {
  auto found = attempts_.find(key);
  int failures = found == attempts_.end() ? 0 : found->second;
  Duration backoff = options_.initial_backoff;
  for (int i = 1; i < failures && backoff < options_.max_backoff; ++i) backoff *= 2;
  return failures == 0 ? Duration(0) : std::min(backoff, options_.max_backoff);
}

std::optional<Time> Queue::NextWake() const {
  std::optional<Time> next;
  if (!backoff_.empty()) next = backoff_.begin()->first;
  if (!unschedulable_.empty()) next = std::min(next.value_or(Time::max()), unschedulable_.begin()->first);
  return next;
}

}  // namespace kp::scheduler
