// Deletion: at once, held by finalizers, guarded by preconditions, of many.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::PatchType;

namespace {

constexpr std::string_view kFinalizer = "kubeproof.test/hold";

Value Held(std::string_view name) { return ConfigMap(name).With({"metadata", "finalizers"}, Arr({kFinalizer})); }

Value OfFinalizers(const Value& finalizers) { return Obj({{"metadata", Obj({{"finalizers", finalizers}})}}); }

}  // namespace

BEHAVIOUR("api/delete/answers-success-then-404") {
  Value made = t.MustCreate(kConfigMaps, ConfigMap("a"));
  t.Once([&] {
    Value status = t.Must(t.Delete(kConfigMaps, "a"), "delete");
    t.ExpectEq(status["kind"], "Status", "the answer's kind");
    t.ExpectEq(status["status"], "Success", "the answer's status");
    t.ExpectEq(status["details"]["name"], "a", "details.name");
    t.ExpectEq(status["details"]["uid"], UidOf(made), "details.uid");
    t.ExpectError(t.Delete(kConfigMaps, "a"), 404, "NotFound");
  });
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
}

BEHAVIOUR("api/delete/preconditions-must-hold") {
  Value made = t.MustCreate(kConfigMaps, ConfigMap("a"));
  t.ExpectError(t.Delete(kConfigMaps, "a", {.precondition_uid = "11111111-2222-3333-4444-555555555555"}), 409,
                "Conflict", "UID in precondition");
  Value changed = t.MustPatch(kConfigMaps, "a", PatchType::kMerge, Obj({{"data", Obj({{"k", "v"}})}}));
  t.ExpectError(t.Delete(kConfigMaps, "a", {.precondition_resource_version = VersionOf(made)}), 409, "Conflict");
  t.ExpectEq(t.MustGet(kConfigMaps, "a"), changed, "the object after the refused deletes");
  t.MustDelete(kConfigMaps, "a",
               {.precondition_uid = UidOf(made), .precondition_resource_version = VersionOf(changed)});
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
}

BEHAVIOUR("api/delete/finalizer-holds-the-object") {
  Value made = t.MustCreate(kConfigMaps, Held("a"));
  Value answer = t.Must(t.Delete(kConfigMaps, "a"), "delete");
  t.ExpectEq(UidOf(answer), UidOf(made), "the answer is the object as it waits");
  Value waiting = t.MustGet(kConfigMaps, "a");
  t.Expect(IsTerminating(waiting), "it has a deletionTimestamp");
  t.Step("it can still be changed");
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, Obj({{"data", Obj({{"k", "v"}})}}));
  t.ExpectError(t.Create(kConfigMaps, ConfigMap("a")), 409, "AlreadyExists");
  t.Step("take the finalizer away");
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfFinalizers(nullptr));
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
}

BEHAVIOUR("api/delete/goes-on-once-begun") {
  t.MustCreate(kConfigMaps, Held("a"));
  t.MustDelete(kConfigMaps, "a");
  std::string since = t.MustGet(kConfigMaps, "a").At({"metadata", "deletionTimestamp"}).str();
  t.Step("no finalizer may be added");
  api::ApiStatus status =
      t.MustFail(t.Patch(kConfigMaps, "a", PatchType::kMerge, OfFinalizers(Arr({kFinalizer, "kubeproof.test/more"}))),
                 422, "Invalid");
  ExpectCause(t, status, "metadata.finalizers", "FieldValueForbidden");
  t.Step("the deletion cannot be taken back");
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, Obj({{"metadata", Obj({{"deletionTimestamp", nullptr}})}}));
  t.MustDelete(kConfigMaps, "a");
  t.ExpectEq(t.MustGet(kConfigMaps, "a").At({"metadata", "deletionTimestamp"}), since, "deletionTimestamp");
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfFinalizers(nullptr));
}

BEHAVIOUR("api/delete/collection-honours-its-selector") {
  for (const char* name : {"a", "b"}) t.MustCreate(kConfigMaps, WithLabels(ConfigMap(name), Obj({{"kp", "go"}})));
  t.MustCreate(kConfigMaps, WithLabels(Held("held"), Obj({{"kp", "go"}})));
  t.MustCreate(kConfigMaps, WithLabels(ConfigMap("c"), Obj({{"kp", "stay"}})));
  MustSend(t, "DELETE", PathTo(t, kConfigMaps) + "?labelSelector=kp%3Dgo", 200);
  t.ExpectEq(NamesOf(t.MustList(kConfigMaps, {.label_selector = "kp"})), "c held", "what is left");
  t.Expect(IsTerminating(t.MustGet(kConfigMaps, "held")), "what a finalizer holds is being deleted");
  t.Expect(!IsTerminating(t.MustGet(kConfigMaps, "c")), "what is not selected lives");
  t.MustPatch(kConfigMaps, "held", PatchType::kMerge, OfFinalizers(nullptr));
  MustSend(t, "DELETE", PathTo(t, kConfigMaps) + "?fieldSelector=metadata.name%3Dc", 200);
  t.ExpectEq(NamesOf(t.MustList(kConfigMaps, {.label_selector = "kp"})), "", "what is left");
}

}  // namespace kp::conformance
