#include "reference/controllers/endpointslice.h"

#include <algorithm>

#include "reference/api/json.h"
#include "reference/base/mutant.h"
#include "reference/client/resources.h"
#include "reference/controllers/owner.h"
#include "reference/controllers/service_pods.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;
using client::kEndpointSlices;
using client::kPods;
using client::kServices;

constexpr std::string_view kServiceName = "kubernetes.io/service-name";
constexpr std::string_view kManagedBy = "endpointslice.kubernetes.io/managed-by";
constexpr std::string_view kManager = "endpointslice-controller.k8s.io";
constexpr size_t kMaxPerSlice = 100;

Value EndpointOf(const ServicePod& entry) {
  const Value& pod = entry.pod;
  Value endpoint = Obj(
      {{"addresses", api::Arr({pod.At({"status", "podIP"})})},
       {"conditions", Obj({{"ready", entry.ready}, {"serving", entry.serving}, {"terminating", entry.terminating}})},
       {"targetRef", Obj({{"kind", "Pod"},
                          {"namespace", pod.At({"metadata", "namespace"})},
                          {"name", pod.At({"metadata", "name"})},
                          {"uid", pod.At({"metadata", "uid"})}})}});
  if (!pod.At({"spec", "nodeName"}).empty()) endpoint = endpoint.With("nodeName", pod.At({"spec", "nodeName"}));
  bool named = !pod.At({"spec", "hostname"}).empty() && !pod.At({"spec", "subdomain"}).empty();
  if (named) endpoint = endpoint.With("hostname", pod.At({"spec", "hostname"}));
  return endpoint;
}

Value LabelsOf(const Value& service) {
  Value labels = service.At({"metadata", "labels"});
  if (labels.is_null()) labels = Value::EmptyObject();
  labels = labels.With(kServiceName, service.At({"metadata", "name"})).With(kManagedBy, kManager);
  bool headless = service.At({"spec", "clusterIP"}).AsString() == "None";
  return headless ? labels.With("service.kubernetes.io/headless", "")
                  : labels.Without("service.kubernetes.io/headless");
}

Value NewSlice(const Value& service, const Value& ports, std::vector<Value> endpoints) {
  return Obj({{"apiVersion", "discovery.k8s.io/v1"},
              {"kind", "EndpointSlice"},
              {"metadata", Obj({{"generateName", service.At({"metadata", "name"}).str() + "-"},
                                {"namespace", service.At({"metadata", "namespace"})},
                                {"labels", LabelsOf(service)},
                                {"ownerReferences", KP_MUTANT("endpointslice-has-no-owner")
                                                        ? Value::EmptyArray()
                                                        : api::Arr({OwnerReferenceTo(service)})}})},
              {"addressType", "IPv4"},
              {"endpoints", Value::Array(std::move(endpoints))},
              {"ports", ports}});
}

// Lays the wanted endpoints of one set of ports over the slices that have these ports: an endpoint stays
// where it is, new ones fill gaps, and only what is left makes a new slice. A slice that is left over becomes
// a wanted one before any is made or deleted, so that a reader never sees the old beside the new
// (staging/src/k8s.io/endpointslice, finalize).
class SlicePlanner {
 public:
  SlicePlanner(const Value& service, Plan& plan) : service_(service), plan_(plan) {}

  void Place(const Value& ports, std::map<std::string, Value> wanted, std::vector<Value> slices, bool keep_one) {
    std::vector<std::vector<Value>> content(slices.size());
    for (size_t i = 0; i < slices.size(); ++i) {
      for (const Value& endpoint : slices[i]["endpoints"].items()) {
        auto at = wanted.find(endpoint.At({"targetRef", "uid"}).str());
        if (at == wanted.end()) continue;
        content[i].push_back(at->second);
        wanted.erase(at);
      }
    }
    auto next = wanted.begin();
    for (auto& endpoints : content) {
      while (next != wanted.end() && endpoints.size() < kMaxPerSlice) endpoints.push_back((next++)->second);
    }
    for (size_t i = 0; i < slices.size(); ++i) {
      bool last = keep_one && i + 1 == slices.size();
      if (content[i].empty() && !last) {
        Drop(slices[i]);
      } else {
        keep_one = keep_one && content[i].empty();
        Update(slices[i], ports, std::move(content[i]));
      }
    }
    while (next != wanted.end()) {
      std::vector<Value> endpoints;
      while (next != wanted.end() && endpoints.size() < kMaxPerSlice) endpoints.push_back((next++)->second);
      Create(ports, std::move(endpoints));
    }
  }

  void Create(const Value& ports, std::vector<Value> endpoints) { new_.push_back({ports, std::move(endpoints)}); }
  void Drop(const Value& slice) { spare_.push_back(slice); }

