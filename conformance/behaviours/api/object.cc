// Create, read and replace: what holds for objects of every kind.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kLeases;
using client::kReplicaSets;
using client::kServices;
using client::PatchType;

namespace {

Value Data(std::string_view value) { return Obj({{"k", value}}); }

Value Lease(std::string_view name, std::string_view holder) {
  return Obj({{"apiVersion", "coordination.k8s.io/v1"},
              {"kind", "Lease"},
              {"metadata", Obj({{"name", name}})},
              {"spec", Obj({{"holderIdentity", holder}, {"leaseDurationSeconds", 15}})}});
}

}  // namespace

BEHAVIOUR("api/object/create-conflicts-on-a-taken-name") {
  Value made = t.MustCreate(kConfigMaps, ConfigMap("a", Data("1")));
  t.Expect(!UidOf(made).empty() && !VersionOf(made).empty(), "the server gives uid and resourceVersion");
  t.ExpectEq(made.At({"metadata", "namespace"}), t.ns(), "the object's namespace");
  t.ExpectEq(t.MustGet(kConfigMaps, "a"), made, "the object read back");
  t.Once([&] {
    api::ApiStatus status = t.MustFail(t.Create(kConfigMaps, ConfigMap("a", Data("2"))), 409, "AlreadyExists");
    t.Expect(status.name() == "a" && status.kind() == "configmaps", "details name the object: " + status.ToString());
  });
  t.ExpectEq(t.MustGet(kConfigMaps, "a"), made, "the object after the refused create");
}

BEHAVIOUR("api/object/create-answers-201") {
  // A dry run may be repeated, so this holds under faults, too.
  std::string path = PathTo(t, kConfigMaps) + "?dryRun=All";
  Exchange made = MustSend(t, "POST", path, 201,
                           {.content_type = "application/json",
                            .body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})"});
  t.ExpectEq(made.body["kind"], "ConfigMap", "the answer's kind");
  t.ExpectEq(made.body["apiVersion"], "v1", "the answer's version");
}

BEHAVIOUR("api/object/create-in-a-missing-namespace-is-404") {
  std::string missing = t.UniqueName("kp-none");
  t.ExpectError(t.CreateAt({kConfigMaps, missing, "", ""}, ConfigMap("a")), 404, "NotFound",
                "namespaces \"" + missing + "\" not found");
}

BEHAVIOUR("api/object/missing-object-is-404") {
  api::ApiStatus status = t.MustFail(t.Get(kConfigMaps, "none"), 404, "NotFound", "configmaps \"none\" not found");
  t.Expect(status.name() == "none" && status.kind() == "configmaps", "details name the object");
  t.ExpectError(t.Update(kConfigMaps, ConfigMap("none")), 404, "NotFound");
  t.ExpectError(t.Patch(kConfigMaps, "none", PatchType::kMerge, Obj({{"data", Data("1")}})), 404, "NotFound");
  t.ExpectError(t.Get(kConfigMaps, "none"), 404, "NotFound");
}

BEHAVIOUR("api/object/update-creates-where-the-kind-allows-it") {
  Value made = t.Must(t.Update(kLeases, Lease("lock", "me")), "PUT of a Lease that is not there");
  t.Expect(!UidOf(made).empty(), "the Lease was created");
  t.ExpectEq(t.MustGet(kLeases, "lock").At({"spec", "holderIdentity"}), "me", "the holder");
}

BEHAVIOUR("api/object/some-kinds-refuse-update-without-version") {
  t.MustCreate(kLeases, Lease("lock", "me"));
  api::ApiStatus status = t.MustFail(t.Update(kLeases, Lease("lock", "you")), 422, "Invalid");
  ExpectCause(t, status, "metadata.resourceVersion");
  t.ExpectEq(t.MustGet(kLeases, "lock").At({"spec", "holderIdentity"}), "me", "the holder");
}

