#include "reference/apiserver/metadata_rules.h"

#include <algorithm>

#include "reference/api/names.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

namespace {

using NameCheck = api::NameErrors (*)(std::string_view);

NameCheck NameCheckOf(const api::Kind& kind) {
  if (kind.gvk.group == "rbac.authorization.k8s.io") return api::CheckPathSegment;
  if (kind.gvk.kind == "Namespace") return api::CheckDns1123Label;
  if (kind.gvk.kind == "Service") return api::CheckDns1035Label;
  return api::CheckDns1123Subdomain;
}

void CheckName(const api::Kind& kind, const Value& meta, FieldCauses& causes) {
  const NameCheck check = NameCheckOf(kind);
  const std::string prefix = meta["generateName"].str();
  if (!prefix.empty()) {
    for (const std::string& error : check(api::MaskTrailingDash(prefix))) {
      causes.push_back(api::InvalidCause("metadata.generateName", prefix, error));
    }
  }
  if (meta["name"].empty()) {
    causes.push_back(api::RequiredCause("metadata.name", "name or generateName is required"));
    return;
  }
  if (KP_MUTANT("apiserver-takes-any-name")) return;
  for (const std::string& error : check(meta["name"].AsString())) {
    causes.push_back(api::InvalidCause("metadata.name", meta["name"], error));
  }
}

void CheckLabels(const Value& labels, FieldCauses& causes) {
  if (KP_MUTANT("apiserver-takes-any-label")) return;
  for (const api::Member& label : labels.members()) {
    for (const std::string& error : api::CheckQualifiedName(label.key.text())) {
      causes.push_back(api::InvalidCause("metadata.labels", Value(label.key.text()), error));
    }
    for (const std::string& error : api::CheckLabelValue(label.value.AsString())) {
      causes.push_back(api::InvalidCause("metadata.labels", label.value, error));
    }
  }
}

void CheckAnnotations(const Value& annotations, FieldCauses& causes) {
  size_t total = 0;
  for (const api::Member& annotation : annotations.members()) {
    total += annotation.key.text().size() + annotation.value.AsString().size();
    std::string key(annotation.key.text());
    std::transform(key.begin(), key.end(), key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    for (const std::string& error : api::CheckQualifiedName(key)) {
      causes.push_back(api::InvalidCause("metadata.annotations", Value(annotation.key.text()), error));
    }
  }
  if (total > api::kMaxAnnotationBytes) {
    causes.push_back(api::TooLongCause("metadata.annotations", static_cast<int64_t>(api::kMaxAnnotationBytes)));
  }
}

void CheckOwners(const Value& owners, FieldCauses& causes) {
  bool controller = false;
  for (size_t i = 0; i < owners.size(); ++i) {
    const std::string path = api::IndexPath("metadata.ownerReferences", i);
    const Value& owner = owners[i];
    for (std::string_view field : {"apiVersion", "kind", "name", "uid"}) {
      if (owner[field].empty()) {
        causes.push_back(api::InvalidCause(api::ChildPath(path, field), "", std::string(field) + " must not be empty"));
      }
    }
    if (owner["controller"].AsBool() && std::exchange(controller, true)) {
      causes.push_back(
          api::InvalidCause("metadata.ownerReferences", owners, "Only one reference can have Controller set to true"));
    }
  }
}

bool HasItem(const Value& list, const Value& item) {
  return std::any_of(list.items().begin(), list.items().end(), [&](const Value& held) { return held == item; });
}

}  // namespace

Value StampNew(const api::Kind& kind, const Value& object, Random& random, WallTime now) {
  Value meta = object["metadata"].is_object() ? object["metadata"] : Value::EmptyObject();
  for (std::string_view key :
       {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "managedFields"}) {
    meta = meta.Without(key);
  }
  meta = meta.With("uid", KP_MUTANT("apiserver-uid-is-the-name") ? meta["name"] : Value(random.Uuid()))
             .With("creationTimestamp", FormatRfc3339(now));
  meta = kind.has_generation ? meta.With("generation", 1) : meta.Without("generation");
  return object.With("metadata", meta);
}

Value GenerateName(const Value& object, Random& random) {
  std::string base = object["metadata"]["generateName"].str();
  if (base.size() > api::kMaxGenerateNameBase && !KP_MUTANT("apiserver-generated-name-not-cut"))
    base.resize(api::kMaxGenerateNameBase);
  return object.With({"metadata", "name"}, base + random.NameSuffix(5));
}

Value KeepIdentity(const Value& object, const Value& old) {
  if (KP_MUTANT("apiserver-trusts-client-metadata")) return object;
  Value meta = object["metadata"];
  for (std::string_view key :
       {"uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"}) {
    const Value& kept = old["metadata"][key];
    meta = kept.is_null() ? meta.Without(key) : meta.With(key, kept);
  }
  // Field ownership is not tracked, so what a client believes of it is not kept.
  return object.With("metadata", meta.Without("selfLink").Without("managedFields"));
}

FieldCauses CheckMetadata(const api::Kind& kind, const Value& object) {
  FieldCauses causes;
  const Value& meta = object["metadata"];
  CheckName(kind, meta, causes);
  if (kind.namespaced && meta["namespace"].empty()) causes.push_back(api::RequiredCause("metadata.namespace"));
  CheckLabels(meta["labels"], causes);
  CheckAnnotations(meta["annotations"], causes);
  CheckOwners(meta["ownerReferences"], causes);
  for (size_t i = 0; i < meta["finalizers"].size(); ++i) {
    const Value& finalizer = meta["finalizers"][i];
    for (const std::string& error : api::CheckQualifiedName(finalizer.AsString())) {
      causes.push_back(api::InvalidCause("metadata.finalizers", finalizer, error));
    }
  }
  return causes;
}

FieldCauses CheckMetadataUpdate(const Value& object, const Value& old) {
  FieldCauses causes;
  const Value& meta = object["metadata"];
  if (old["metadata"]["deletionTimestamp"].empty() || KP_MUTANT("apiserver-late-finalizers")) return causes;
  for (const Value& finalizer : meta["finalizers"].items()) {
    if (HasItem(old["metadata"]["finalizers"], finalizer)) continue;
    causes.push_back(api::ForbiddenCause(
        "metadata.finalizers",
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{\"" +
            finalizer.str() + "\"}"));
  }
  return causes;
}

}  // namespace kp::apiserver