  // Call once, last.
  void Finish() {
    while (!new_.empty() && !spare_.empty()) {
      Update(spare_.back(), new_.back().ports, std::move(new_.back().endpoints));
      spare_.pop_back();
      new_.pop_back();
    }
    for (Content& content : new_) {
      plan_.writes.push_back(Write::Create({kEndpointSlices, service_.At({"metadata", "namespace"}).str(), "", ""},
                                           NewSlice(service_, content.ports, std::move(content.endpoints))));
    }
    for (const Value& slice : spare_) {
      client::DeleteOptions options;
      options.precondition_uid = slice.At({"metadata", "uid"}).str();
      plan_.writes.push_back(Write::Delete(RefOf(slice), options));
    }
  }

 private:
  static client::ObjectRef RefOf(const Value& slice) {
    return {kEndpointSlices, slice.At({"metadata", "namespace"}).str(), slice.At({"metadata", "name"}).str(), ""};
  }

  void Update(const Value& slice, const Value& ports, std::vector<Value> endpoints) {
    Value next = slice.With("endpoints", Value::Array(std::move(endpoints)))
                     .With("ports", ports)
                     .With({"metadata", "labels"}, LabelsOf(service_));
    bool had_none = slice["endpoints"].empty() && next["endpoints"].empty();
    if (had_none) next = next.With("endpoints", slice["endpoints"]);
    if (!(next == slice)) plan_.writes.push_back(Write::Update(RefOf(slice), next));
  }

  struct Content {
    Value ports;
    std::vector<Value> endpoints;
  };

  const Value& service_;
  Plan& plan_;
  std::vector<Content> new_;
  std::vector<Value> spare_;
};

std::string PortsKey(const Value& ports) {
  std::vector<std::string> keys;
  for (const Value& port : ports.items()) {
    keys.push_back(port["name"].str() + "/" + std::string(port["protocol"].AsString("TCP")) + "/" +
                   std::to_string(port["port"].AsInt()));
  }
  std::sort(keys.begin(), keys.end());
  std::string text;
  for (const std::string& key : keys) text += key + ",";
  return text;
}

class EndpointSliceController : public Controller {
 public:
  std::string_view name() const override { return "endpointslice"; }
  std::vector<client::Resource> resources() const override { return {kServices, kPods, kEndpointSlices}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    if (resource == kServices) {
      keys.insert(client::KeyOf(now.is_null() ? old : now));
    } else if (resource == kPods) {
      ServicesOf(view, old, keys);
      ServicesOf(view, now, keys);
    } else {
      const Value& slice = now.is_null() ? old : now;
      const Value& labels = slice.At({"metadata", "labels"});
      if (labels[kManagedBy].AsString() != kManager || KP_MUTANT("endpointslice-trusts-others")) return;
      keys.insert(client::MakeKey(slice.At({"metadata", "namespace"}).AsString(), labels[kServiceName].AsString()));
    }
  }

  Plan Reconcile(const View& view, const std::string& key, WallTime) const override {
    Plan plan;
    const Value& service = view.Get(kServices, key);
    if (service.is_null() || IsTerminating(service)) return plan;
    auto pods = PodsOf(view, service);
    if (!pods) return plan;
    struct Group {
      Value ports = Value::EmptyArray();
      std::map<std::string, Value> wanted;
      std::vector<Value> slices;
    };
    std::map<std::string, Group> groups;
    for (const ServicePod& entry : *pods) {
      Group& group = groups[PortsKey(entry.ports)];
      group.ports = entry.ports;
      group.wanted.emplace(entry.pod.At({"metadata", "uid"}).str(), EndpointOf(entry));
    }
    std::vector<Value> stale;
    for (const Value& slice : view.ControlledBy(kEndpointSlices, service.At({"metadata", "uid"}).AsString())) {
      if (slice.At({"metadata", "labels"})[kManagedBy].AsString() != kManager) continue;
      auto group = groups.find(PortsKey(slice["ports"]));
      if (group == groups.end()) {
        stale.push_back(slice);
      } else {
        group->second.slices.push_back(slice);
      }
    }
    SlicePlanner planner(service, plan);
    // A Service without pods keeps one empty slice, so that "no endpoints" can be told from "not looked at".
    if (groups.empty()) {
      if (stale.empty()) planner.Create(Value::EmptyArray(), {});
      if (!stale.empty()) {
        planner.Place(stale[0]["ports"], {}, {stale[0]}, true);
        stale.erase(stale.begin());
      }
    }
    for (auto& [ports_key, group] : groups) {
      planner.Place(group.ports, std::move(group.wanted), std::move(group.slices), false);
    }
    for (const Value& slice : stale) planner.Drop(slice);
    planner.Finish();
    return plan;
  }
};

}  // namespace

std::unique_ptr<Controller> MakeEndpointSliceController() { return std::make_unique<EndpointSliceController>(); }

}  // namespace kp::controllers
