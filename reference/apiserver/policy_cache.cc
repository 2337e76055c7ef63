#include "reference/apiserver/policy_cache.h"

#include <string>
#include <string_view>

#include "reference/apiserver/bootstrap_roles.h"

namespace kp::apiserver {

using api::Value;

namespace {

constexpr std::string_view kKinds[] = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"};
constexpr Duration kCheck = 5ms;

WatchCache& CacheOf(Storage& storage, std::string_view kind) {
  return storage.Cache(api::BuiltinKind("rbac.authorization.k8s.io", "v1", kind));
}

}  // namespace

PolicyCache::PolicyCache(Storage& storage) : storage_(storage) {
  for (std::string_view kind : kKinds) {
    WatchCache& cache = CacheOf(storage, kind);
    cache.AddObserver([this, kind, &cache](const CacheEvent* event) {
      if (!event) {
        policy_.Clear(kind);
        for (const auto& [key, entry] : cache.objects()) policy_.Put(entry.object);
      } else if (event->type == ChangeType::kDeleted) {
        const Value& meta = event->object["metadata"];
        policy_.Remove(kind, meta["namespace"].AsString(), meta["name"].AsString());
      } else {
        policy_.Put(event->object);
      }
    });
  }
}

void PolicyCache::WhenBootstrapped(runtime::Env& env, runtime::Task done) {
  bool complete = true;
  for (const Value& object : BootstrapRbac()) {
    complete = complete && CacheOf(storage_, object["kind"].AsString()).Find(object["metadata"]["name"].AsString());
  }
  if (complete) return done();
  env.After(kCheck, alive_.Wrap([this, &env, done = std::move(done)] { WhenBootstrapped(env, done); }));
}

}  // namespace kp::apiserver
