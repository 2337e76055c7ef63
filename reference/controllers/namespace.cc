#include "reference/controllers/namespace.h"

#include <map>

#include "reference/base/mutant.h"
#include "reference/controllers/collected_kinds.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;
using client::kNamespaces;

constexpr std::string_view kFinalizer = "kubernetes";

bool HasKubernetesFinalizer(const Value& object) {
  for (const Value& item : object.At({"spec", "finalizers"}).items()) {
    if (item.AsString() == kFinalizer) return true;
  }
  return false;
}

Value Condition(std::string_view type, bool holds, std::string_view reason, std::string message, WallTime now) {
  return Obj({{"type", type},
              {"status", holds ? "True" : "False"},
              {"reason", reason},
              {"message", std::move(message)},
              {"lastTransitionTime", FormatRfc3339(now)}});
}

// What a namespace still holds, counted.
struct Remains {
  std::map<std::string, size_t> by_kind;
  std::map<std::string, size_t> by_finalizer;
};

std::string Listed(const std::map<std::string, size_t>& counts, std::string_view verb) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + name + std::string(verb) + std::to_string(count) + " resource instances";
  }
  return text;
}

class NamespaceController : public Controller {
 public:
  std::string_view name() const override { return "namespace"; }

  std::vector<client::Resource> resources() const override {
    std::vector<client::Resource> list = {kNamespaces};
    for (const CollectedKind& collected : CollectedKinds()) {
      if (collected.resource.namespaced) list.push_back(collected.resource);
    }
    return list;
  }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    const Value& object = now.is_null() ? old : now;
    std::string name = object["metadata"][resource == kNamespaces ? "name" : "namespace"].str();
    if (IsTerminating(view.Get(kNamespaces, name))) keys.insert(name);
  }

  Plan Reconcile(const View& view, const std::string& name, WallTime now) const override {
    Plan plan;
    const Value& ns = view.Get(kNamespaces, name);
    if (!IsTerminating(ns) || !HasKubernetesFinalizer(ns)) return plan;
    Remains remains;
    for (const CollectedKind& collected : CollectedKinds()) {
      if (!collected.resource.namespaced) continue;
      bool sweep = false;
      for (const Value& object : view.List(collected.resource, name)) {
        ++remains.by_kind[collected.resource.plural + "." + collected.resource.group];
        sweep |= !IsTerminating(object);
        for (const Value& finalizer : object.At({"metadata", "finalizers"}).items()) {
          if (!KP_MUTANT("namespace-names-no-finalizer")) ++remains.by_finalizer[finalizer.str()];
        }
      }
      if (sweep && !KP_MUTANT("namespace-is-never-swept")) plan.writes.push_back(Sweep(collected.resource, name));
    }
    bool swept = !ConditionOf(ns, "NamespaceContentRemaining").is_null();
    if (!swept) plan.writes.push_back(Sweep(client::kEvents, name));
    Value status = ns["status"].With("conditions", Conditions(ns, remains, now));
    bool told = status == ns["status"];
    if (!told) {
      plan.writes.push_back(Write::Update({kNamespaces, "", name, "status"}, ns.With("status", status)));
      return plan;
    }
    if ((remains.by_kind.empty() || KP_MUTANT("namespace-goes-before-its-content")) && swept) {
      Value finalized = ns.With({"spec", "finalizers"}, Value::EmptyArray());
      plan.writes.push_back(Write::Update({kNamespaces, "", name, "finalize"}, finalized));
    }
    return plan;
  }

 private:
  static Write Sweep(const client::Resource& resource, const std::string& ns) {
    return Write::Delete({resource, ns, "", ""}, {});
  }

  // Texts: kubernetes pkg/controller/namespace/deletion/status_condition_utils.go.
  static Value Conditions(const Value& ns, const Remains& remains, WallTime now) {
    const auto& [kinds, finalizers] = remains;
    Value conditions = ns["status"]["conditions"];
    conditions = WithCondition(
        conditions, kinds.empty() ? Condition("NamespaceContentRemaining", false, "ContentRemoved",
                                              "All content successfully removed", now)
                                  : Condition("NamespaceContentRemaining", true, "SomeResourcesRemain",
                                              "Some resources are remaining: " + Listed(kinds, " has "), now));
    return WithCondition(
        conditions,
        finalizers.empty()
            ? Condition("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
                        "All content-preserving finalizers finished", now)
            : Condition("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                        "Some content in the namespace has finalizers remaining: " + Listed(finalizers, " in "), now));
  }
};

// Gives each namespace one object, and gives it again when it is removed.
class NamespaceGift : public Controller {
 public:
  NamespaceGift(std::string name, client::Resource resource, Value object)
      : name_(std::move(name)), resource_(std::move(resource)), object_(std::move(object)) {}

  std::string_view name() const override { return name_; }
  std::vector<client::Resource> resources() const override { return {kNamespaces, resource_}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View&,
            std::set<std::string>& keys) const override {
    const Value& meta = (now.is_null() ? old : now)["metadata"];
    if (resource == kNamespaces) {
      keys.insert(meta["name"].str());
    } else if (meta["name"] == object_.At({"metadata", "name"}) && !KP_MUTANT("namespace-gift-not-restored")) {
      keys.insert(meta["namespace"].str());
    } else if (KP_MUTANT("serviceaccount-gets-a-secret")) {
      keys.insert(meta["namespace"].str());
    }
  }

  Plan Reconcile(const View& view, const std::string& ns, WallTime) const override {
    Plan plan;
    const Value& home = view.Get(kNamespaces, ns);
    if (home.is_null() || IsTerminating(home)) return plan;
    Value wanted = object_.With({"metadata", "namespace"}, ns);
    if (resource_ == client::kServiceAccounts && KP_MUTANT("serviceaccount-gets-a-secret")) {
      // As upstream did until 1.23.
      for (const Value& account : view.List(resource_, ns)) {
        const Value meta =
            Obj({{"name", account["metadata"]["name"].str() + "-token"},
                 {"annotations", Obj({{"kubernetes.io/service-account.name", account["metadata"]["name"]}})}});
        plan.writes.push_back(
            Write::Create({client::kSecrets, ns, "", ""}, Obj({{"apiVersion", "v1"},
                                                               {"kind", "Secret"},
                                                               {"metadata", meta},
                                                               {"type", "kubernetes.io/service-account-token"}})));
      }
    }
    const Value& have = view.Get(resource_, ns, object_.At({"metadata", "name"}).AsString());
    if (have.is_null()) {
      plan.writes.push_back(Write::Create({resource_, ns, "", ""}, wanted));
    } else if (object_.Has("data") && !(have["data"] == object_["data"])) {
      plan.writes.push_back(Write::Update({resource_, ns, object_.At({"metadata", "name"}).str(), ""},
                                          have.With("data", object_["data"])));
    }
    return plan;
  }

 private:
  std::string name_;
  client::Resource resource_;
  Value object_;
};

}  // namespace

std::unique_ptr<Controller> MakeNamespaceController() { return std::make_unique<NamespaceController>(); }

std::unique_ptr<Controller> MakeServiceAccountController() {
  return std::make_unique<NamespaceGift>(
      "serviceaccount", client::kServiceAccounts,
      Obj({{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", Obj({{"name", "default"}})}}));
}

std::unique_ptr<Controller> MakeRootCaPublisher(std::string ca_pem) {
  return std::make_unique<NamespaceGift>("root-ca-cert-publisher", client::kConfigMaps,
                                         Obj({{"apiVersion", "v1"},
                                              {"kind", "ConfigMap"},
                                              {"metadata", Obj({{"name", "kube-root-ca.crt"}})},
                                              {"data", Obj({{"ca.crt", ca_pem}})}}));
}

}  // namespace kp::controllers
