#include "reference/apiserver/watch_cache.h"

#include <algorithm>

#include "reference/apiserver/stored_object.h"
#include "reference/base/check.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::Value;

WatchCache::WatchCache(runtime::Env& env, client::EtcdClient& store, WatchCacheOptions options)
    : env_(env), store_(store), options_(std::move(options)), retry_timer_(env), next_retry_(options_.retry) {}

WatchCache::~WatchCache() = default;

void WatchCache::Start() { List(); }

void WatchCache::WhenReady(runtime::Task done) {
  if (ready_) {
    env_.Post(std::move(done));
  } else {
    waiting_.push_back(std::move(done));
  }
}

const WatchCache::Entry* WatchCache::Find(std::string_view key) const {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : &it->second;
}

Result<Value> WatchCache::Decode(const client::EtcdKeyValue& kv) const {
  const Entry* entry = Find(std::string_view(kv.key).substr(options_.prefix.size()));
  if (entry && entry->revision == kv.mod_revision) return entry->object;
  return DecodeStored(kv);
}

std::optional<std::vector<SharedEvent>> WatchCache::ChangesAfter(int64_t revision) const {
  if (!CanResume(revision)) return std::nullopt;
  auto first = std::upper_bound(history_.begin(), history_.end(), revision,
                                [](int64_t r, const SharedEvent& event) { return r < event->revision; });
  if (KP_MUTANT("apiserver-watch-drops-event-on-resync") && first != history_.end()) ++first;
  return std::vector<SharedEvent>(first, history_.end());
}

void WatchCache::Subscribe(CacheWatcher* watcher) { watchers_.push_back(watcher); }

void WatchCache::Unsubscribe(CacheWatcher* watcher) {
  const auto it = std::find(watchers_.begin(), watchers_.end(), watcher);
  if (it == watchers_.end()) return;
  if (publishing_) {
    *it = nullptr;  // the loop of Publish sweeps
  } else {
    watchers_.erase(it);
  }
}

void WatchCache::List() {
  client::EtcdRange range{.key = options_.prefix, .range_end = StoragePrefixEnd(options_.prefix)};
  store_.Range(range, alive_.Wrap([this](Result<client::EtcdRangeResult> listed) {
    if (!listed.ok()) {
      env_.Log(runtime::Severity::kWarning, "apiserver", "list " + options_.prefix + ": " + listed.status().ToString());
      return RetryLater(&WatchCache::List);
    }
    OnListed(*listed);
  }));
}

void WatchCache::OnListed(const client::EtcdRangeResult& listed) {
  next_retry_ = options_.retry;
  std::map<std::string, Entry, std::less<>> objects;
  for (const client::EtcdKeyValue& kv : listed.kvs) {
    Result<Value> object = Decode(kv);
    if (!object.ok()) {
      env_.Log(runtime::Severity::kError, "apiserver", object.status().ToString());
      continue;
    }
    objects.emplace(kv.key.substr(options_.prefix.size()), Entry{kv.mod_revision, std::move(*object)});
  }
  objects_ = std::move(objects);
  history_.clear();
  revision_ = listed_ = listed.revision;
  const auto recalled = KP_MUTANT("apiserver-forgets-at-a-restart") ? 0 : static_cast<int64_t>(options_.history);
  told_ = oldest_ = std::max<int64_t>(listed_ - recalled, 0);
  ready_ = true;
  std::vector<CacheWatcher*> ended = std::exchange(watchers_, {});
  for (const auto& observer : observers_) observer(nullptr);
  OpenWatch();
  for (CacheWatcher* watcher : ended) watcher->OnLost();
  for (runtime::Task& task : std::exchange(waiting_, {})) task();
}

void WatchCache::OpenWatch() {
  int64_t start = told_ + 1;
  if (KP_MUTANT("apiserver-watch-drops-event-on-resync")) start = 0;
  if (!history_.empty() && KP_MUTANT("watch-cache-skips-what-it-missed")) start = 0;
  watch_ = store_.Watch({.key = options_.prefix,
                         .range_end = StoragePrefixEnd(options_.prefix),
                         .start_revision = start,
                         .prev_kv = recalling(),  // later on the previous state is in objects_
                         .progress_notify = true},
                        this);
}

void WatchCache::RetryLater(void (WatchCache::*step)()) {
  retry_timer_.Start(next_retry_, [this, step] { (this->*step)(); });
  next_retry_ = std::min(next_retry_ * 2, options_.retry_max);
}

