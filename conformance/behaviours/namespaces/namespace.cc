// Namespaces: what each has from the start, and how one ends.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kNamespaces;
using client::kServiceAccounts;
using client::ObjectRef;
using client::PatchType;

namespace {

constexpr const char* kRootCa = "kube-root-ca.crt";

// Another namespace than the test's own.
std::string NewNamespace(Context& t) { return NameOf(t.MustCreate(kNamespaces, Named(t.UniqueName("kp-extra")))); }

Value Made(Context& t, const ObjectRef& ref, const Value& object) {
  return t.Must(t.CreateAt(ref, object), "create in " + ref.ns);
}

Value HeldMap() { return ConfigMap("held").With({"metadata", "finalizers"}, Arr({"kubeproof.test/hold"})); }

void Release(Context& t, const std::string& ns) {
  std::string path = client::PathOf({kConfigMaps, ns, "held", ""});
  Exchange answer =
      Send(t, "PATCH", path,
           {.content_type = "application/merge-patch+json", .body = R"({"metadata":{"finalizers":null}})"});
  // The object may be gone with an earlier try whose answer was lost.
  const bool done = answer.status == 200 || (answer.status == 404 && t.UnderFaults());
  t.Expect(done, "the finalizer is removed: " + answer.text);
}

void ExpectGone(Context& t, const std::string& ns) { t.EventuallyGone(kNamespaces, ns, 60s); }

}  // namespace

BEHAVIOUR("namespaces/content/default-account-is-made-and-remade") {
  Value account = t.EventuallyObject(kServiceAccounts, "default", "it is there", [](const Value&) { return true; });
  t.MustDelete(kServiceAccounts, "default");
  t.EventuallyObject(kServiceAccounts, "default", "it is there again",
                     [&](const Value& again) { return UidOf(again) != UidOf(account); });
}

BEHAVIOUR("namespaces/content/root-certificate-is-published-and-restored") {
  // Its form is left open: simulated clusters have certificates of their own.
  auto published = [](const Value& map) { return !map["data"]["ca.crt"].empty(); };
  Value map = t.EventuallyObject(kConfigMaps, kRootCa, "it holds a certificate", published);
  t.Step("spoil it");
  t.MustPatch(kConfigMaps, kRootCa, PatchType::kMerge, Obj({{"data", Obj({{"ca.crt", "spoilt"}})}}));
  t.EventuallyObject(kConfigMaps, kRootCa, "it is restored",
                     [&](const Value& now) { return now["data"] == map["data"]; });
  t.MustDelete(kConfigMaps, kRootCa);
  t.EventuallyObject(kConfigMaps, kRootCa, "it is there again",
                     [&](const Value& now) { return UidOf(now) != UidOf(map) && now["data"] == map["data"]; });
}

BEHAVIOUR("namespaces/meta/name-label-always-holds-the-name") {
  constexpr std::string_view kLabel = "kubernetes.io/metadata.name";
  std::string ns = NewNamespace(t);
  t.ExpectEq(t.MustGet(kNamespaces, ns).At({"metadata", "labels", kLabel}), ns, "the label");
  Value other = Obj({{"metadata", Obj({{"labels", Obj({{kLabel, "other"}, {"k", "v"}})}})}});
  Value changed = t.MustPatch(kNamespaces, ns, PatchType::kMerge, other);
  t.ExpectEq(changed.At({"metadata", "labels", kLabel}), ns, "the label after a change");
  t.ExpectEq(changed.At({"metadata", "labels", "k"}), "v", "another label");
  Value none = Obj({{"metadata", Obj({{"labels", Obj({{kLabel, nullptr}})}})}});
  t.ExpectEq(t.MustPatch(kNamespaces, ns, PatchType::kMerge, none).At({"metadata", "labels", kLabel}), ns,
             "the label after its removal");
}

BEHAVIOUR("namespaces/meta/starts-active-with-its-finalizer") {
  std::string ns = NewNamespace(t);
  Value object = t.MustGet(kNamespaces, ns);
  t.ExpectEq(object["status"]["phase"], "Active", "the phase");
  t.ExpectEq(object["spec"]["finalizers"], Arr({"kubernetes"}), "spec.finalizers");
  t.Step("only /finalize changes spec.finalizers");
  Value patched = t.MustPatch(kNamespaces, ns, PatchType::kMerge, Obj({{"spec", Obj({{"finalizers", Arr({})}})}}));
  t.ExpectEq(patched["spec"]["finalizers"], Arr({"kubernetes"}), "spec.finalizers after a patch");
}

