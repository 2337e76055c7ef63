#include "reference/store/watch_hub.h"

#include <algorithm>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/base/random.h"
#include "reference/store/errors.h"

namespace kp::store {

namespace {

std::pair<std::string, std::optional<std::string>> Bounds(const KeyRange& range) {
  return {range.begin, range.unbounded ? std::nullopt : std::optional(range.end)};
}

}  // namespace

WatchHub::WatchHub(const Mvcc& store, WatchHubOptions options)
    : store_(store), options_(options), position_(store.revision()) {}

WatchHub::StreamId WatchHub::Open(WatchSink* sink) {
  streams_[++last_stream_].sink = sink;
  return last_stream_;
}

void WatchHub::Close(StreamId stream) {
  auto entry = streams_.find(stream);
  if (entry == streams_.end()) return;
  if (busy_) {
    entry->second.sink = nullptr;
    closed_meanwhile_.push_back(stream);
    return;
  }
  const std::map<WatchId, Serial> watchers = entry->second.watchers;
  for (const auto& [id, serial] : watchers) Remove(serial);
  progress_requested_.erase(stream);
  streams_.erase(stream);
}

void WatchHub::RemoveClosed() {
  busy_ = false;
  for (const StreamId stream : std::exchange(closed_meanwhile_, {})) Close(stream);
}

void WatchHub::Handle(StreamId stream, const WatchRequest& request, Time now) {
  if (streams_.count(stream) == 0) return;
  busy_ = true;
  if (const auto* create = std::get_if<WatchCreate>(&request)) Create(stream, *create, now);
  if (const auto* cancel = std::get_if<WatchCancel>(&request)) Cancel(stream, cancel->watch_id);
  if (std::holds_alternative<WatchProgress>(request)) {
    ++streams_.at(stream).progress_requests;
    progress_requested_.insert(stream);
  }
  RemoveClosed();
}

void WatchHub::Create(StreamId id, const WatchCreate& create, Time now) {
  Stream& stream = streams_.at(id);
  const auto refuse = [&](const std::string& reason) {
    Reply(stream, {.watch_id = kNoWatch,
                   .revision = store_.revision(),
                   .created = true,
                   .canceled = true,
                   .cancel_reason = reason});
  };
  const std::string key = create.key.empty() ? std::string(1, '\0') : create.key;
  Watcher watcher{.stream = id, .range = KeyRange::From(key, create.range_end), .single = create.range_end.empty()};
  if (watcher.range.empty()) return refuse("mvcc: watcher range is empty");
  if (create.start_revision < 0) return refuse(ErrorCompacted().message());
  watcher.id = create.watch_id;
  if (watcher.id == 0) {
    while (stream.watchers.count(stream.next_id) > 0) ++stream.next_id;
    watcher.id = stream.next_id++;
  } else if (stream.watchers.count(watcher.id) > 0) {
    return refuse("mvcc: duplicate watch ID provided on the WatchStream");
  }
  watcher.next = create.start_revision == 0 ? store_.revision() + 1 : create.start_revision;
  watcher.no_put = create.no_put;
  watcher.no_delete = create.no_delete;
  watcher.prev_kv = create.prev_kv;
  watcher.fragment = create.fragment;
  watcher.progress_notify = create.progress_notify;

  watcher.home = &stream;
  const Serial serial = ++last_serial_;
  stream.watchers[watcher.id] = serial;
  Reply(stream, {.watch_id = watcher.id, .revision = store_.revision(), .created = true});
  Watcher& kept = watchers_.emplace(serial, std::move(watcher)).first->second;
  if (kept.progress_notify) ScheduleProgress(serial, kept, now);
  // One from a future revision is synced: it waits, and takes nothing older.
  if (kept.next > position_) {
    MarkSynced(serial, kept);
  } else {
    unsynced_.insert(serial);
  }
}

void WatchHub::Cancel(StreamId id, WatchId watch) {
  Stream& stream = streams_.at(id);
  auto entry = stream.watchers.find(watch);
  if (entry == stream.watchers.end()) return;
  Remove(entry->second);
  Reply(stream, {.watch_id = watch, .revision = store_.revision(), .canceled = true});
}

void WatchHub::Remove(Serial serial) {
  auto entry = watchers_.find(serial);
  const Watcher& watcher = entry->second;
  Unlink(serial, watcher);
  progress_.erase({watcher.progress_due, serial});
  streams_.at(watcher.stream).watchers.erase(watcher.id);
  watchers_.erase(entry);
}

void WatchHub::MarkSynced(Serial serial, Watcher& watcher) {
  unsynced_.erase(serial);
  Group& group = watcher.single ? synced_single_[watcher.range.begin] : synced_ranges_[Bounds(watcher.range)];
  group.emplace(serial, &watcher);
}

void WatchHub::Unlink(Serial serial, const Watcher& watcher) {
  if (unsynced_.erase(serial) > 0) return;
  const auto leave = [serial](auto& groups, const auto& key) {
    auto entry = groups.find(key);
    if (entry == groups.end()) return;
    entry->second.erase(serial);
    if (entry->second.empty()) groups.erase(entry);
  };
  if (watcher.single) return leave(synced_single_, watcher.range.begin);
  leave(synced_ranges_, Bounds(watcher.range));
}

void WatchHub::MarkUnsynced(Serial serial, Watcher& watcher, Revision next) {
  Unlink(serial, watcher);
  watcher.next = std::max(watcher.next, next);
  unsynced_.insert(serial);
}

void WatchHub::OnStoreReplaced() {
  const Revision next = std::min(position_, store_.revision()) + 1;
  for (auto& [serial, watcher] : watchers_) {
    if (unsynced_.count(serial) == 0) MarkUnsynced(serial, watcher, next);
  }
  position_ = store_.revision();
}

void WatchHub::CheckInvariants() const {
  CHECK_LE(position_, store_.revision());
  size_t linked = unsynced_.size();
  for (const auto& [bounds, group] : synced_ranges_) linked += group.size();
  for (const auto& [key, group] : synced_single_) linked += group.size();
  CHECK_EQ(linked, watchers_.size());
  size_t owned = 0;
  for (const auto& [id, stream] : streams_) owned += stream.watchers.size();
  CHECK_EQ(owned, watchers_.size());
}

}  // namespace kp::store
