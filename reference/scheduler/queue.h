// Pods that wait to be scheduled (upstream's PriorityQueue): active by priority and age; backing off after a
// failure; set aside until something changes that could help. Plain data: the caller gives the time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "reference/base/time.h"
#include "reference/scheduler/pod_info.h"

namespace kp::scheduler {

struct QueueOptions {
  Duration initial_backoff = 1s;
  Duration max_backoff = 10s;
  // Those set aside are tried again after this in any case.
  Duration max_unschedulable = 5min;
};

class Queue {
 public:
  explicit Queue(QueueOptions options = {}) : options_(options) {}

  // A new or changed pod becomes active, unless it is backing off.
  void Add(std::shared_ptr<const PodInfo> pod, Time now);
  void Remove(const std::string& key);
  // The most important active pod; null when there is none. It is out of the queue until it is added or
  // reported as failed.
  std::shared_ptr<const PodInfo> Pop(Time now);
  // It fits nowhere: set aside. With `moved` (something changed while it was being decided on) it only
  // backs off.
  void AddUnschedulable(std::shared_ptr<const PodInfo> pod, bool moved, Time now);
  // Something changed that may make room: those set aside come back, after their back-off.
  void MoveAll(Time now);
  // When Pop may next give something that it does not give now; nothing when only a change can.
  std::optional<Time> NextWake() const;

  size_t active() const { return active_.size(); }
  size_t unschedulable() const { return unschedulable_.size(); }
  bool empty() const { return entries_.empty(); }

 private:
  enum class Place : unsigned char { kActive, kBackoff, kUnschedulable };
  struct Entry {
    std::shared_ptr<const PodInfo> pod;
    Place place;
    Time due{};  // of back-off or of the longest time aside
  };
  struct Order {
    int64_t negative_priority;
    uint64_t sequence;
    std::string key;
    auto operator<=>(const Order&) const = default;
  };

  void Put(const std::string& key, Entry entry);
  void Flush(Time now);
  Duration BackoffOf(const std::string& key) const;

  QueueOptions options_;
  std::map<std::string, Entry> entries_;
  std::set<Order> active_;
  std::set<std::pair<Time, std::string>> backoff_;
  std::set<std::pair<Time, std::string>> unschedulable_;
  std::map<std::string, Order> order_;   // of the active ones
  std::map<std::string, int> attempts_;  // failures so far
  std::map<std::string, Time> failed_at_;
  uint64_t sequence_ = 0;
};

}  // namespace kp::scheduler
