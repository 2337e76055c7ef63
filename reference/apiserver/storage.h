// Objects in the store, with optimistic concurrency: reads are quorum reads, writes are guarded by the
// revision they were decided on and decided again when somebody else was faster.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/watch_cache.h"
#include "reference/base/completion.h"
#include "reference/client/etcd.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

// Which object of which kind.
struct ObjectKey {
  const api::Kind* kind = nullptr;
  std::string ns;
  std::string name;

  std::string StoreKey() const;
  std::string CacheKey() const { return ns.empty() ? name : ns + "/" + name; }
};

// What to do with an object as it stands.
struct Decision {
  enum class Action : unsigned char { kKeep, kWrite, kDelete };
  Action action = Action::kKeep;
  api::Value object;  // to write; of a deletion: what the client hears of it

  static Decision Keep(api::Value object) { return {Action::kKeep, std::move(object)}; }
  static Decision Write(api::Value object) { return {Action::kWrite, std::move(object)}; }
  static Decision Delete(api::Value object) { return {Action::kDelete, std::move(object)}; }
};

// `current` is null when the object is absent. Pure: it may be asked several times.
using Decide = std::function<api::ApiResult<Decision>(const api::Value& current)>;

struct Outcome {
  api::Value object;  // as stored, or as it was when deleted
  bool created = false;
  bool deleted = false;
};

class Storage {
 public:
  Storage(runtime::Env& env, client::EtcdClient& store, const api::Registry& registry);

  // Starts the caches of all served kinds; `done` runs when all are filled.
  void Start(runtime::Task done);
  bool ready() const;
  WatchCache& Cache(const api::Kind& kind);
  const WatchCache& Cache(const api::Kind& kind) const;
  const std::map<std::string, std::unique_ptr<WatchCache>>& caches() const { return caches_; }
  client::EtcdClient& store() { return store_; }

  void Get(const ObjectKey& key, Completion<api::ApiResult<api::Value>> done);
  // AlreadyExists when there is one. `lease` as etcd has it, 0 for none.
  void Create(const ObjectKey& key, const api::Value& object, int64_t lease,
              Completion<api::ApiResult<api::Value>> done);
  void Modify(const ObjectKey& key, Decide decide, int64_t lease, Completion<api::ApiResult<Outcome>> done);

 private:
  struct Modification;
  void Attempt(const std::shared_ptr<Modification>& work, const api::Value& current, int64_t revision, bool fresh);
  void AttemptLive(const std::shared_ptr<Modification>& work);
  void WriteDecided(const std::shared_ptr<Modification>& work, const api::Value& current, int64_t revision,
                    const Decision& decision);

  runtime::Env& env_;
  client::EtcdClient& store_;
  // Created in the order of the registry; two kinds that share their storage share the cache.
  std::map<std::string, std::unique_ptr<WatchCache>> caches_;
  Alive alive_;
};

// An error of the store as the client of the API hears it.
api::ApiStatus StoreError(const Status& status);

}  // namespace kp::apiserver
