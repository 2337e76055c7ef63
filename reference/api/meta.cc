#include "reference/api/meta.h"

namespace kp::api {

OwnerReference OwnerReference::Of(const Value& value) {
  return {.api_version = value["apiVersion"].str(),
          .kind = value["kind"].str(),
          .name = value["name"].str(),
          .uid = value["uid"].str(),
          .controller = value["controller"].AsBool(),
          .block_owner_deletion = value["blockOwnerDeletion"].AsBool()};
}

OwnerReference OwnerReference::ToController(const Value& owner) {
  MetaView meta(owner);
  return {.api_version = std::string(meta.ApiVersion()),
          .kind = std::string(meta.Kind()),
          .name = std::string(meta.Name()),
          .uid = std::string(meta.Uid()),
          .controller = true,
          .block_owner_deletion = true};
}

Value OwnerReference::ToValue() const {
  std::vector<Member> members = {{"apiVersion", api_version}, {"kind", kind}, {"name", name}, {"uid", uid}};
  if (controller) members.push_back({"controller", true});
  if (block_owner_deletion) members.push_back({"blockOwnerDeletion", true});
  return Value::Object(std::move(members));
}

std::optional<WallTime> MetaView::Instant(std::string_view key) const {
  Result<WallTime> time = ParseRfc3339(Text(key));
  if (!time.ok()) return std::nullopt;
  return *time;
}

std::optional<int64_t> MetaView::DeletionGracePeriodSeconds() const {
  const Value& seconds = meta()["deletionGracePeriodSeconds"];
  if (!seconds.is_int()) return std::nullopt;
  return seconds.AsInt();
}

std::vector<std::string> MetaView::Finalizers() const {
  std::vector<std::string> finalizers;
  for (const Value& finalizer : meta()["finalizers"].items()) finalizers.push_back(finalizer.str());
  return finalizers;
}

bool MetaView::HasFinalizer(std::string_view finalizer) const {
  for (const Value& item : meta()["finalizers"].items()) {
    if (item.AsString() == finalizer) return true;
  }
  return false;
}

std::vector<OwnerReference> MetaView::OwnerReferences() const {
  std::vector<OwnerReference> owners;
  for (const Value& owner : meta()["ownerReferences"].items()) owners.push_back(OwnerReference::Of(owner));
  return owners;
}

std::optional<OwnerReference> MetaView::ControllerOf() const {
  for (const Value& owner : meta()["ownerReferences"].items()) {
    if (owner["controller"].AsBool()) return OwnerReference::Of(owner);
  }
  return std::nullopt;
}

bool MetaView::IsControlledBy(std::string_view uid) const {
  for (const Value& owner : meta()["ownerReferences"].items()) {
    if (owner["controller"].AsBool()) return owner["uid"].AsString() == uid;
  }
  return false;
}

std::string MetaView::NamespacedName() const {
  std::string name(Name());
  return Namespace().empty() ? name : std::string(Namespace()) + "/" + name;
}

}  // namespace kp::api
