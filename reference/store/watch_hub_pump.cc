#include <algorithm>
#include <utility>

#include "reference/base/mutant.h"
#include "reference/base/random.h"
#include "reference/store/errors.h"
#include "reference/store/watch_hub.h"

namespace kp::store {

WatchHub::Outcome WatchHub::Pump(Time now) {
  busy_ = true;
  DispatchNew(now);
  bool more = false;
  bool blocked = false;
  const std::vector<Serial> behind(unsynced_.begin(), unsynced_.end());
  for (const Serial serial : behind) {
    if (CancelIfCompacted(serial)) continue;
    if (!SinkReady(watchers_.at(serial))) {
      blocked = true;
      continue;
    }
    more |= CatchUp(serial, now);
  }
  SendDueProgress(now);
  AnswerProgressRequests();
  RemoveClosed();
  return more ? Outcome::kMore : blocked ? Outcome::kBlocked : Outcome::kIdle;
}

// What is new to the synced watchers, grouped by watcher, so that a revision is never split.
void WatchHub::DispatchNew(Time now) {
  const Revision revision = store_.revision();
  if (position_ == revision) return;
  if (position_ + 1 < store_.compacted()) return OnStoreReplaced();  // too late: they will be told
  std::map<Serial, std::vector<Event>> wanted;
  const auto& events = store_.events();
  for (size_t i = store_.EventsFrom(position_ + 1); i < events.size(); ++i) {
    const Event& event = events[i];
    const auto offer = [&](Serial serial) {
      if (watchers_.at(serial).Wants(event)) wanted[serial].push_back(event);
    };
    if (auto single = synced_single_.find(event.kv->key); single != synced_single_.end()) {
      for (const Serial serial : single->second) offer(serial);
    }
    for (const Serial serial : synced_ranges_) {
      const KeyRange& range = watchers_.at(serial).range;
      const bool last = event.kv->key == range.end && KP_MUTANT("store-watch-includes-the-end");
      if (range.Contains(event.kv->key) || last) offer(serial);
    }
  }
  for (auto& [serial, found] : wanted) {
    Watcher& watcher = watchers_.at(serial);
    if (!SinkReady(watcher)) {
      MarkUnsynced(serial, watcher, KP_MUTANT("watch-loses-events-of-slow-watcher") ? revision + 1 : position_ + 1);
      continue;
    }
    if (KP_MUTANT("store-watch-splits-revisions")) {
      for (const Event& event : found) Send(watcher, event.revision(), {event}, now);
      continue;
    }
    if (KP_MUTANT("store-watch-repeats-events")) Send(watcher, revision, found, now);
    Send(watcher, revision, std::move(found), now);
  }
  position_ = revision;
}

// True when there is more for it to see.
bool WatchHub::CatchUp(Serial serial, Time now) {
  Watcher& watcher = watchers_.at(serial);
  const auto& events = store_.events();
  std::vector<Event> found;
  size_t i = store_.EventsFrom(watcher.next + (KP_MUTANT("store-watch-begins-one-late") ? 1 : 0));
  const size_t stop = std::min(events.size(), i + options_.catch_up_events);
  for (; i < events.size(); ++i) {
    if (i >= stop && events[i].revision() != events[i - 1].revision()) break;
    const Event& event = events[i];
    if (watcher.range.Contains(event.kv->key) && watcher.Wants(event)) found.push_back(event);
  }
  const Revision seen = i < events.size() ? events[i - 1].revision() : position_;
  // One from a future revision keeps waiting for that, also after the store was replaced under it.
  watcher.next = std::max(watcher.next, seen + 1);
  if (!found.empty()) Send(watcher, seen, std::move(found), now);
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

void WatchHub::Send(Watcher& watcher, Revision revision, std::vector<Event> events, Time now) {
  sent_events_ += events.size();
  const Stream& stream = streams_.at(watcher.stream);
  if (watcher.progress_notify) ScheduleProgress(stream.watchers.at(watcher.id), watcher, now);
  Reply(stream, {.watch_id = watcher.id,
                 .revision = revision,
                 .events = std::move(events),
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