BEHAVIOUR("api/object/stale-update-conflicts-and-changes-nothing") {
  Value first = t.MustCreate(kConfigMaps, ConfigMap("a", Data("1")));
  Value second = t.MustUpdate(kConfigMaps, first.With("data", Data("2")));
  t.Expect(VersionOf(second) != VersionOf(first), "the update made a new version");
  t.Step("update with the first version");
  t.ExpectError(t.Update(kConfigMaps, first.With("data", Data("3"))), 409, "Conflict", "the object has been modified");
  t.ExpectEq(t.MustGet(kConfigMaps, "a")["data"], Data("2"), "data after the stale update");
}

BEHAVIOUR("api/object/stale-patch-conflicts-and-changes-nothing") {
  Value first = t.MustCreate(kConfigMaps, ConfigMap("a", Data("1")));
  t.MustUpdate(kConfigMaps, first.With("data", Data("2")));
  Value patch = Obj({{"metadata", Obj({{"resourceVersion", VersionOf(first)}})}, {"data", Data("3")}});
  t.ExpectError(t.Patch(kConfigMaps, "a", PatchType::kMerge, patch), 409, "Conflict");
  t.ExpectEq(t.MustGet(kConfigMaps, "a")["data"], Data("2"), "data after the stale patch");
}

BEHAVIOUR("api/object/update-without-version-is-unconditional") {
  Value first = t.MustCreate(kConfigMaps, ConfigMap("a", Data("1")));
  t.MustUpdate(kConfigMaps, first.With("data", Data("2")));
  t.MustUpdate(kConfigMaps, ConfigMap("a", Data("3")));
  Value last = t.MustGet(kConfigMaps, "a");
  t.ExpectEq(last["data"], Data("3"), "data after the unconditional update");
  t.ExpectEq(UidOf(last), UidOf(first), "the uid");
}

BEHAVIOUR("api/object/uid-and-creation-time-never-change") {
  Value made = t.MustCreate(kConfigMaps, ConfigMap("a"));
  std::string created = made.At({"metadata", "creationTimestamp"}).str();
  t.Expect(created.size() == 20 && created[10] == 'T' && created.back() == 'Z',
           "creationTimestamp is RFC 3339 in whole seconds, UTC: " + created);
  Value other = made.With({"metadata", "uid"}, "11111111-2222-3333-4444-555555555555").With("data", Data("1"));
  t.ExpectError(t.Update(kConfigMaps, other), 409, "Conflict");
  Value older = made.With({"metadata", "creationTimestamp"}, "2001-01-01T00:00:00Z").With("data", Data("2"));
  Value now = t.MustUpdate(kConfigMaps, older);
  t.ExpectEq(UidOf(now), UidOf(made), "the uid");
  t.ExpectEq(now.At({"metadata", "creationTimestamp"}), created, "creationTimestamp");
  t.ExpectEq(now["data"], Data("2"), "data");
}

BEHAVIOUR("api/object/recreated-object-has-another-uid") {
  Value first = t.MustCreate(kConfigMaps, ConfigMap("a"));
  t.MustDelete(kConfigMaps, "a");
  Value second = t.MustCreate(kConfigMaps, ConfigMap("a"));
  t.Expect(UidOf(first) != UidOf(second), "the uid of the second object of this name is another");
}

BEHAVIOUR("api/object/no-op-update-keeps-the-version") {
  Value made = t.MustCreate(kConfigMaps, ConfigMap("a", Data("1")));
  Value patch = Obj({{"data", Data("1")}});
  t.ExpectEq(VersionOf(t.MustPatch(kConfigMaps, "a", PatchType::kMerge, patch)), VersionOf(made),
             "resourceVersion after a patch that changes nothing");
  t.Once([&] {
    t.ExpectEq(VersionOf(t.Must(t.Update(kConfigMaps, made), "update")), VersionOf(made),
               "resourceVersion after an update that changes nothing");
  });
  Value changed = t.MustPatch(kConfigMaps, "a", PatchType::kMerge, Obj({{"data", Data("2")}}));
  t.Expect(VersionOf(changed) != VersionOf(made), "a change gives a new resourceVersion");
}

