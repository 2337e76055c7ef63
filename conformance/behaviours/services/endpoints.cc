// Endpoints and endpoint slices follow pods.
#include <algorithm>
#include <map>
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

using client::kEndpoints;
using client::kEndpointSlices;
using client::kPods;
using client::kServices;

namespace {

const Value& Web() {
  static const auto* labels = new Value(Obj({{"app", "web"}}));
  return *labels;
}

std::vector<Value> SlicesOf(Context& t, std::string_view service) {
  return t.MustList(kEndpointSlices, {.label_selector = "kubernetes.io/service-name=" + std::string(service)});
}

struct Told {
  Value slice;
  Value endpoint;
};

// Where the service's slices tell a pod; nulls when they do not. A service may have more slices than that one,
// in any order, while pods and ports change.
Told ToldOf(Context& t, std::string_view service, std::string_view pod) {
  for (const Value& slice : SlicesOf(t, service)) {
    for (const Value& endpoint : slice["endpoints"].items()) {
      if (endpoint["targetRef"]["name"].AsString() == pod) return {slice, endpoint};
    }
  }
  return {};
}

Value EndpointOf(Context& t, std::string_view service, std::string_view pod) {
  return ToldOf(t, service, pod).endpoint;
}

struct State {
  bool ready;
  bool serving;
  bool terminating;
};

void AwaitEndpoint(Context& t, std::string_view pod, State state, const std::string& what) {
  t.Eventually(what, [&] {
    Value endpoint = EndpointOf(t, "s", pod);
    const Value& conditions = endpoint["conditions"];
    return !endpoint.is_null() && conditions["ready"].AsBool() == state.ready &&
           conditions["serving"].AsBool() == state.serving && conditions["terminating"].AsBool() == state.terminating;
  });
}

std::set<std::string> Addresses(const Value& endpoints, std::string_view list) {
  std::set<std::string> addresses;
  for (const Value& subset : endpoints["subsets"].items()) {
    for (const Value& address : subset[list].items()) addresses.insert(address["ip"].str());
  }
  return addresses;
}

// Listens nowhere; the number is what the slice tells.
Value WithNamedPort(const Value& pod, std::string_view name, int number) {
  Value port = Obj({{"name", name}, {"containerPort", number}});
  return pod.With({"spec", "containers"}, Arr({pod["spec"]["containers"][0].With("ports", Arr({port}))}));
}

}  // namespace

BEHAVIOUR("services/slices/tell-whose-they-are") {
  Value service = t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("p", Web()));
  Value pod = AwaitReadyPod(t, "p");
  AwaitEndpoint(t, "p", {true, true, false}, "the pod is a ready endpoint");
  auto [slice, endpoint] = ToldOf(t, "s", "p");
  t.ExpectEq(slice["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"], "endpointslice-controller.k8s.io",
             "the manager");
  t.ExpectEq(ControllerOf(slice)["uid"], UidOf(service), "the owner's uid");
  t.ExpectEq(slice["addressType"], "IPv4", "addressType");
  t.ExpectEq(endpoint["addresses"], Arr({pod["status"]["podIP"]}), "the endpoint's addresses");
  t.ExpectEq(endpoint["nodeName"], pod["spec"]["nodeName"], "the endpoint's node");
  t.ExpectEq(endpoint["targetRef"]["uid"], UidOf(pod), "the endpoint's pod");
  t.ExpectEq(slice["ports"][0]["port"], 80, "port");
  t.ExpectEq(slice["ports"][0]["protocol"], "TCP", "protocol");
}

BEHAVIOUR("services/slices/follow-readiness") {
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("good", Web(), {"stubborn"}));
  t.MustCreate(kPods, WithProbe(Pod("bad", Web()), "readinessProbe", "false", 1));
  AwaitEndpoint(t, "good", {true, true, false}, "the ready pod is ready and serving");
  AwaitEndpoint(t, "bad", {false, false, false}, "the other one is neither");
  t.Step("the ready pod is deleted, and takes its time");
  client::DeleteOptions slowly;
  slowly.grace_period_seconds = 60;
  t.MustDelete(kPods, "good", slowly);
  AwaitEndpoint(t, "good", {false, true, true}, "it is terminating and serves, and does not count as ready");
  client::DeleteOptions now;
  now.grace_period_seconds = 0;
  t.MustDelete(kPods, "good", now);
  t.Eventually("it is no endpoint any more", [&] { return EndpointOf(t, "s", "good").is_null(); });
}

