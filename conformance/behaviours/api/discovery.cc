// What the server says about itself: groups, resources, schemas, version, health.
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"
#include "reference/base/strings.h"

namespace kp::conformance {

namespace {

std::set<std::string> Texts(const Value& list) {
  std::set<std::string> out;
  for (const Value& item : list.items()) out.insert(item.str());
  return out;
}

const Value& Named(const Value& list, std::string_view key, std::string_view name) {
  for (const Value& item : list.items()) {
    if (item[key].AsString() == name) return item;
  }
  static const auto* null = new Value();
  return *null;
}

constexpr const char* kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

}  // namespace

BEHAVIOUR("api/discovery/lists-versions-groups-and-resources") {
  Value core = MustSend(t, "GET", "/api", 200).body;
  t.ExpectEq(core["kind"], "APIVersions", "kind of /api");
  t.Expect(Texts(core["versions"]).contains("v1"), "/api names v1");
  Value groups = MustSend(t, "GET", "/apis", 200).body;
  t.ExpectEq(groups["kind"], "APIGroupList", "kind of /apis");
  for (const char* group : {"apps", "rbac.authorization.k8s.io", "coordination.k8s.io", "discovery.k8s.io"}) {
    const Value& found = Named(groups["groups"], "name", group);
    std::string version = std::string(group) + "/v1";
    t.ExpectEq(found["preferredVersion"]["groupVersion"], version, "preferred version of " + std::string(group));
    t.ExpectEq(MustSend(t, "GET", "/apis/" + std::string(group), 200).body["name"], group, "the group's document");
  }
  Value list = MustSend(t, "GET", "/api/v1", 200).body;
  t.ExpectEq(list["kind"], "APIResourceList", "kind of /api/v1");
  const Value& pods = Named(list["resources"], "name", "pods");
  t.ExpectEq(pods["kind"], "Pod", "the kind of pods");
  t.ExpectEq(pods["namespaced"], true, "pods are namespaced");
  t.ExpectEq(pods["singularName"], "pod", "their singular name");
  t.Expect(Texts(pods["shortNames"]).contains("po"), "their short name");
  t.Expect(Texts(pods["categories"]).contains("all"), "their category");
  t.ExpectEq(Named(list["resources"], "name", "nodes")["namespaced"], false, "nodes are not namespaced");
  t.Expect(Texts(Named(list["resources"], "name", "pods/status")["verbs"]).contains("patch"), "pods/status");
  Value apps = MustSend(t, "GET", "/apis/apps/v1", 200).body;
  const Value& scale = Named(apps["resources"], "name", "deployments/scale");
  t.ExpectEq(scale["kind"], "Scale", "the kind of deployments/scale");
  t.ExpectEq(scale["group"], "autoscaling", "its group");
}

BEHAVIOUR("api/discovery/aggregated-in-two-documents") {
  for (const char* path : {"/api", "/apis"}) {
    Exchange answer = MustSend(t, "GET", path, 200, {.accept = kAggregated});
    t.ExpectEq(answer.body["kind"], "APIGroupDiscoveryList", "the kind");
    t.ExpectEq(answer.body["apiVersion"], "apidiscovery.k8s.io/v2", "its version");
    t.Expect(answer.headers.Get("content-type").find("as=APIGroupDiscoveryList") != std::string_view::npos,
             "the content type names the form");
    t.Expect(!answer.headers.Get("etag").empty(), "the document has an etag");
  }
  Value groups = MustSend(t, "GET", "/apis", 200, {.accept = kAggregated}).body;
  const Value* apps = nullptr;
  for (const Value& group : groups["items"].items()) {
    if (NameOf(group) == "apps") apps = &group;
  }
  if (!apps) t.Fail("no group apps");
  const Value& version = (*apps)["versions"][0];
  t.ExpectEq(version["version"], "v1", "the version of apps");
  const Value& deployments = Named(version["resources"], "resource", "deployments");
  t.ExpectEq(deployments["responseKind"]["kind"], "Deployment", "the kind of deployments");
  t.ExpectEq(deployments["scope"], "Namespaced", "their scope");
  t.Expect(!Named(deployments["subresources"], "subresource", "scale").is_null(), "their subresource scale");
}

BEHAVIOUR("api/discovery/openapi-index-leads-to-schemas") {
  Value index = MustSend(t, "GET", "/openapi/v3", 200).body;
  for (const char* path : {"api/v1", "apis/apps/v1"}) {
    std::string url = index["paths"][path]["serverRelativeURL"].str();
    std::string stem = "/openapi/v3/" + std::string(path) + "?hash=";
    t.Expect(url.starts_with(stem) && url.size() > stem.size(), "the index has " + std::string(path));
    Value document = MustSend(t, "GET", url, 200).body;
    t.Expect(document["openapi"].AsString().starts_with("3."), "the version of OpenAPI");
    bool core = std::string_view(path) == "api/v1";
    std::string schema = core ? "io.k8s.api.core.v1.Pod" : "io.k8s.api.apps.v1.Deployment";
    const Value& found = document["components"]["schemas"][schema];
    t.Expect(found["properties"].Has("spec"), "the schema " + schema);
    const Value& gvk = found["x-kubernetes-group-version-kind"][0];
    t.ExpectEq(gvk["kind"], core ? "Pod" : "Deployment", "the kind that the schema describes");
  }
}

BEHAVIOUR("api/server/health") {
  for (const char* path : {"/healthz", "/livez", "/readyz", "/livez/ping", "/readyz/ping"}) {
    t.ExpectEq(MustSend(t, "GET", path, 200, {.accept = "*/*"}).text, "ok", path);
  }
  std::string verbose = MustSend(t, "GET", "/readyz?verbose", 200, {.accept = "*/*"}).text;
  t.Expect(verbose.find("[+]ping ok\n") != std::string::npos, "the checks one by one: " + verbose);
  t.Expect(verbose.find("readyz check passed") != std::string::npos, "the sum: " + verbose);
  std::string fewer = MustSend(t, "GET", "/readyz?verbose&exclude=ping", 200, {.accept = "*/*"}).text;
  t.Expect(fewer.find("[+]ping ok\n") == std::string::npos, "a check that was excluded: " + fewer);
  MustSend(t, "GET", "/livez/no-such-check", 404, {.accept = "*/*"});
}

BEHAVIOUR("api/server/version") {
  Value version = MustSend(t, "GET", "/version", 200).body;
  t.ExpectEq(version["major"], "1", "major");
  std::string minor = version["minor"].str();
  // Some vendors append a sign, as "32+".
  while (!minor.empty() && minor.back() == '+') minor.pop_back();
  t.Expect(ParseInt(minor).value_or(0) >= 20, "minor is a number: " + minor);
  std::string prefix = "v1." + minor + ".";
  t.Expect(version["gitVersion"].AsString().starts_with(prefix), "gitVersion fits: " + version["gitVersion"].str());
}

}  // namespace kp::conformance