BEHAVIOUR("api/object/generation-counts-changes-of-the-spec") {
  Value set = ReplicaSet("web", 0, Obj({{"app", "web"}}));
  t.ExpectEq(t.MustCreate(kReplicaSets, set).At({"metadata", "generation"}), 1, "the first generation");
  Value labelled =
      t.MustPatch(kReplicaSets, "web", PatchType::kMerge, Obj({{"metadata", Obj({{"labels", Obj({{"x", "y"}})}})}}));
  t.ExpectEq(labelled.At({"metadata", "generation"}), 1, "generation after a label");
  Value scaled = t.MustPatch(kReplicaSets, "web", PatchType::kMerge, Obj({{"spec", Obj({{"minReadySeconds", 1}})}}));
  t.ExpectEq(scaled.At({"metadata", "generation"}), 2, "generation after a change of the spec");
  Value status = t.Must(t.Patch(kReplicaSets, "web", PatchType::kMerge,
                                Obj({{"status", Obj({{"observedGeneration", 2}, {"replicas", 0}})}}), "status"),
                        "write the status");
  t.ExpectEq(status.At({"metadata", "generation"}), 2, "generation after a change of the status");
  Value asked = t.MustPatch(kReplicaSets, "web", PatchType::kMerge, Obj({{"metadata", Obj({{"generation", 9}})}}));
  t.ExpectEq(asked.At({"metadata", "generation"}), 2, "generation after a client asked for another");
}

BEHAVIOUR("api/object/defaults-are-filled-in") {
  Value service = t.MustCreate(kServices, Service("web", Obj({{"app", "web"}})));
  const Value& spec = service["spec"];
  t.ExpectEq(spec["type"], "ClusterIP", "the Service's type");
  t.ExpectEq(spec["sessionAffinity"], "None", "its session affinity");
  t.ExpectEq(spec["ports"][0]["targetPort"], 80, "its target port");
  Value set =
      t.MustCreate(kReplicaSets, ReplicaSet("web", 0, Obj({{"app", "web"}}))
                                     .Without({"spec", "replicas"})
                                     .With({"spec", "template", "spec", "nodeSelector"}, Obj({{"no", "node"}})));
  t.ExpectEq(set.At({"spec", "replicas"}), 1, "the ReplicaSet's replicas");
  const Value& pod = set.At({"spec", "template", "spec"});
  t.ExpectEq(pod["restartPolicy"], "Always", "the pod's restart policy");
  t.ExpectEq(pod["dnsPolicy"], "ClusterFirst", "its DNS policy");
  t.ExpectEq(pod["schedulerName"], "default-scheduler", "its scheduler");
}

BEHAVIOUR("api/object/invalid-ones-are-refused-with-their-fields") {
  Value pod = Pod("a").Without({"spec", "containers"});
  ExpectCause(t, t.MustFail(t.Create(client::kPods, pod), 422, "Invalid"), "spec.containers", "FieldValueRequired");
  Value service = Service("a", Obj({{"app", "web"}}), 70000);
  ExpectCause(t, t.MustFail(t.Create(kServices, service), 422, "Invalid"), "spec.ports[0].port", "FieldValueInvalid");
  Value odd = Service("a", Obj({{"app", "web"}})).With({"spec", "type"}, "Odd");
  ExpectCause(t, t.MustFail(t.Create(kServices, odd), 422, "Invalid"), "spec.type", "FieldValueNotSupported");
  t.ExpectError(t.Get(client::kPods, "a"), 404, "NotFound");
  t.ExpectError(t.Get(kServices, "a"), 404, "NotFound");
}

}  // namespace kp::conformance
