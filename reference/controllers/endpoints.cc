#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/client/resources.h"
#include "reference/controllers/endpointslice.h"
#include "reference/controllers/owner.h"
#include "reference/controllers/service_pods.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;
using client::kEndpoints;
using client::kPods;
using client::kServices;

// Endpoints that somebody made by hand lack this mark and stay when there is no Service.
constexpr std::string_view kManagedBy = "endpoints.kubernetes.io/managed-by";
constexpr std::string_view kManager = "endpoint-controller";

Value AddressOf(const ServicePod& entry) {
  const Value& pod = entry.pod;
  Value address = Obj({{"ip", pod.At({"status", "podIP"})},
                       {"targetRef", Obj({{"kind", "Pod"},
                                          {"namespace", pod.At({"metadata", "namespace"})},
                                          {"name", pod.At({"metadata", "name"})},
                                          {"uid", pod.At({"metadata", "uid"})}})}});
  if (!pod.At({"spec", "nodeName"}).empty()) address = address.With("nodeName", pod.At({"spec", "nodeName"}));
  bool named = !pod.At({"spec", "hostname"}).empty() && !pod.At({"spec", "subdomain"}).empty();
  return named ? address.With("hostname", pod.At({"spec", "hostname"})) : address;
}

// One subset for each set of ports, addresses by IP.
Value SubsetsOf(const std::vector<ServicePod>& pods) {
  struct Subset {
    Value ports;
    std::map<std::string, Value> ready;
    std::map<std::string, Value> not_ready;
  };
  std::vector<Subset> subsets;
  for (const ServicePod& entry : pods) {
    if (!entry.ready && KP_MUTANT("endpoints-hide-unready")) continue;
    if (entry.terminating && !entry.ready) continue;
    auto same = std::find_if(subsets.begin(), subsets.end(), [&](const Subset& s) { return s.ports == entry.ports; });
    if (same == subsets.end()) same = subsets.insert(subsets.end(), Subset{entry.ports, {}, {}});
    Value address = AddressOf(entry);
    (entry.ready ? same->ready : same->not_ready).emplace(address["ip"].str(), address);
  }
  std::vector<Value> list;
  for (const Subset& subset : subsets) {
    Value value = Obj({{"ports", subset.ports}});
    auto put = [&](std::string_view name, const std::map<std::string, Value>& addresses) {
      std::vector<Value> items;
      for (const auto& [ip, address] : addresses) items.push_back(address);
      if (!items.empty()) value = value.With(name, Value::Array(std::move(items)));
    };
    put("addresses", subset.ready);
    put("notReadyAddresses", subset.not_ready);
    if (subset.ports.empty()) value = value.Without("ports");
    list.push_back(value);
  }
  return Value::Array(std::move(list));
}

class EndpointsController : public Controller {
 public:
  std::string_view name() const override { return "endpoints"; }
  std::vector<client::Resource> resources() const override { return {kServices, kPods, kEndpoints}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    if (resource == kPods) {
      ServicesOf(view, old, keys);
      ServicesOf(view, now, keys);
    } else if (!(resource == kEndpoints && KP_MUTANT("endpoints-trust-others"))) {
      // Endpoints bear their Service's name.
      keys.insert(client::KeyOf(now.is_null() ? old : now));
    }
  }

  Plan Reconcile(const View& view, const std::string& key, WallTime) const override {
    Plan plan;
    const Value& service = view.Get(kServices, key);
    const Value& endpoints = view.Get(kEndpoints, key);
    auto [ns, name] = client::SplitKey(key);
    if (service.is_null()) {
      bool ours = endpoints.At({"metadata", "labels", kManagedBy}).AsString() == kManager;
      if (!ours || IsTerminating(endpoints)) return plan;
      client::DeleteOptions options;
      options.precondition_uid = endpoints.At({"metadata", "uid"}).str();
      plan.absent.push_back({{kServices, ns, name, ""}, ""});
      plan.writes.push_back(Write::Delete({kEndpoints, ns, name, ""}, options));
      return plan;
    }
    auto pods = PodsOf(view, service);
    if (!pods || IsTerminating(service)) return plan;
    Value subsets = SubsetsOf(*pods);
    Value labels = service.At({"metadata", "labels"}).With(kManagedBy, kManager);
    Value wanted = Obj({{"apiVersion", "v1"},
                        {"kind", "Endpoints"},
                        {"metadata", Obj({{"name", name}, {"namespace", ns}, {"labels", labels}})}});
    if (!subsets.empty()) wanted = wanted.With("subsets", subsets);
    if (endpoints.is_null()) {
      plan.writes.push_back(Write::Create({kEndpoints, ns, "", ""}, wanted));
      return plan;
    }
    Value next = endpoints.With("subsets", subsets).With({"metadata", "labels"}, labels);
    if (subsets.empty()) next = next.Without("subsets");
    bool both_empty = subsets.empty() && endpoints["subsets"].empty();
    if (both_empty && endpoints.Has("subsets")) next = next.With("subsets", endpoints["subsets"]);
    if (!(next == endpoints)) plan.writes.push_back(Write::Update({kEndpoints, ns, name, ""}, next));
    return plan;
  }
};

}  // namespace

std::unique_ptr<Controller> MakeEndpointsController() { return std::make_unique<EndpointsController>(); }

}  // namespace kp::controllers
