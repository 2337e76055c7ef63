#include "reference/apiserver/bootstrap.h"

#include "reference/apiserver/bootstrap_roles.h"
#include "reference/apiserver/metadata_rules.h"
#include "reference/apiserver/object_write.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::Value;

namespace {

constexpr Duration kRetry = 100ms;

ObjectKey KeyOf(const Value& object) {
  const api::GroupVersionKind gvk = api::GroupVersionKind::Of(object);
  return {&api::BuiltinKind(gvk.group, gvk.version, gvk.kind), object["metadata"]["namespace"].str(),
          object["metadata"]["name"].str()};
}

std::vector<Value> SystemNamespaces() {
  std::vector<Value> out;
  for (std::string_view name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    out.push_back(api::Obj({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", api::Obj({{"name", name}})}}));
  }
  return out;
}

Value KubernetesService(const BootstrapOptions& options) {
  const Value port = api::Obj({{"name", "https"}, {"port", 443}, {"protocol", "TCP"}, {"targetPort", options.port}});
  return api::Obj(
      {{"apiVersion", "v1"},
       {"kind", "Service"},
       {"metadata", api::Obj({{"name", "kubernetes"},
                              {"namespace", "default"},
                              {"labels", api::Obj({{"component", "apiserver"}, {"provider", "kubernetes"}})}})},
       {"spec", api::Obj({{"clusterIP", options.service_address},
                          {"clusterIPs", api::Arr({options.service_address})},
                          {"ipFamilies", api::Arr({"IPv4"})},
                          {"ipFamilyPolicy", "SingleStack"},
                          {"type", "ClusterIP"},
                          {"ports", api::Arr({port})}})}});
}

Value KubernetesSlice(const BootstrapOptions& options) {
  const Value endpoint =
      api::Obj({{"addresses", api::Arr({options.advertise_address})}, {"conditions", api::Obj({{"ready", true}})}});
  return api::Obj({{"apiVersion", "discovery.k8s.io/v1"},
                   {"kind", "EndpointSlice"},
                   {"metadata", api::Obj({{"name", "kubernetes"},
                                          {"namespace", "default"},
                                          {"labels", api::Obj({{"kubernetes.io/service-name", "kubernetes"}})}})},
                   {"addressType", "IPv4"},
                   {"endpoints", api::Arr({endpoint})},
                   {"ports", api::Arr({api::Obj({{"name", "https"}, {"port", options.port}, {"protocol", "TCP"}})})}});
}

Value KubernetesEndpoints(const BootstrapOptions& options) {
  const Value subset =
      api::Obj({{"addresses", api::Arr({api::Obj({{"ip", options.advertise_address}})})},
                {"ports", api::Arr({api::Obj({{"name", "https"}, {"port", options.port}, {"protocol", "TCP"}})})}});
  return api::Obj(
      {{"apiVersion", "v1"},
       {"kind", "Endpoints"},
       {"metadata", api::Obj({{"name", "kubernetes"},
                              {"namespace", "default"},
                              {"labels", api::Obj({{"endpointslice.kubernetes.io/skip-mirror", "true"}})}})},
       {"subsets", api::Arr({subset})}});
}

// Several servers share the object: each adds its own address and port and leaves the others'.
Value WithItems(const Value& stored, const Value& wanted, std::string_view list) {
  for (const Value& item : stored[list].items()) {
    if (item == wanted[list][0]) return stored;
  }
  return stored.With(list, stored[list].Append(wanted[list][0]));
}

Value Merged(const Value& stored, const Value& wanted) {
  const std::string_view kind = wanted["kind"].AsString();
  if (stored.is_null()) return wanted;
  if (kind == "EndpointSlice") return WithItems(stored, wanted, "endpoints");
  if (kind == "Endpoints") return WithItems(stored, wanted, "subsets");
  return Reconciled(stored, wanted);
}

}  // namespace

Bootstrap::Bootstrap(runtime::Env& env, Storage& storage, BootstrapOptions options)
    : env_(env), storage_(storage), options_(std::move(options)), random_(env.random().Fork("apiserver/bootstrap")) {}

void Bootstrap::Start(runtime::Task done) {
  done_ = std::move(done);
  std::vector<Value> objects = SystemNamespaces();
  for (const Value& object : objects) WatchForDeletion(object);
  for (Value& object : BootstrapRbac()) objects.push_back(std::move(object));
  if (!options_.service_address.empty()) {
    const Value service = KubernetesService(options_);
    WatchForDeletion(service);
    objects.push_back(service);
    if (!options_.advertise_address.empty() && !KP_MUTANT("bootstrap-publishes-no-endpoints")) {
      objects.push_back(KubernetesEndpoints(options_));
      objects.push_back(KubernetesSlice(options_));
    }
  }
  left_ = objects.size();
  for (const Value& object : objects) {
    Ensure(object, [this] {
      if (--left_ == 0) std::exchange(done_, nullptr)();
    });
  }
}

void Bootstrap::Ensure(const Value& object, runtime::Task done) {
  const ObjectKey key = KeyOf(object);
  const auto decide = [this, object, kind = key.kind](const Value& current) -> ApiResult<Decision> {
    if (!current.is_null()) return Decision::Write(Merged(current, object));
    const User server{.name = "system:apiserver", .groups = {std::string(kMastersGroup)}};
    const HookContext context{.now = env_.Wall(), .user = &server, .random = &random_, .storage = &storage_};
    ApiResult<Value> built = BuildNew(context, *kind, object);
    if (!built.ok()) return built.error();
    return Decision::Write(*built);
  };
  storage_.Modify(key, decide, 0, alive_.Wrap([this, object, done](ApiResult<Outcome> outcome) {
    if (outcome.ok()) return done();
    env_.Log(runtime::Severity::kWarning, "apiserver",
             "bootstrap of " + object["kind"].str() + " " + object["metadata"]["name"].str() + ": " +
                 outcome.error().ToString());
    env_.After(kRetry, alive_.Wrap([this, object, done] { Ensure(object, done); }));
  }));
}

void Bootstrap::WatchForDeletion(const Value& object) {
  const ObjectKey key = KeyOf(object);
  storage_.Cache(*key.kind).AddObserver([this, object, name = key.CacheKey()](const CacheEvent* event) {
    if (!event || event->type != ChangeType::kDeleted || event->key != name) return;
    env_.Post(alive_.Wrap([this, object] { Ensure(object, [] {}); }));
  });
}

}  // namespace kp::apiserver