void WatchCache::OnEnd(const Status& reason, int64_t compact_revision) {
  env_.Log(runtime::Severity::kInfo, "apiserver", "store watch of " + options_.prefix + " ended: " + reason.ToString());
  // Not destroyed here: this call comes from inside it.
  env_.Post([ended = std::shared_ptr<client::EtcdWatch>(std::move(watch_))] {});
  const bool compacted = reason.code() == Code::kOutOfRange;
  if (compacted && recalling() && compact_revision > 0 && compact_revision <= listed_) {
    Forget(compact_revision);
    return RetryLater(&WatchCache::OpenWatch);
  }
  RetryLater(compacted ? &WatchCache::List : &WatchCache::OpenWatch);
}

void WatchCache::OnEvents(int64_t revision, const std::vector<client::EtcdEvent>& events) {
  next_retry_ = options_.retry;
  const bool recalled = recalling();
  for (const client::EtcdEvent& event : events) {
    // A watch that was opened anew may repeat what is known.
    if (event.kv.mod_revision <= told_) continue;
    event.kv.mod_revision > listed_ ? Apply(event) : Recall(event);
  }
  // With events the header may be ahead of what was sent: only a notice without events speaks of all.
  told_ = std::max(told_, events.empty() ? revision : events.back().kv.mod_revision);
  revision_ = std::max(revision_, told_);
  if (!recalled || recalling() || !watch_) return;
  // From here on nobody needs the previous values. Not destroyed here: this call comes from inside it.
  env_.Post([ended = std::shared_ptr<client::EtcdWatch>(std::move(watch_))] {});
  OpenWatch();
}

void WatchCache::Apply(const client::EtcdEvent& change) {
  const std::string key = change.kv.key.substr(options_.prefix.size());
  auto event = std::make_shared<CacheEvent>();
  event->revision = change.kv.mod_revision;
  event->key = key;
  const auto it = objects_.find(key);
  if (change.is_delete) {
    if (it == objects_.end()) return;
    event->type = ChangeType::kDeleted;
    event->previous = it->second.object;
    event->object = WithResourceVersion(it->second.object, event->revision);
    objects_.erase(it);
    for (const auto& observer : observers_) observer(event.get());
    return Publish(std::move(event));
  }
  Result<Value> object = DecodeStored(change.kv);
  if (!object.ok()) return env_.Log(runtime::Severity::kError, "apiserver", object.status().ToString());
  event->object = std::move(*object);
  event->type = it == objects_.end() ? ChangeType::kAdded : ChangeType::kModified;
  if (it != objects_.end()) event->previous = std::exchange(it->second, {event->revision, event->object}).object;
  if (it == objects_.end()) objects_.emplace(key, Entry{event->revision, event->object});
  for (const auto& observer : observers_) observer(event.get());
  Publish(std::move(event));
}

void WatchCache::Recall(const client::EtcdEvent& change) {
  auto event = std::make_shared<CacheEvent>();
  event->revision = change.kv.mod_revision;
  event->key = change.kv.key.substr(options_.prefix.size());
  const bool created = !change.is_delete && change.kv.version == 1;
  event->type = change.is_delete ? ChangeType::kDeleted : created ? ChangeType::kAdded : ChangeType::kModified;
  // The value before was compacted away: nothing earlier can be told in full either.
  if (!created && !change.previous) return Forget(event->revision);
  Result<Value> object = created ? Value() : DecodeStored(*change.previous);
  if (object.ok()) event->previous = *object;
  if (object.ok())
    object = change.is_delete ? WithResourceVersion(event->previous, event->revision) : Decode(change.kv);
  if (!object.ok()) return env_.Log(runtime::Severity::kError, "apiserver", object.status().ToString());
  event->object = std::move(*object);
  Publish(std::move(event));
}

void WatchCache::Forget(int64_t revision) {
  history_.clear();
  told_ = oldest_ = revision;
  for (CacheWatcher* watcher : std::exchange(watchers_, {})) watcher->OnLost();
}

void WatchCache::Publish(std::shared_ptr<CacheEvent> event) {
  history_.push_back(event);
  while (history_.size() > options_.history) {
    oldest_ = history_.front()->revision;
    history_.pop_front();
  }
  publishing_ = true;
  // Watchers that subscribe meanwhile take the event from the history.
  const size_t count = watchers_.size();
  for (size_t i = 0; i < count; ++i) {
    if (watchers_[i]) watchers_[i]->OnChange(event);
  }
  publishing_ = false;
  std::erase(watchers_, nullptr);
}

void WatchCache::CheckInvariants() const {
  CHECK_LE(oldest_, told_);
  CHECK_LE(told_, revision_);
  int64_t last = oldest_;
  for (const SharedEvent& event : history_) {
    CHECK_LE(last, event->revision) << event->key;
    last = event->revision;
  }
  for (const auto& [key, entry] : objects_) {
    CHECK_LE(entry.revision, revision_) << key;
    CHECK_EQ(entry.revision, ResourceVersionOf(entry.object)) << key;
  }
}

}  // namespace kp::apiserver
