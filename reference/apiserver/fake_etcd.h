// For unit tests: an etcd in memory, with its whole history, watches that can be cut, and compaction.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/client/etcd.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

class FakeEtcd : public client::EtcdClient {
 public:
  explicit FakeEtcd(runtime::Env& env) : env_(env) {}

  // ---- for tests ----
  int64_t revision = 10;
  int64_t compacted = 0;
  int writes = 0;  // transactions that changed something
  int ranges = 0;
  // Answers every call with this instead of carrying it out.
  std::optional<Status> failure;

  const client::EtcdKeyValue* Find(const std::string& key) const {
    const auto it = data_.find(key);
    return it == data_.end() ? nullptr : &it->second;
  }
  void Set(const std::string& key, const std::string& value) { Apply(key, value, 0); }
  void Erase(const std::string& key) { Apply(key, std::nullopt, 0); }
  void CutWatches(const Status& reason) {
    for (FakeWatch* watch : std::set<FakeWatch*>(watches_)) {
      watches_.erase(watch);
      watch->handler->OnEnd(reason, reason.code() == Code::kOutOfRange ? compacted : 0);
    }
  }
  // While set, watches hear nothing; what happened meanwhile follows when it is cleared.
  void HoldWatches(bool hold) {
    hold_ = hold;
    if (!hold) Deliver();
  }
  size_t watch_count() const { return watches_.size(); }

  // ---- EtcdClient ----
  transport::GrpcChannel& channel() override {
    CHECK(false) << "there is no wire here";
    __builtin_unreachable();
  }
  void Range(const client::EtcdRange& request, Completion<Result<client::EtcdRangeResult>> done) override {
    ++ranges;
    if (failure) return env_.Post([done, status = *failure] { done(status); });
    if (request.revision > 0 && request.revision < compacted) {
      return env_.Post([done] { done(Status(Code::kOutOfRange, "mvcc: required revision has been compacted")); });
    }
    if (request.revision > revision) {
      return env_.Post([done] { done(Status(Code::kOutOfRange, "mvcc: required revision is a future revision")); });
    }
    client::EtcdRangeResult result{.revision = revision};
    for (const auto& [key, kv] : At(request.revision ? request.revision : revision)) {
      if (!InRange(key, request.key, request.range_end)) continue;
      ++result.count;
      if (request.count_only) continue;
      if (request.limit > 0 && static_cast<int64_t>(result.kvs.size()) == request.limit) {
        result.more = true;
      } else {
        result.kvs.push_back(kv);
      }
    }
    env_.Post([done, result = std::move(result)] { done(result); });
  }

  void Write(const client::EtcdGuardedWrite& request, Completion<Result<client::EtcdWriteResult>> done) override {
    if (failure) return env_.Post([done, status = *failure] { done(status); });
    client::EtcdWriteResult result;
    const client::EtcdKeyValue* current = Find(request.key);
    if ((current ? current->mod_revision : 0) == request.expected_revision) {
      result.succeeded = true;
      Apply(request.key, request.value, request.lease);
    } else if (current) {
      result.current = *current;
    }
    result.revision = revision;
    env_.Post([done, result = std::move(result)] { done(result); });
  }

  void Put(std::string key, std::string value, int64_t lease, Completion<Result<int64_t>> done) override {
    Apply(key, value, lease);
    env_.Post([done, r = revision] { done(r); });
  }

  void DeleteRange(std::string key, std::string range_end, Completion<Result<int64_t>> done) override {
    std::vector<std::string> keys;
    for (const auto& [k, kv] : data_) {
      if (InRange(k, key, range_end)) keys.push_back(k);
    }
    for (const std::string& k : keys) Apply(k, std::nullopt, 0);
    env_.Post([done, r = revision] { done(r); });
  }

  std::unique_ptr<client::EtcdWatch> Watch(const client::EtcdWatchOptions& options,
                                           client::EtcdWatchHandler* handler) override {
    auto watch = std::make_unique<FakeWatch>();
    watch->owner = this;
    watch->options = options;
    watch->handler = handler;
    watch->sent = (options.start_revision ? options.start_revision : revision + 1) - 1;
    watches_.insert(watch.get());
    env_.Post(alive_.Wrap([this] { Deliver(); }));
    return watch;
  }

  void LeaseGrant(int64_t, Completion<Result<int64_t>> done) override {
    env_.Post([done, id = ++last_lease_] { done(id); });
  }

  void Compact(int64_t at, Completion<Status> done) override {
    compacted = std::max(compacted, at);
    env_.Post([done] { done(Status::Ok()); });
  }

 private:
  struct FakeWatch : client::EtcdWatch {
    ~FakeWatch() override { owner->watches_.erase(this); }
    void RequestProgress() override {
      if (sent < owner->revision) handler->OnEvents(sent = owner->revision, {});
    }
    FakeEtcd* owner = nullptr;
    client::EtcdWatchOptions options;
    client::EtcdWatchHandler* handler = nullptr;
    int64_t sent = 0;
  };

  static bool InRange(const std::string& key, const std::string& first, const std::string& end) {
    return end.empty() ? key == first : key >= first && key < end;
  }

  void Apply(const std::string& key, const std::optional<std::string>& value, int64_t lease) {
    const client::EtcdKeyValue* current = Find(key);
    if (!value && !current) return;
    ++revision;
    ++writes;
    client::EtcdEvent event{.is_delete = !value};
    event.kv = {.key = key, .value = value.value_or(""), .mod_revision = revision, .lease = lease};
    if (current) event.previous = *current;
    event.kv.create_revision = current ? current->create_revision : revision;
    event.kv.version = current ? current->version + 1 : 1;
    if (value) {
      data_[key] = event.kv;
    } else {
      data_.erase(key);
    }
    history_.push_back(event);
    env_.Post(alive_.Wrap([this] { Deliver(); }));
  }

  std::map<std::string, client::EtcdKeyValue> At(int64_t at) const {
    std::map<std::string, client::EtcdKeyValue> data;
    for (const client::EtcdEvent& event : history_) {
      if (event.kv.mod_revision > at) break;
      if (event.is_delete) {
        data.erase(event.kv.key);
      } else {
        data[event.kv.key] = event.kv;
      }
    }
    return data;
  }

  void Deliver() {
    if (hold_) return;
    for (FakeWatch* watch : std::set<FakeWatch*>(watches_)) {
      if (watch->sent < compacted - 1) {
        watches_.erase(watch);
        watch->handler->OnEnd(Status(Code::kOutOfRange, "compacted"), compacted);
        continue;
      }
      std::vector<client::EtcdEvent> events;
      for (const client::EtcdEvent& event : history_) {
        if (event.kv.mod_revision > watch->sent &&
            InRange(event.kv.key, watch->options.key, watch->options.range_end)) {
          events.push_back(event);
          if (!watch->options.prev_kv) events.back().previous.reset();
        }
      }
      watch->sent = std::max(watch->sent, revision);
      if (!events.empty()) watch->handler->OnEvents(events.back().kv.mod_revision, events);
    }
  }

  runtime::Env& env_;
  std::map<std::string, client::EtcdKeyValue> data_;
  std::vector<client::EtcdEvent> history_;
  std::set<FakeWatch*> watches_;
  bool hold_ = false;
  int64_t last_lease_ = 0;
  Alive alive_;
};

}  // namespace kp::apiserver
