#include "reference/apiserver/storage.h"

#include <algorithm>

#include "reference/apiserver/stored_object.h"
#include "reference/base/check.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

// A write that is overtaken this often in a row gives up; upstream repeats until the request's time is up.
constexpr int kMaxAttempts = 60;

}  // namespace

std::string ObjectKey::StoreKey() const { return StorageKey(kind->storage, ns, name); }

ApiStatus StoreError(const Status& status) {
  switch (status.code()) {
    case Code::kDeadlineExceeded: return ApiStatus::Timeout("the store did not answer in time: " + status.message());
    case Code::kUnavailable:
    case Code::kCancelled: return ApiStatus::ServiceUnavailable("the store cannot be reached: " + status.message());
    default: return ApiStatus::InternalError(status.message());
  }
}

Storage::Storage(runtime::Env& env, client::EtcdClient& store, const api::Registry& registry)
    : env_(env), store_(store) {
  for (const api::Kind* kind : registry.kinds()) {
    if (!kind->served || !kind->HasVerb("list") || kind->storage == "-" || caches_.contains(kind->storage)) continue;
    caches_[kind->storage] =
        std::make_unique<WatchCache>(env, store, WatchCacheOptions{.prefix = StoragePrefix(kind->storage)});
  }
}

void Storage::Start(runtime::Task done) {
  auto left = std::make_shared<size_t>(caches_.size());
  for (auto& [storage, cache] : caches_) {
    cache->WhenReady([left, done] {
      if (--*left == 0) done();
    });
    cache->Start();
  }
}

bool Storage::ready() const {
  return std::all_of(caches_.begin(), caches_.end(), [](const auto& entry) { return entry.second->ready(); });
}

WatchCache& Storage::Cache(const api::Kind& kind) {
  const auto it = caches_.find(kind.storage);
  CHECK(it != caches_.end()) << kind.gvk.kind << " is not stored";
  return *it->second;
}

const WatchCache& Storage::Cache(const api::Kind& kind) const { return const_cast<Storage*>(this)->Cache(kind); }

void Storage::Get(const ObjectKey& key, Completion<ApiResult<Value>> done) {
  store_.Range({.key = key.StoreKey()},
               alive_.Wrap([this, key, done = std::move(done)](Result<client::EtcdRangeResult> range) {
                 if (!range.ok()) return done(StoreError(range.status()));
                 if (range->kvs.empty())
                   return done(ApiStatus::NotFound(key.kind->gvk.group, key.kind->plural, key.name));
                 Result<Value> object = Cache(*key.kind).Decode(range->kvs[0]);
                 if (!object.ok()) return done(StoreError(object.status()));
                 done(std::move(*object));
               }));
}

void Storage::Create(const ObjectKey& key, const Value& object, int64_t lease, Completion<ApiResult<Value>> done) {
  client::EtcdGuardedWrite write{.key = key.StoreKey(), .expected_revision = 0, .value = EncodeStored(object)};
  write.lease = lease;
  store_.Write(write, alive_.Wrap([key, object, done = std::move(done)](Result<client::EtcdWriteResult> result) {
    if (!result.ok()) return done(StoreError(result.status()));
    if (!result->succeeded && !KP_MUTANT("apiserver-taken-name-is-success")) {
      return done(ApiStatus::AlreadyExists(key.kind->gvk.group, key.kind->plural, key.name));
    }
    done(WithResourceVersion(object, result->revision));
  }));
}

struct Storage::Modification {
  ObjectKey key;
  Decide decide;
  int64_t lease = 0;
  Completion<ApiResult<Outcome>> done;
  int attempts = 0;
};

void Storage::Modify(const ObjectKey& key, Decide decide, int64_t lease, Completion<ApiResult<Outcome>> done) {
  auto work = std::make_shared<Modification>();
  *work = {.key = key, .decide = std::move(decide), .lease = lease, .done = std::move(done)};
  // The cached state is a guess that saves a read; the guard of the write finds out when it is old.
  const WatchCache::Entry* cached = Cache(*key.kind).Find(key.CacheKey());
  if (!cached) return AttemptLive(work);
  // A completion is never called from inside the call that took it.
  env_.Post(alive_.Wrap([this, work, entry = *cached] { Attempt(work, entry.object, entry.revision, false); }));
}

void Storage::AttemptLive(const std::shared_ptr<Modification>& work) {
  store_.Range({.key = work->key.StoreKey()}, alive_.Wrap([this, work](Result<client::EtcdRangeResult> range) {
    if (!range.ok()) return work->done(StoreError(range.status()));
    if (range->kvs.empty()) return Attempt(work, Value(), 0, true);
    Result<Value> current = Cache(*work->key.kind).Decode(range->kvs[0]);
    if (!current.ok()) return work->done(StoreError(current.status()));
    Attempt(work, *current, range->kvs[0].mod_revision, true);
  }));
}

void Storage::Attempt(const std::shared_ptr<Modification>& work, const Value& current, int64_t revision, bool fresh) {
  const ObjectKey& key = work->key;
  ApiResult<Decision> decision = work->decide(current);
  if (!fresh && (!decision.ok() || decision->action == Decision::Action::kKeep)) return AttemptLive(work);
  if (!decision.ok()) return work->done(decision.error());
  const bool unchanged = decision->action == Decision::Action::kWrite && !current.is_null() &&
                         !KP_MUTANT("apiserver-no-op-update-bumps-version") &&
                         EncodeStored(decision->object) == EncodeStored(current);
  if (unchanged && !fresh) return AttemptLive(work);
  if (unchanged) return work->done(Outcome{.object = current});
  if (decision->action == Decision::Action::kKeep) return work->done(Outcome{.object = decision->object});
  if (++work->attempts > kMaxAttempts) {
    return work->done(ApiStatus::Conflict(key.kind->gvk.group, key.kind->plural, key.name));
  }
  WriteDecided(work, current, revision, *decision);
}

void Storage::WriteDecided(const std::shared_ptr<Modification>& work, const Value& current, int64_t revision,
                           const Decision& decision) {
  const bool deletes = decision.action == Decision::Action::kDelete;
  client::EtcdGuardedWrite write{.key = work->key.StoreKey(), .expected_revision = revision};
  if (!deletes) write.value = EncodeStored(decision.object);
  write.lease = work->lease;
  store_.Write(write, alive_.Wrap([this, work, deletes, created = current.is_null(),
                                   object = decision.object](Result<client::EtcdWriteResult> result) {
    if (!result.ok()) return work->done(StoreError(result.status()));
    if (result->succeeded) {
      return work->done(
          Outcome{.object = WithResourceVersion(object, result->revision), .created = created, .deleted = deletes});
    }
    if (!result->current) return Attempt(work, Value(), 0, true);
    Result<Value> now = Cache(*work->key.kind).Decode(*result->current);
    if (!now.ok()) return work->done(StoreError(now.status()));
    Attempt(work, *now, result->current->mod_revision, true);
  }));
}

}  // namespace kp::apiserver
