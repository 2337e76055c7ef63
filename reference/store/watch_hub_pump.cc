#include <algorithm>
#include <map>
#include <utility>

#include "reference/base/mutant.h"
#include "reference/base/random.h"
#include "reference/store/errors.h"
#include "reference/store/watch_hub.h"

namespace kp::store {

// What one group is offered, by what its watchers want of it: nearly always all want the same.
class WatchHub::Offer {
 public:
  Offer(const std::deque<Event>& events, const std::vector<size_t>& picked) : events_(events), picked_(picked) {}

  EventBatchPtr For(const Watcher& watcher) {
    if (watcher.next > events_[picked_.front()].revision()) return Gather(watcher);
    const size_t kind = (watcher.no_put ? 1 : 0) + (watcher.no_delete ? 2 : 0);
    if (!gathered_[kind]) {
      batches_[kind] = Gather(watcher);
      gathered_[kind] = true;
    }
    return batches_[kind];
  }

 private:
  // Null: it wants none.
  EventBatchPtr Gather(const Watcher& watcher) const {
    std::vector<Event> found;
    for (const size_t i : picked_) {
      if (watcher.Wants(events_[i])) found.push_back(events_[i]);
    }
    return found.empty() ? nullptr : Batch(std::move(found));
  }

  const std::deque<Event>& events_;
  const std::vector<size_t>& picked_;
  EventBatchPtr batches_[4];
  bool gathered_[4] = {};
};

WatchHub::Outcome WatchHub::Pump(Time now) {
  busy_ = true;
  DispatchNew(now);
  const Outcome outcome = CatchUpAll(now);
  SendDueProgress(now);
  AnswerProgressRequests();
  RemoveClosed();
  return outcome;
}

// In turn, a bounded number of events in one turn of the loop: a thousand watchers that begin at an old revision must
// not hold up everything else.
WatchHub::Outcome WatchHub::CatchUpAll(Time now) {
  bool more = false;
  bool blocked = false;
  size_t budget = options_.turn_events;
  std::vector<Serial> behind(unsynced_.upper_bound(caught_up_last_), unsynced_.end());
  behind.insert(behind.end(), unsynced_.begin(), unsynced_.upper_bound(caught_up_last_));
  for (const Serial serial : behind) {
    if (budget == 0) {
      more = true;
      break;
    }
    caught_up_last_ = serial;
    if (CancelIfCompacted(serial)) continue;
    if (!SinkReady(watchers_.at(serial))) {
      blocked = true;
      continue;
    }
    more |= CatchUp(serial, now, budget);
  }
  return more ? Outcome::kMore : blocked ? Outcome::kBlocked : Outcome::kIdle;
}

// What is new to the synced watchers. A revision is never split.
void WatchHub::DispatchNew(Time now) {
  const Revision revision = store_.revision();
  if (position_ == revision) return;
  if (position_ + 1 < store_.compacted()) return OnStoreReplaced();  // too late: they will be told
  const auto& events = store_.events();
  const size_t first = store_.EventsFrom(position_ + 1);
  std::vector<std::pair<Serial, Watcher*>> slow;
  const auto offer = [&](const Group& group, const std::vector<size_t>& picked) {
    Offer offered(events, picked);
    for (const auto& [serial, watcher] : group) {
      EventBatchPtr batch = offered.For(*watcher);
      if (!batch) continue;
      if (SinkReady(*watcher)) {
        if (KP_MUTANT("store-watch-repeats-events")) Send(serial, *watcher, revision, batch, now);
        Send(serial, *watcher, revision, std::move(batch), now);
      } else {
        slow.emplace_back(serial, watcher);
      }
    }
  };
  std::vector<size_t> picked;
  for (const auto& [bounds, group] : synced_ranges_) {
    picked.clear();
    for (size_t i = first; i < events.size(); ++i) {
      const std::string& key = events[i].kv->key;
      const bool last = bounds.second == key && KP_MUTANT("store-watch-includes-the-end");
      if ((key >= bounds.first && (!bounds.second || key < *bounds.second)) || last) picked.push_back(i);
    }
    if (!picked.empty()) offer(group, picked);
  }
  if (!synced_single_.empty()) {
    std::map<std::string_view, std::vector<size_t>> touched;
    for (size_t i = first; i < events.size(); ++i) {
      if (synced_single_.count(events[i].kv->key) > 0) touched[events[i].kv->key].push_back(i);
    }
    for (const auto& [key, found] : touched) offer(synced_single_.find(key)->second, found);
  }
  for (const auto& [serial, watcher] : slow) {
    MarkUnsynced(serial, *watcher, KP_MUTANT("watch-loses-events-of-slow-watcher") ? revision + 1 : position_ + 1);
  }
  position_ = revision;
}

// True when there is more for it to see.
bool WatchHub::CatchUp(Serial serial, Time now, size_t& budget) {
  Watcher& watcher = watchers_.at(serial);
  const auto& events = store_.events();
  std::vector<Event> found;
  size_t i = store_.EventsFrom(watcher.next + (KP_MUTANT("store-watch-begins-one-late") ? 1 : 0));
  const size_t begin = i;
  const size_t stop = std::min(events.size(), i + options_.catch_up_events);
  for (; i < events.size(); ++i) {
    if (i >= stop && events[i].revision() != events[i - 1].revision()) break;
    const Event& event = events[i];
    if (watcher.range.Contains(event.kv->key) && watcher.Wants(event)) found.push_back(event);
  }
  budget -= std::min(budget, i - begin);
  const Revision seen = i < events.size() ? events[i - 1].revision() : position_;
  // One from a future revision keeps waiting for that, also after the store was replaced under it.
  watcher.next = std::max(watcher.next, seen + 1);
  if (!found.empty()) Send(serial, watcher, seen, Batch(std::move(found)), now);
  if (i < events.size()) return true;
  MarkSynced(serial, watcher);
  return false;
}

bool WatchHub::CancelIfCompacted(Serial serial) {
  const Watcher& watcher = watchers_.at(serial);
  if (watcher.next >= store_.compacted()) return false;
  const Stream& stream = streams_.at(watcher.stream);
  const WatchReply reply{
      .watch_id = watcher.id, .revision = store_.revision(), .canceled = true, .compact_revision = store_.compacted()};
  Remove(serial);
  Reply(stream, reply);
  return true;
}

void WatchHub::Send(Serial serial, Watcher& watcher, Revision revision, EventBatchPtr batch, Time now) {
  if (batch->events.size() > 1 && KP_MUTANT("store-watch-splits-revisions")) {
    for (const Event& event : batch->events) Send(serial, watcher, revision, Batch({event}), now);
    return;
  }
  sent_events_ += batch->events.size();
  if (watcher.progress_notify) ScheduleProgress(serial, watcher, now);
  Reply(*watcher.home, {.watch_id = watcher.id,
                        .revision = revision,
                        .batch = std::move(batch),
                        .prev_kv = watcher.prev_kv,
                        .may_fragment = watcher.fragment});
}

// Spread by up to a tenth, so that watchers created together do not speak together for ever.
void WatchHub::ScheduleProgress(Serial serial, Watcher& watcher, Time now) {
  progress_.erase({watcher.progress_due, serial});
  const auto spread = static_cast<uint64_t>(std::max<int64_t>(options_.progress_interval.count() / 10, 1));
  watcher.progress_due =
      now + options_.progress_interval +
      Duration(StableHash("progress", serial ^ static_cast<uint64_t>(now.time_since_epoch().count())) % spread);
  progress_.insert({watcher.progress_due, serial});
}

void WatchHub::SendDueProgress(Time now) {
  while (!progress_.empty() && progress_.begin()->first <= now) {
    const Serial serial = progress_.begin()->second;
    Watcher& watcher = watchers_.at(serial);
    ScheduleProgress(serial, watcher, now);
    const bool behind = unsynced_.count(serial) > 0 && !KP_MUTANT("watch-progress-before-events");
    if (behind || watcher.next > position_ + 1) continue;
    Reply(streams_.at(watcher.stream), {.watch_id = watcher.id, .revision = position_});
  }
}

// A watcher of a revision still to come has nothing to report, so it holds the answer back.
bool WatchHub::AllSynced(const Stream& stream) const {
  return std::all_of(stream.watchers.begin(), stream.watchers.end(), [this](const auto& entry) {
    return unsynced_.count(entry.second) == 0 && watchers_.at(entry.second).next <= position_ + 1;
  });
}

void WatchHub::AnswerProgressRequests() {
  for (auto entry = progress_requested_.begin(); entry != progress_requested_.end();) {
    Stream& stream = streams_.at(*entry);
    if (!AllSynced(stream) && !KP_MUTANT("watch-progress-before-events")) {
      ++entry;
      continue;
    }
    for (; stream.progress_requests > 0; --stream.progress_requests) {
      const Revision ahead = KP_MUTANT("store-progress-is-ahead") ? 1 : 0;
      Reply(stream, {.watch_id = kNoWatch, .revision = position_ + ahead});
    }
    entry = progress_requested_.erase(entry);
  }
}

std::optional<Time> WatchHub::NextProgress() const {
  if (progress_.empty()) return std::nullopt;
  return progress_.begin()->first;
}

}  // namespace kp::store
