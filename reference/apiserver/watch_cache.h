// All objects of one resource as the store has them, kept current by one store watch whatever the number
// of watchers, with the recent changes for those who resume.
//
// The cache lags behind the store and says by how much: it has every change up to revision(), and no
// other. A watcher that starts beyond that hears nothing older than its start. When the store watch is
// lost it goes on behind what it told; when that was compacted away the objects are listed anew, and the
// watchers are ended, because what happened between cannot be told.
//
// The store watch begins before the list, as far back as the history may go: the store still has those changes,
// and with them clients resume on a server that was restarted as on any other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/completion.h"
#include "reference/client/etcd.h"
#include "reference/runtime/env.h"
#include "reference/transport/http.h"

namespace kp::apiserver {

enum class ChangeType : unsigned char { kAdded, kModified, kDeleted };

// One change of one object, shared by all watchers together with its encoded forms.
struct CacheEvent {
  ChangeType type = ChangeType::kAdded;
  int64_t revision = 0;
  std::string key;      // below the prefix: "default/web" or "node-1"
  api::Value object;    // after the change; of a deletion the last state, with the deletion's version
  api::Value previous;  // before it; null for kAdded
  // By form of media and type of the event as the watcher sees it; filled by watchers.
  mutable std::map<std::string, transport::SharedBytes> encoded;
};
using SharedEvent = std::shared_ptr<const CacheEvent>;

class CacheWatcher {
 public:
  virtual ~CacheWatcher() = default;
  virtual void OnChange(const SharedEvent& event) = 0;
  // The changes that follow cannot be told. The watcher is already unsubscribed.
  virtual void OnLost() = 0;
};

struct WatchCacheOptions {
  std::string prefix;      // "/registry/pods/"
  size_t history = 10000;  // changes kept for those who resume
  Duration retry = 100ms;  // between attempts to reach the store
  Duration retry_max = 2s;
};

class WatchCache : public client::EtcdWatchHandler {
 public:
  WatchCache(runtime::Env& env, client::EtcdClient& store, WatchCacheOptions options);
  ~WatchCache() override;
  WatchCache(const WatchCache&) = delete;
  WatchCache& operator=(const WatchCache&) = delete;

  void Start();
  // The first list is in.
  bool ready() const { return ready_; }
  // Runs `done` once ready; never from inside this call.
  void WhenReady(runtime::Task done);
  int64_t revision() const { return revision_; }
  // Watchers have been told every change up to here.
  int64_t told() const { return told_; }

  struct Entry {
    int64_t revision = 0;
    api::Value object;
  };
  // By key below the prefix, in the store's order.
  const std::map<std::string, Entry, std::less<>>& objects() const { return objects_; }
  // Null when absent. `key` is below the prefix.
  const Entry* Find(std::string_view key) const;
  // The object of `kv`: the cached one when it is the same version, else decoded.
  Result<api::Value> Decode(const client::EtcdKeyValue& kv) const;

  // The changes after `revision`, or nothing when some of them were dropped already.
  std::optional<std::vector<SharedEvent>> ChangesAfter(int64_t revision) const;
  bool CanResume(int64_t revision) const { return ready_ && revision >= oldest_; }
  void Subscribe(CacheWatcher* watcher);
  void Unsubscribe(CacheWatcher* watcher);
  size_t watchers() const { return watchers_.size(); }
  bool watching() const { return watch_ != nullptr; }

  // For consumers inside the process: every change, and null after the objects were replaced.
  void AddObserver(std::function<void(const CacheEvent*)> observer) { observers_.push_back(std::move(observer)); }

  void OnEvents(int64_t revision, const std::vector<client::EtcdEvent>& events) override;
  void OnEnd(const Status& reason, int64_t compact_revision) override;

  void CheckInvariants() const;

 private:
  void List();
  void OnListed(const client::EtcdRangeResult& listed);
  void OpenWatch();
  void RetryLater(void (WatchCache::*step)());
  void Apply(const client::EtcdEvent& event);
  // A change from before the list: it is in objects_ already.
  void Recall(const client::EtcdEvent& event);
  // What happened up to `revision` is told to nobody any more.
  void Forget(int64_t revision);
  void Publish(std::shared_ptr<CacheEvent> event);
  bool recalling() const { return told_ < listed_; }

  runtime::Env& env_;
  client::EtcdClient& store_;
  WatchCacheOptions options_;
  bool ready_ = false;
  int64_t revision_ = 0;
  int64_t listed_ = 0;  // the revision of the list
  int64_t told_ = 0;    // the store watch has told all up to here
  int64_t oldest_ = 0;  // every change after it, up to told_, is in history_
  std::map<std::string, Entry, std::less<>> objects_;
  std::deque<SharedEvent> history_;
  std::vector<CacheWatcher*> watchers_;  // in the order of subscription; null while being removed
  bool publishing_ = false;
  std::vector<std::function<void(const CacheEvent*)>> observers_;
  std::vector<runtime::Task> waiting_;
  std::unique_ptr<client::EtcdWatch> watch_;
  runtime::Timer retry_timer_;
  Duration next_retry_;
  Alive alive_;
};

}  // namespace kp::apiserver
