// What any object says about itself: metadata, with apiVersion and kind beside it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/time.h"

namespace kp::api {

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;

  static OwnerReference Of(const Value& value);
  // To `owner`, as its controller (controller and blockOwnerDeletion true).
  static OwnerReference ToController(const Value& owner);
  Value ToValue() const;
  bool operator==(const OwnerReference&) const = default;
};

// Reads `object` (not its metadata); holds a copy, so it may outlive it. Texts live as long as it does.
class MetaView {
 public:
  explicit MetaView(Value object) : object_(std::move(object)) {}

  const Value& object() const { return object_; }
  std::string_view ApiVersion() const { return object_["apiVersion"].AsString(); }
  std::string_view Kind() const { return object_["kind"].AsString(); }

  std::string_view Name() const { return Text("name"); }
  std::string_view GenerateName() const { return Text("generateName"); }
  std::string_view Namespace() const { return Text("namespace"); }
  std::string_view Uid() const { return Text("uid"); }
  std::string_view ResourceVersion() const { return Text("resourceVersion"); }
  int64_t Generation() const { return meta()["generation"].AsInt(); }
  // Objects of strings, or null.
  const Value& Labels() const { return meta()["labels"]; }
  const Value& Annotations() const { return meta()["annotations"]; }
  std::string_view Label(std::string_view key) const { return Labels()[key].AsString(); }
  std::string_view Annotation(std::string_view key) const { return Annotations()[key].AsString(); }

  std::optional<WallTime> CreationTimestamp() const { return Instant("creationTimestamp"); }
  std::optional<WallTime> DeletionTimestamp() const { return Instant("deletionTimestamp"); }
  bool IsBeingDeleted() const { return !meta()["deletionTimestamp"].empty(); }
  std::optional<int64_t> DeletionGracePeriodSeconds() const;

  std::vector<std::string> Finalizers() const;
  bool HasFinalizer(std::string_view finalizer) const;
  std::vector<OwnerReference> OwnerReferences() const;
  // The owner reference with `controller: true`.
  std::optional<OwnerReference> ControllerOf() const;
  bool IsControlledBy(std::string_view uid) const;
  // "default/web", or "web" where there is no namespace.
  std::string NamespacedName() const;

 private:
  const Value& meta() const { return object_["metadata"]; }
  std::string_view Text(std::string_view key) const { return meta()[key].AsString(); }
  std::optional<WallTime> Instant(std::string_view key) const;

  Value object_;
};

}  // namespace kp::api
