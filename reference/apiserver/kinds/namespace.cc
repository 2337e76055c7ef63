// A namespace is held by spec.finalizers until the namespace controller has emptied it.
#include "reference/apiserver/kinds/all.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiStatus;
using api::Value;

namespace {

constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";

Value WithNameLabel(const Value& object) {
  if (KP_MUTANT("apiserver-no-name-label")) return object;
  return object.With({"metadata", "labels", kNameLabel}, object["metadata"]["name"]);
}

Value PrepareCreate(const HookContext&, const Value& object) {
  const Value& finalizers = object["spec"]["finalizers"];
  Value out = object.With({"status", "phase"}, "Active");
  for (const Value& finalizer : finalizers.items()) {
    if (finalizer == Value("kubernetes")) return out;
  }
  return out.With({"spec", "finalizers"}, finalizers.Append("kubernetes"));
}

// Only /finalize changes spec.finalizers.
Value PrepareUpdate(const HookContext&, const Value& object, const Value& old) {
  if (KP_MUTANT("namespace-finalizers-are-free")) return object;
  return old["spec"].is_null() ? object.Without("spec") : object.With("spec", old["spec"]);
}

ApiStatus AdmitDelete(const HookContext&, const Value& object) {
  const std::string_view name = object["metadata"]["name"].AsString();
  if (KP_MUTANT("apiserver-deletes-initial-namespaces")) return {};
  if (name == "default" || name == "kube-system" || name == "kube-public") {
    return ApiStatus::Forbidden("", "namespaces", name, "this namespace may not be deleted");
  }
  return {};
}

bool Held(const Value& object) { return !object["spec"]["finalizers"].empty(); }

Value MarkDeleting(const Value& object) { return object.With({"status", "phase"}, "Terminating"); }

}  // namespace

KindHooks NamespaceHooks() {
  return {.defaults = WithNameLabel,
          .prepare_create = PrepareCreate,
          .prepare_update = PrepareUpdate,
          .admit_delete = AdmitDelete,
          .held = Held,
          .mark_deleting = MarkDeleting};
}

}  // namespace kp::apiserver