BEHAVIOUR("services/slices/can-publish-unready-pods") {
  t.MustCreate(kServices, Service("s", Web()).With({"spec", "publishNotReadyAddresses"}, true));
  t.MustCreate(kPods, WithProbe(Pod("bad", Web()), "readinessProbe", "false", 1));
  AwaitEndpoint(t, "bad", {true, false, false}, "the pod counts as ready, and does not serve");
}

BEHAVIOUR("services/slices/leave-out-ended-pods") {
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("runs", Web()));
  t.MustCreate(kPods, WithPolicy(Pod("ends", Web(), {"exit", "0", "--after=500ms"}), "Never"));
  AwaitEndpoint(t, "runs", {true, true, false}, "the running pod is an endpoint");
  AwaitPhase(t, "ends", "Succeeded");
  t.Eventually("the ended pod is none", [&] { return EndpointOf(t, "s", "ends").is_null(); });
  t.Expect(!EndpointOf(t, "s", "runs").is_null(), "the running one still is");
}

BEHAVIOUR("services/slices/follow-labels") {
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("p", Obj({{"app", "other"}})));
  AwaitReadyPod(t, "p");
  t.Expect(EndpointOf(t, "s", "p").is_null(), "a pod with other labels is no endpoint");
  auto label = [&](std::string_view app) {
    t.MustPatch(kPods, "p", client::PatchType::kMerge, Obj({{"metadata", Obj({{"labels", Obj({{"app", app}})}})}}));
  };
  label("web");
  AwaitEndpoint(t, "p", {true, true, false}, "it is one with the service's labels");
  label("other");
  t.Eventually("it is none again", [&] { return EndpointOf(t, "s", "p").is_null(); });
  t.Step("the selector changes");
  t.MustPatch(kServices, "s", client::PatchType::kMerge, Obj({{"spec", Obj({{"selector", Obj({{"app", "other"}})}})}}));
  AwaitEndpoint(t, "p", {true, true, false}, "it is one by the new selector");
}

BEHAVIOUR("services/slices/resolve-named-ports-pod-by-pod") {
  Value port = Obj({{"name", "main"}, {"port", 80}, {"targetPort", "http"}});
  t.MustCreate(kServices, Service("s", Web()).With({"spec", "ports"}, Arr({port})));
  t.MustCreate(kPods, WithNamedPort(Pod("a", Web()), "http", 8080));
  t.MustCreate(kPods, WithNamedPort(Pod("b", Web()), "http", 9090));
  t.MustCreate(kPods, WithNamedPort(Pod("c", Web()), "metrics", 7070));
  for (const char* pod : {"a", "b", "c"}) AwaitReadyPod(t, pod);
  t.Eventually("each pod's own number is told", [&] {
    std::map<std::string, int64_t> numbers;
    for (const Value& slice : SlicesOf(t, "s")) {
      for (const Value& endpoint : slice["endpoints"].items()) {
        numbers[endpoint["targetRef"]["name"].str()] = slice["ports"][0]["port"].AsInt();
        if (!slice["ports"].empty() && slice["ports"][0]["name"].AsString() != "main") return false;
      }
    }
    return numbers["a"] == 8080 && numbers["b"] == 9090 && numbers["c"] == 0;
  });
}

BEHAVIOUR("services/slices/none-without-selector") {
  t.MustCreate(kServices, Service("bare", Value()));
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("p", Web()));
  AwaitEndpoint(t, "p", {true, true, false}, "the other service has its endpoint");
  t.Expect(SlicesOf(t, "bare").empty(), "the service without selector has no slice");
  t.ExpectError(t.Get(kEndpoints, "bare"), 404, "NotFound");
  t.Step("endpoints that somebody makes stay");
  Value address = Obj({{"ip", "192.0.2.7"}});
  Value subset = Obj({{"addresses", Arr({address})}, {"ports", Arr({Obj({{"port", 80}})})}});
  t.MustCreate(kEndpoints, Obj({{"apiVersion", "v1"},
                                {"kind", "Endpoints"},
                                {"metadata", Obj({{"name", "bare"}})},
                                {"subsets", Arr({subset})}}));
  t.Always(
      "they are as they were made",
      [&] { return Addresses(t.MustGet(kEndpoints, "bare"), "addresses") == std::set<std::string>{"192.0.2.7"}; }, 1s);
}

