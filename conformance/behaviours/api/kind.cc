// Every kind answers every verb; and Events, a kind that two groups serve.
#include <map>

#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::PatchType;
using client::Resource;

namespace {

const Resource kEventsOfGroup{"events.k8s.io", "v1", "events"};

Value Meta(std::string_view name) { return Obj({{"name", name}, {"labels", Obj({{"kp", "kind"}})}}); }

Value EventAbout(Context& t, std::string_view name, std::string_view reason) {
  Value about = Obj({{"kind", "ConfigMap"}, {"apiVersion", "v1"}, {"name", "a"}, {"namespace", t.ns()}});
  return Obj({{"metadata", Meta(name)},
              {"involvedObject", about},
              {"reason", reason},
              {"message", "it happened"},
              {"type", "Normal"}});
}

// A least object of each namespaced kind, none of which makes anything run.
std::vector<std::pair<Resource, Value>> Kinds(Context& t) {
  Value labels = Obj({{"kp", "kind"}});
  Value role = Obj({{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", "x"}});
  Value user = Obj({{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "User"}, {"name", "nobody"}});
  Value rule = Obj({{"apiGroups", Arr({""})}, {"resources", Arr({"pods"})}, {"verbs", Arr({"get"})}});
  return {
      {client::kConfigMaps, Obj({{"metadata", Meta("x")}})},
      {client::kSecrets, Obj({{"metadata", Meta("x")}})},
      {client::kServiceAccounts, Obj({{"metadata", Meta("x")}})},
      {client::kEndpoints, Obj({{"metadata", Meta("x")}})},
      {client::kEvents, EventAbout(t, "x", "Kind")},
      {client::kPods, WithLabels(Pod("x"), labels).With({"spec", "nodeSelector"}, Obj({{"no", "node"}}))},
      {client::kReplicaSets, ReplicaSet("x", 0, labels)},
      {client::kDeployments, Deployment("x", 0, labels)},
      {client::kEndpointSlices, Obj({{"metadata", Meta("x")}, {"addressType", "IPv4"}, {"endpoints", Arr({})}})},
      {client::kLeases, Obj({{"metadata", Meta("x")}, {"spec", Obj({{"holderIdentity", "me"}})}})},
      {client::kRoles, Obj({{"metadata", Meta("x")}, {"rules", Arr({rule})}})},
      {client::kRoleBindings, Obj({{"metadata", Meta("x")}, {"roleRef", role}, {"subjects", Arr({user})}})},
      // Last: controllers make objects of other kinds for it, under its name and with its labels.
      {client::kServices, WithLabels(Service("x", Obj({{"no", "pod"}})), labels)},
  };
}

void ServesEveryVerb(Context& t, const Resource& resource, const Value& object) {
  t.Step(resource.GroupVersion() + " " + resource.plural);
  std::string version = t.Must(t.List(resource), "list").At({"metadata", "resourceVersion"}).str();
  auto watch = t.Watch(resource, {.label_selector = "kp=kind", .resource_version = version});
  Value made = t.MustCreate(resource, object);
  t.ExpectEq(UidOf(t.MustGet(resource, "x")), UidOf(made), "get");
  t.ExpectEq(NamesOf(t.MustList(resource, {.label_selector = "kp=kind"})), "x", "list");
  Value patch = Obj({{"metadata", Obj({{"annotations", Obj({{"k", "1"}})}})}});
  t.ExpectEq(t.MustPatch(resource, "x", PatchType::kMerge, patch).At({"metadata", "annotations", "k"}), "1", "patch");
  t.Eventually("an update of the latest version is taken, whoever else writes", [&] {
    return t.Update(resource, t.MustGet(resource, "x").With({"metadata", "annotations", "k"}, "2")).ok();
  });
  t.ExpectEq(t.MustGet(resource, "x").At({"metadata", "annotations", "k"}), "2", "update");
  t.MustDelete(resource, "x", {.grace_period_seconds = 0});
  t.ExpectError(t.Get(resource, "x"), 404, "NotFound");
  t.MustCreate(resource, object);
  MustSend(t, "DELETE", PathTo(t, resource) + "?labelSelector=kp%3Dkind&gracePeriodSeconds=0", 200);
  t.ExpectEq(NamesOf(t.MustList(resource, {.label_selector = "kp=kind"})), "", "the list after deletecollection");
  std::string told;
  auto both = [&] {
    if (watch->ended()) watch = t.Watch(resource, {.label_selector = "kp=kind", .resource_version = version});
    told.clear();
    for (const WatchRecord& event : watch->events()) {
      if (event.type == client::EventType::kAdded) told += "+";
      if (event.type == client::EventType::kDeleted) told += "-";
    }
    return told == "+-+-";
  };
  try {
    t.Eventually("the watch told of both lives of " + resource.plural, both);
  } catch (TestEnd& end) {
    end.message += ", but: " + told;
    throw;
  }
}

}  // namespace

BEHAVIOUR("api/kind/serves-every-verb") {
  for (const auto& [resource, object] : Kinds(t)) ServesEveryVerb(t, resource, object);
}

BEHAVIOUR("api/event/one-object-in-two-groups") {
  t.MustCreate(client::kEvents, EventAbout(t, "e", "Tested"));
  Value other = t.MustGet(kEventsOfGroup, "e");
  t.ExpectEq(other["apiVersion"], "events.k8s.io/v1", "its version in the other group");
  t.ExpectEq(other["note"], "it happened", "message is note there");
  t.ExpectEq(other["regarding"]["name"], "a", "involvedObject is regarding there");
  t.ExpectEq(other["reason"], "Tested", "the reason");
  t.MustDelete(kEventsOfGroup, "e");
  t.ExpectError(t.Get(client::kEvents, "e"), 404, "NotFound");
}

BEHAVIOUR("api/event/selected-by-what-it-is-about") {
  t.MustCreate(client::kEvents, EventAbout(t, "one", "First"));
  t.MustCreate(client::kEvents, EventAbout(t, "two", "Second"));
  auto names = [&](const std::string& fields) {
    return NamesOf(t.MustList(client::kEvents, {.label_selector = "kp=kind", .field_selector = fields}));
  };
  t.ExpectEq(names("involvedObject.name=a,involvedObject.kind=ConfigMap"), "one two", "by object");
  t.ExpectEq(names("involvedObject.name=b"), "", "by another object");
  t.ExpectEq(names("reason=Second,type=Normal"), "two", "by reason and type");
}

BEHAVIOUR("api/event/lives-where-its-object-does") {
  Value event = EventAbout(t, "e", "Tested").With({"involvedObject", "namespace"}, "elsewhere");
  ExpectCause(t, t.MustFail(t.Create(client::kEvents, event), 422, "Invalid"), "involvedObject.namespace");
  t.ExpectError(t.Get(client::kEvents, "e"), 404, "NotFound");
}

}  // namespace kp::conformance
