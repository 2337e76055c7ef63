// The addresses and ports of Services.
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

using client::kServices;

namespace {

const Value& Web() {
  static const auto* labels = new Value(Obj({{"app", "web"}}));
  return *labels;
}

Value TypedService(std::string_view name, std::string_view type) {
  return Service(name, Web()).With({"spec", "type"}, type);
}

Value WithPorts(const Value& service, std::initializer_list<Value> ports) {
  return service.With({"spec", "ports"}, Arr(ports));
}

std::string AddressOf(const Value& service) { return service["spec"]["clusterIP"].str(); }
Value NodePortOf(const Value& service) { return service["spec"]["ports"][0]["nodePort"]; }

// Names the field of a create that must be refused.
void Refused(Context& t, const Value& service, std::string_view field, std::string_view text = "") {
  api::ApiStatus status = t.MustFail(t.Create(kServices, service), 422, "Invalid", text);
  t.Expect(NamesField(status, field), "the cause names " + std::string(field) + ": " + status.ToString());
  t.ExpectError(t.Get(kServices, NameOf(service)), 404, "NotFound");
}

}  // namespace

BEHAVIOUR("services/defaults/of-a-service") {
  Value service = t.MustCreate(kServices, Service("s", Web(), 81));
  const Value& spec = service["spec"];
  t.ExpectEq(spec["type"], "ClusterIP", "type");
  t.ExpectEq(spec["sessionAffinity"], "None", "sessionAffinity");
  t.ExpectEq(spec["internalTrafficPolicy"], "Cluster", "internalTrafficPolicy");
  t.ExpectEq(spec["ipFamilyPolicy"], "SingleStack", "ipFamilyPolicy");
  t.ExpectEq(spec["ipFamilies"].size(), size_t{1}, "number of ipFamilies");
  t.ExpectEq(spec["ports"][0]["protocol"], "TCP", "protocol of the port");
  t.ExpectEq(spec["ports"][0]["targetPort"], 81, "targetPort of the port");
  t.Expect(spec["externalTrafficPolicy"].is_null(), "externalTrafficPolicy is for other types");
  service = t.MustCreate(kServices, TypedService("n", "NodePort"));
  t.ExpectEq(service["spec"]["externalTrafficPolicy"], "Cluster", "externalTrafficPolicy of a NodePort");
}

BEHAVIOUR("services/address/is-allocated-and-unique") {
  std::set<std::string> addresses;
  for (int i = 0; i < 8; ++i) {
    Value service = t.MustCreate(kServices, Service("s-" + std::to_string(i), Web()));
    t.Expect(!AddressOf(service).empty() && AddressOf(service) != "None", "the service has a clusterIP");
    t.ExpectEq(service["spec"]["clusterIPs"], Arr({service["spec"]["clusterIP"]}), "clusterIPs");
    addresses.insert(AddressOf(service));
  }
  t.ExpectEq(addresses.size(), size_t{8}, "number of distinct addresses");
}

BEHAVIOUR("services/address/is-immutable") {
  Value service = t.MustCreate(kServices, Service("s", Web()));
  std::string address = AddressOf(service);
  Value change = Obj({{"spec", Obj({{"clusterIP", "192.0.2.9"}, {"clusterIPs", Arr({"192.0.2.9"})}})}});
  t.ExpectError(t.Patch(kServices, "s", client::PatchType::kMerge, change), 422, "Invalid", "may not change once set");
  t.Step("an update without the address keeps it");
  Value without = t.MustGet(kServices, "s").Without({"spec", "clusterIP"}).Without({"spec", "clusterIPs"});
  t.ExpectEq(t.MustUpdate(kServices, without)["spec"]["clusterIP"], address, "clusterIP");
  t.ExpectEq(t.MustGet(kServices, "s")["spec"]["clusterIP"], address, "clusterIP at the end");
}

BEHAVIOUR("services/address/can-be-asked-for") {
  std::string address = AddressOf(t.MustCreate(kServices, Service("s", Web())));
  auto asking = [&](std::string_view name) { return Service(name, Web()).With({"spec", "clusterIP"}, address); };
  Refused(t, asking("early"), "spec.clusterIPs", "already allocated");
  // A server that dies between deleting and releasing leaves the address taken, until a repair.
  t.Once([&] {
    t.MustDelete(kServices, "s");
    t.Sleep(200ms);
  });
  t.Eventually("the address is given to who asks once it is free",
               [&] { return t.Create(kServices, asking("again")).ok(); });
  t.ExpectEq(t.MustGet(kServices, "again")["spec"]["clusterIP"], address, "clusterIP");
  Refused(t, asking("late"), "spec.clusterIPs", "already allocated");
}

BEHAVIOUR("services/address/lies-in-the-range") {
  Refused(t, Service("s", Web()).With({"spec", "clusterIP"}, "192.0.2.9"), "spec.clusterIPs", "not in the valid range");
  Refused(t, Service("s", Web()).With({"spec", "clusterIP"}, "no-address"), "spec.clusterIPs[0]");
}