BEHAVIOUR("namespaces/initial/exist-and-stay") {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    t.ExpectEq(t.MustGet(kNamespaces, name)["status"]["phase"], "Active", name);
  }
  for (const char* name : {"default", "kube-system", "kube-public"}) {
    std::string path = client::PathOf({kNamespaces, "", name, ""});
    // A dry run, so that a server that is wrong here is not harmed by the question.
    Exchange answer = MustSend(t, "DELETE", path + "?dryRun=All", 403);
    t.ExpectEq(answer.body["reason"], "Forbidden", "the reason");
    t.Expect(!IsTerminating(t.MustGet(kNamespaces, name)), "the namespace is as before");
  }
}

BEHAVIOUR("namespaces/delete/empties-it-and-it-goes") {
  std::string ns = NewNamespace(t);
  Made(t, {kConfigMaps, ns, "", ""}, ConfigMap("a"));
  Made(t, {client::kSecrets, ns, "", ""}, Named("b"));
  Made(t, {client::kServices, ns, "", ""}, Service("c", Obj({{"no", "pod"}})));
  Made(t, {client::kReplicaSets, ns, "", ""}, ReplicaSet("d", 0, Obj({{"app", "d"}})));
  Made(t, {client::kRoles, ns, "", ""}, Named("e"));
  Value answer = t.Must(t.Delete(kNamespaces, ns), "delete the namespace");
  if (answer["kind"].AsString() == "Namespace") {
    t.ExpectEq(answer["status"]["phase"], "Terminating", "the phase in the answer");
    t.Expect(IsTerminating(answer), "the answer has a deletionTimestamp");
  }
  ExpectGone(t, ns);
  t.Step("a namespace of the same name starts empty");
  t.MustCreate(kNamespaces, Named(ns));
  for (const ObjectRef& ref : std::initializer_list<ObjectRef>{{kConfigMaps, ns, "a", ""},
                                                               {client::kSecrets, ns, "b", ""},
                                                               {client::kServices, ns, "c", ""},
                                                               {client::kReplicaSets, ns, "d", ""},
                                                               {client::kRoles, ns, "e", ""}}) {
    t.ExpectError(t.GetAt(ref), 404, "NotFound");
  }
}

BEHAVIOUR("namespaces/delete/foreign-finalizer-holds-it") {
  std::string ns = NewNamespace(t);
  Made(t, {kConfigMaps, ns, "", ""}, HeldMap());
  Made(t, {kConfigMaps, ns, "", ""}, ConfigMap("free"));
  t.MustDelete(kNamespaces, ns);
  t.Eventually("what nothing holds is deleted", [&] { return !t.GetAt({kConfigMaps, ns, "free", ""}).ok(); });
  Value object = t.EventuallyObject(kNamespaces, ns, "a condition tells of what is left", [](const Value& now) {
    return HasCondition(now, "NamespaceContentRemaining", "True") &&
           HasCondition(now, "NamespaceFinalizersRemaining", "True");
  });
  std::string_view message = ConditionOf(object, "NamespaceFinalizersRemaining")["message"].AsString();
  t.Expect(message.find("kubeproof.test/hold") != std::string_view::npos,
           "the condition names the finalizer: " + std::string(message));
  t.ExpectEq(object["status"]["phase"], "Terminating", "the phase");
  t.Always(
      "it stays while the object is held", [&] { return t.Get(kNamespaces, ns).ok(); }, 1s);
  Release(t, ns);
  ExpectGone(t, ns);
}

BEHAVIOUR("namespaces/delete/takes-nothing-new") {
  std::string ns = NewNamespace(t);
  Made(t, {kConfigMaps, ns, "", ""}, HeldMap());
  t.MustDelete(kNamespaces, ns);
  api::ApiStatus status = t.MustFail(t.CreateAt({kConfigMaps, ns, "", ""}, ConfigMap("late")), 403, "Forbidden",
                                     "because it is being terminated");
  t.Expect(status.HasCause("NamespaceTerminating"), "the cause NamespaceTerminating: " + status.ToString());
  t.Step("changes of what is there still work");
  MustSend(t, "PATCH", client::PathOf({kConfigMaps, ns, "held", ""}), 200,
           {.content_type = "application/merge-patch+json", .body = R"({"data":{"k":"v"}})"});
  Release(t, ns);
  ExpectGone(t, ns);
}

}  // namespace kp::conformance
