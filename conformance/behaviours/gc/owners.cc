// Garbage collection: what happens to dependents when their owner is deleted.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kReplicaSets;
using client::kSecrets;
using client::PatchType;
using client::Propagation;

namespace {

Value OwnedBy(const Value& owner, bool blocks = false) {
  Value reference = Obj(
      {{"apiVersion", owner["apiVersion"]}, {"kind", owner["kind"]}, {"name", NameOf(owner)}, {"uid", UidOf(owner)}});
  return blocks ? reference.With("blockOwnerDeletion", true) : reference;
}

Value WithOwners(const Value& object, const Value& owners) {
  return object.With({"metadata", "ownerReferences"}, owners);
}

// An object of a kind that dependents may name as their owner.
Value Owner(Context& t, std::string_view name) { return t.MustCreate(kConfigMaps, ConfigMap(name)); }

Value Dependent(Context& t, std::string_view name, const Value& owners) {
  return t.MustCreate(kSecrets, WithOwners(Named(name), owners));
}

void ExpectStays(Context& t, const std::string& name) {
  t.Always(
      "secrets/" + name + " stays",
      [&] {
        auto secret = t.Get(kSecrets, name);
        return secret.ok() && !IsTerminating(*secret);
      },
      2s);
}

}  // namespace

BEHAVIOUR("gc/delete/background-takes-dependents") {
  Value owner = Owner(t, "owner");
  Value middle = t.MustCreate(kConfigMaps, WithOwners(ConfigMap("middle"), Arr({OwnedBy(owner)})));
  Dependent(t, "leaf", Arr({OwnedBy(middle)}));
  Dependent(t, "free", Arr({}));
  t.MustDelete(kConfigMaps, "owner", {.propagation = Propagation::kBackground});
  t.ExpectError(t.Get(kConfigMaps, "owner"), 404, "NotFound");
  t.EventuallyGone(kConfigMaps, "middle");
  t.EventuallyGone(kSecrets, "leaf");
  t.Expect(t.Get(kSecrets, "free").ok(), "what has no owner stays");
}

BEHAVIOUR("gc/delete/background-is-the-default") {
  Value set = t.MustCreate(kReplicaSets, ReplicaSet("web", 0, Obj({{"app", "web"}})));
  Dependent(t, "leaf", Arr({OwnedBy(set)}));
  t.MustDelete(kReplicaSets, "web");
  t.EventuallyGone(kReplicaSets, "web");
  t.EventuallyGone(kSecrets, "leaf");
}

BEHAVIOUR("gc/delete/foreground-waits-for-dependents") {
  Value owner = Owner(t, "owner");
  Value held = Named("leaf").With({"metadata", "finalizers"}, Arr({"kubeproof.test/hold"}));
  t.MustCreate(kSecrets, WithOwners(held, Arr({OwnedBy(owner, true)})));
  Value answer = t.Must(t.Delete(kConfigMaps, "owner", {.propagation = Propagation::kForeground}), "delete");
  t.ExpectEq(answer.At({"metadata", "finalizers"}), Arr({"foregroundDeletion"}), "finalizers in the answer");
  t.EventuallyObject(kSecrets, "leaf", "the dependent is being deleted", IsTerminating);
  t.Always(
      "the owner waits", [&] { return t.Get(kConfigMaps, "owner").ok(); }, 2s);
  t.Expect(IsTerminating(t.MustGet(kConfigMaps, "owner")), "the owner has a deletionTimestamp");
  t.MustPatch(kSecrets, "leaf", PatchType::kMerge, Obj({{"metadata", Obj({{"finalizers", nullptr}})}}));
  t.EventuallyGone(kSecrets, "leaf");
  t.EventuallyGone(kConfigMaps, "owner");
}

BEHAVIOUR("gc/delete/foreground-waits-for-blocking-dependents-only") {
  Value owner = Owner(t, "owner");
  Value held = Named("leaf").With({"metadata", "finalizers"}, Arr({"kubeproof.test/hold"}));
  t.MustCreate(kSecrets, WithOwners(held, Arr({OwnedBy(owner)})));
  t.MustDelete(kConfigMaps, "owner", {.propagation = Propagation::kForeground});
  t.EventuallyGone(kConfigMaps, "owner");
  t.EventuallyObject(kSecrets, "leaf", "the dependent is being deleted", IsTerminating);
  t.MustPatch(kSecrets, "leaf", PatchType::kMerge, Obj({{"metadata", Obj({{"finalizers", nullptr}})}}));
}

BEHAVIOUR("gc/delete/orphan-leaves-dependents") {
  Value owner = Owner(t, "owner");
  Value leaf = Dependent(t, "leaf", Arr({OwnedBy(owner)}));
  t.MustDelete(kConfigMaps, "owner", {.propagation = Propagation::kOrphan});
  t.EventuallyGone(kConfigMaps, "owner");
  Value now = t.MustGet(kSecrets, "leaf");
  t.ExpectEq(UidOf(now), UidOf(leaf), "the dependent's uid");
  t.Expect(now.At({"metadata", "ownerReferences"}).empty(), "the reference to the owner is gone");
  ExpectStays(t, "leaf");
}

BEHAVIOUR("gc/owner/another-living-owner-keeps-the-dependent") {
  Value one = Owner(t, "one");
  Value two = Owner(t, "two");
  Dependent(t, "leaf", Arr({OwnedBy(one), OwnedBy(two)}));
  t.MustDelete(kConfigMaps, "one", {.propagation = Propagation::kBackground});
  Value leaf = t.EventuallyObject(kSecrets, "leaf", "only the living owner is left", [](const Value& secret) {
    return secret.At({"metadata", "ownerReferences"}).size() == 1;
  });
  t.ExpectEq(leaf.At({"metadata", "ownerReferences"})[0]["uid"], UidOf(two), "the owner that is left");
  ExpectStays(t, "leaf");
  t.MustDelete(kConfigMaps, "two", {.propagation = Propagation::kBackground});
  t.EventuallyGone(kSecrets, "leaf");
}

BEHAVIOUR("gc/owner/another-uid-is-another-owner") {
  Value owner = Owner(t, "owner");
  Value wrong = OwnedBy(owner).With("uid", "11111111-2222-3333-4444-555555555555");
  Dependent(t, "stray", Arr({wrong}));
  Dependent(t, "leaf", Arr({OwnedBy(owner)}));
  t.EventuallyGone(kSecrets, "stray");
  ExpectStays(t, "leaf");
}

BEHAVIOUR("gc/owner/counts-in-its-own-namespace-only") {
  std::string other = NameOf(t.MustCreate(client::kNamespaces, Named(t.UniqueName("kp-other"))));
  Value owner = t.Must(t.CreateAt({kConfigMaps, other, "", ""}, ConfigMap("owner")), "create elsewhere");
  Dependent(t, "leaf", Arr({OwnedBy(owner)}));
  t.EventuallyGone(kSecrets, "leaf");
  t.Expect(t.GetAt({kConfigMaps, other, "owner", ""}).ok(), "the owner in the other namespace lives");
}

}  // namespace kp::conformance