BEHAVIOUR("services/headless/has-no-address") {
  Value service = t.MustCreate(kServices, Service("s", Web()).With({"spec", "clusterIP"}, "None"));
  t.ExpectEq(service["spec"]["clusterIP"], "None", "clusterIP");
  t.ExpectEq(service["spec"]["clusterIPs"], Arr({"None"}), "clusterIPs");
  t.Step("it needs no port");
  t.MustCreate(kServices, Service("portless", Web()).With({"spec", "clusterIP"}, "None").Without({"spec", "ports"}));
  Refused(t, Service("with-address", Web()).Without({"spec", "ports"}), "spec.ports");
  Refused(t, TypedService("n", "NodePort").With({"spec", "clusterIP"}, "None"), "spec.clusterIPs[0]");
}

BEHAVIOUR("services/external-name/has-no-address") {
  Value named = Obj({{"apiVersion", "v1"},
                     {"kind", "Service"},
                     {"metadata", Obj({{"name", "e"}})},
                     {"spec", Obj({{"type", "ExternalName"}, {"externalName", "db.example.com"}})}});
  Value service = t.MustCreate(kServices, named);
  t.Expect(service["spec"]["clusterIP"].empty(), "no clusterIP");
  Refused(t, named.With({"metadata", "name"}, "f").Without({"spec", "externalName"}), "spec.externalName");
}

BEHAVIOUR("services/node-port/comes-from-the-range") {
  std::set<int64_t> ports;
  for (int i = 0; i < 6; ++i) {
    Value service = t.MustCreate(kServices, TypedService("s-" + std::to_string(i), "NodePort"));
    int64_t port = NodePortOf(service).AsInt();
    t.Expect(port >= 30000 && port <= 32767, "the port is in 30000 to 32767, not " + std::to_string(port));
    t.Expect(!AddressOf(service).empty(), "it has a clusterIP too");
    ports.insert(port);
  }
  t.ExpectEq(ports.size(), size_t{6}, "number of distinct ports");
  Refused(t, WithPorts(TypedService("low", "NodePort"), {Obj({{"port", 80}, {"nodePort", 80}})}),
          "spec.ports[0].nodePort", "not in the valid range");
}

BEHAVIOUR("services/node-port/is-unique-and-given-back") {
  Value port = NodePortOf(t.MustCreate(kServices, TypedService("s", "NodePort")));
  auto asking = [&](std::string_view name) {
    return WithPorts(TypedService(name, "NodePort"), {Obj({{"port", 80}, {"nodePort", port}})});
  };
  Refused(t, asking("early"), "spec.ports[0].nodePort", "already allocated");
  t.Step("the type changes; the port is free");
  Value now;
  t.Once([&] {
    now = t.MustPatch(kServices, "s", client::PatchType::kMerge, Obj({{"spec", Obj({{"type", "ClusterIP"}})}}));
    // The release follows the answer.
    t.Sleep(200ms);
  });
  t.Expect(NodePortOf(now).AsInt() == 0, "a ClusterIP service has no node port");
  t.Eventually("the port is given to who asks", [&] { return t.Create(kServices, asking("again")).ok(); });
  t.ExpectEq(NodePortOf(t.MustGet(kServices, "again")), port, "nodePort");
}

BEHAVIOUR("services/node-port/stays-on-update") {
  Value port = NodePortOf(t.MustCreate(kServices, TypedService("s", "NodePort")));
  Value service = t.MustGet(kServices, "s");
  Value without = WithPorts(service, {service["spec"]["ports"][0].Without("nodePort")});
  t.ExpectEq(NodePortOf(t.MustUpdate(kServices, without)), port, "nodePort after an update without it");
}

BEHAVIOUR("services/ports/have-names-of-their-own") {
  auto port = [](const Value& name, int number) {
    Value p = Obj({{"port", number}});
    return name.is_null() ? p : p.With("name", name);
  };
  Refused(t, WithPorts(Service("s", Web()), {port(Value(), 80), port("b", 81)}), "spec.ports[0].name");
  Refused(t, WithPorts(Service("s", Web()), {port("a", 80), port("a", 81)}), "spec.ports[1].name");
  Refused(t, WithPorts(Service("s", Web()), {port("Not_A_Label", 80), port("b", 81)}), "spec.ports[0].name");
  t.MustCreate(kServices, WithPorts(Service("s", Web()), {port("a", 80), port("b", 81)}));
}

BEHAVIOUR("services/default/leads-to-the-apiserver") {
  auto at = [&](const client::Resource& resource) {
    return t.Must(t.GetAt({resource, "default", "kubernetes", ""}), "get " + resource.plural + " default/kubernetes");
  };
  Value service = at(kServices);
  t.ExpectEq(service["spec"]["type"], "ClusterIP", "type");
  t.Expect(!AddressOf(service).empty(), "it has a clusterIP");
  t.ExpectEq(service["spec"]["ports"][0]["name"], "https", "name of the port");
  t.ExpectEq(service["spec"]["ports"][0]["port"], 443, "port");
  t.Expect(service["spec"]["selector"].empty(), "it has no selector");
  Value endpoints;
  t.Eventually("its endpoints list an apiserver", [&] {
    endpoints = at(client::kEndpoints);
    return !endpoints["subsets"][0]["addresses"].empty();
  });
  t.ExpectEq(endpoints["subsets"][0]["ports"][0]["name"], "https", "name of their port");
}

}  // namespace kp::conformance
