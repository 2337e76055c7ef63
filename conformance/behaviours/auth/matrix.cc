// Every identity with every verb on every resource: what is denied is exactly what was not granted.
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/auth/grants.h"

namespace kp::conformance {

namespace {

using client::Resource;

struct Probe {
  std::string_view verb;
  std::string_view method;
  bool on_object;
  std::string_view body;
};

// Nothing here may change anything, so that the matrix may be walked in any order: the object does not exist,
// and the rest are dry runs.
constexpr Probe kProbes[] = {
    {"get", "GET", true, ""},
    {"list", "GET", false, ""},
    {"watch", "GET", false, ""},
    {"create", "POST", false, R"({"metadata":{"name":"UPPER"}})"},
    {"update", "PUT", true, R"({"metadata":{"name":"none","resourceVersion":"1"}})"},
    {"patch", "PATCH", true, "{}"},
    {"delete", "DELETE", true, ""},
    {"deletecollection", "DELETE", false, ""},
};

const std::vector<Resource>& Resources() {
  static const auto* list = new std::vector<Resource>{
      client::kPods,        client::kServices,    client::kConfigMaps, client::kSecrets, client::kServiceAccounts,
      client::kReplicaSets, client::kDeployments, client::kLeases,     client::kRoles,   client::kRoleBindings};
  return *list;
}

struct Actor {
  std::string user;
  std::set<std::string> verbs;
  std::set<std::string> resources;

  bool May(std::string_view verb, const Resource& resource) const {
    return verbs.contains(std::string(verb)) && resources.contains(resource.plural);
  }
};

int Ask(Context& t, const Probe& probe, const Resource& resource) {
  std::string target = PathTo(t, resource, probe.on_object ? "none" : "");
  if (probe.verb == "watch") target += "?watch=true&timeoutSeconds=1&resourceVersion=not-a-version";
  if (probe.method != "GET") target += "?dryRun=All";
  ExchangeOptions options{.body = std::string(probe.body)};
  if (!probe.body.empty()) options.content_type = "application/json";
  if (probe.verb == "patch") options.content_type = "application/merge-patch+json";
  return Send(t, std::string(probe.method), target, options).status;
}

Value ArrayOf(const std::set<std::string>& texts) {
  return Value::Array(std::vector<Value>(texts.begin(), texts.end()));
}

}  // namespace

BEHAVIOUR("auth/rbac/denies-exactly-what-was-not-granted") {
  std::vector<Actor> actors = {
      {NewUser(t, "nobody"), {}, {}},
      {NewUser(t, "reader"), {"get", "list", "watch"}, {"pods", "configmaps", "deployments"}},
      {NewUser(t, "writer"), {"create", "update", "patch"}, {"secrets", "services"}},
      {NewUser(t, "sweeper"), {"delete", "deletecollection"}, {"leases", "replicasets", "serviceaccounts"}},
  };
  for (const Actor& actor : actors) {
    if (actor.verbs.empty()) continue;
    Value rule = Obj({{"verbs", ArrayOf(actor.verbs)},
                      {"apiGroups", Arr({"", "apps", "coordination.k8s.io"})},
                      {"resources", ArrayOf(actor.resources)}});
    Grant(t, actor.user, actor.user, Arr({rule}));
  }
  AwaitMayGet(t, actors[1].user, {client::kPods, t.ns(), "none", ""}, true, "the policy has arrived");
  size_t denials = 0;
  for (const Actor& actor : actors) {
    t.Step("as " + actor.user);
    t.As({.user = actor.user}, [&] {
      for (const Resource& resource : Resources()) {
        for (const Probe& probe : kProbes) {
          bool may = actor.May(probe.verb, resource);
          std::string what = actor.user + " " + std::string(probe.verb) + " " + resource.plural;
          // A grant reaches the server's caches within moments; what was never granted is denied from the start.
          if (may) {
            t.Eventually(
                "not denied: " + what, [&] { return Ask(t, probe, resource) != 403; }, 10s);
          } else {
            t.ExpectEq(Ask(t, probe, resource), 403, what);
          }
          denials += !may;
        }
      }
    });
  }
  t.Expect(denials >= 100, "at least 100 denials: " + std::to_string(denials));
}

}  // namespace kp::conformance