BEHAVIOUR("services/slices/of-a-service-without-pods") {
  t.MustCreate(kServices, Service("s", Web()));
  t.Eventually("there is one slice without endpoints", [&] {
    std::vector<Value> slices = SlicesOf(t, "s");
    return slices.size() == 1 && slices[0]["endpoints"].empty();
  });
}

BEHAVIOUR("services/slices/go-with-the-service") {
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("p", Web()));
  AwaitEndpoint(t, "p", {true, true, false}, "the pod is an endpoint");
  t.EventuallyObject(kEndpoints, "s", "the Endpoints are there", [](const Value&) { return true; });
  t.MustDelete(kServices, "s");
  t.Eventually("its slices are gone", [&] { return SlicesOf(t, "s").empty(); });
  t.EventuallyGone(kEndpoints, "s");
}

BEHAVIOUR("services/slices/edits-are-undone") {
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("p", Web()));
  AwaitEndpoint(t, "p", {true, true, false}, "the pod is an endpoint");
  t.MustPatch(kEndpointSlices, NameOf(ToldOf(t, "s", "p").slice), client::PatchType::kMerge,
              Obj({{"endpoints", Value::EmptyArray()}}));
  AwaitEndpoint(t, "p", {true, true, false}, "the pod is an endpoint again");
  t.Step("a deleted slice is made anew");
  t.MustDelete(kEndpointSlices, NameOf(ToldOf(t, "s", "p").slice));
  AwaitEndpoint(t, "p", {true, true, false}, "the pod is an endpoint again");
}

BEHAVIOUR("services/endpoints/list-ready-and-unready-pods") {
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("good", Web()));
  t.MustCreate(kPods, WithProbe(Pod("bad", Web()), "readinessProbe", "false", 1));
  std::string good = AwaitReadyPod(t, "good")["status"]["podIP"].str();
  std::string bad = t.EventuallyObject(kPods, "bad", "it has an address",
                                       [](const Value& p) { return !p["status"]["podIP"].empty(); })["status"]["podIP"]
                        .str();
  Value endpoints = t.EventuallyObject(kEndpoints, "s", "both addresses are told", [&](const Value& e) {
    return Addresses(e, "addresses") == std::set{good} && Addresses(e, "notReadyAddresses") == std::set{bad};
  });
  t.ExpectEq(endpoints["subsets"][0]["ports"][0]["port"], 80, "port");
  t.ExpectEq(endpoints["subsets"][0]["addresses"][0]["targetRef"]["name"], "good", "the pod of the address");
}

BEHAVIOUR("services/endpoints/edits-are-undone") {
  t.MustCreate(kServices, Service("s", Web()));
  t.MustCreate(kPods, Pod("p", Web()));
  std::string address = AwaitReadyPod(t, "p")["status"]["podIP"].str();
  auto listed = [&](const Value& e) { return Addresses(e, "addresses") == std::set{address}; };
  t.EventuallyObject(kEndpoints, "s", "the pod's address is told", listed);
  Value subset = Obj({{"addresses", Arr({Obj({{"ip", "192.0.2.7"}})})}, {"ports", Arr({Obj({{"port", 80}})})}});
  t.MustPatch(kEndpoints, "s", client::PatchType::kMerge, Obj({{"subsets", Arr({subset})}}));
  t.EventuallyObject(kEndpoints, "s", "the pod's address is told again", listed);
}

BEHAVIOUR("services/headless/is-marked-in-its-slices") {
  t.MustCreate(kServices, Service("s", Web()).With({"spec", "clusterIP"}, "None"));
  t.MustCreate(kServices, Service("v", Web()));
  auto mark = [&](std::string_view service) {
    std::vector<Value> slices = SlicesOf(t, service);
    return !slices.empty() && slices[0]["metadata"]["labels"].Has("service.kubernetes.io/headless");
  };
  t.Eventually("both have a slice", [&] { return !SlicesOf(t, "s").empty() && !SlicesOf(t, "v").empty(); });
  t.Expect(mark("s"), "the headless one's slice is marked");
  t.Expect(!mark("v"), "the other one's is not");
}

}  // namespace kp::conformance
