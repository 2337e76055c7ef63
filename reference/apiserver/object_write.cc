#include "reference/apiserver/object_write.h"

#include "reference/api/object_rules.h"
#include "reference/apiserver/kinds/pod_spec.h"
#include "reference/apiserver/metadata_rules.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::FieldCauses;
using api::Value;

namespace {

void Append(FieldCauses& causes, FieldCauses more) {
  for (api::FieldCause& cause : more) causes.push_back(std::move(cause));
}

Value WithDefaults(const api::Kind& kind, const Value& object) {
  const Value filled = api::ApplyDefaults(kind, object);
  const KindHooks& hooks = HooksOf(kind);
  return hooks.defaults ? hooks.defaults(filled) : filled;
}

// What the target lets through of `object`.
Value TakeTarget(const api::Kind& kind, WriteTarget target, const Value& object, const Value& old) {
  switch (target) {
    case WriteTarget::kStatus: return api::TakeStatus(kind, object, old);
    case WriteTarget::kObject: return kind.HasStatus() ? api::KeepStatus(kind, object, old) : object;
    case WriteTarget::kEphemeralContainers: break;
  }
  const Value& containers = object["spec"]["ephemeralContainers"];
  return containers.empty() ? old : old.With({"spec", "ephemeralContainers"}, containers);
}

ApiStatus Invalid(const api::Kind& kind, const Value& object, FieldCauses causes) {
  return ApiStatus::Invalid(kind.gvk.group, kind.gvk.kind, object["metadata"]["name"].AsString(), std::move(causes));
}

}  // namespace

ApiStatus Preconditions::Check(const api::Kind& kind, const Value& current) const {
  const Value& meta = current["metadata"];
  const std::string_view name = meta["name"].AsString();
  if (KP_MUTANT("apiserver-ignores-preconditions")) return {};
  if (!uid.empty() && meta["uid"].AsString() != uid) {
    return ApiStatus::Conflict(
        kind.gvk.group, kind.plural, name,
        "Precondition failed: UID in precondition: " + uid + ", UID in object meta: " + meta["uid"].str());
  }
  if (!resource_version.empty() && meta["resourceVersion"].AsString() != resource_version) {
    return ApiStatus::Conflict(kind.gvk.group, kind.plural, name,
                               "Precondition failed: ResourceVersion in precondition: " + resource_version +
                                   ", ResourceVersion in object meta: " + meta["resourceVersion"].str());
  }
  return {};
}

ApiResult<Value> BuildNew(const HookContext& context, const api::Kind& kind, const Value& object) {
  const KindHooks& hooks = HooksOf(kind);
  Value built = StampNew(kind, object, *context.random, context.now);
  if (kind.HasStatus()) built = api::KeepStatus(kind, built, Value());
  if (hooks.prepare_create) built = hooks.prepare_create(context, built);
  built = WithDefaults(kind, built);
  if (hooks.admit_create) {
    ApiResult<Value> admitted = hooks.admit_create(context, built);
    if (!admitted.ok()) return admitted;
    built = std::move(*admitted);
  }
  FieldCauses causes = CheckMetadata(kind, built);
  Append(causes, api::Validate(kind, built));
  if (hooks.validate) Append(causes, hooks.validate(built));
  if (!causes.empty()) return Invalid(kind, built, std::move(causes));
  return built;
}

ApiResult<Value> BuildUpdate(const HookContext& context, const api::Kind& kind, WriteTarget target, const Value& object,
                             const Value& old) {
  const KindHooks& hooks = HooksOf(kind);
  const Value& meta = object["metadata"];
  const std::string_view name = old["metadata"]["name"].AsString();
  if (!meta["uid"].empty() && meta["uid"] != old["metadata"]["uid"]) {
    const Preconditions same{.uid = meta["uid"].str()};
    return same.Check(kind, old);
  }
  const Value& version = meta["resourceVersion"];
  if (!version.empty() && version != Value("0") && version != old["metadata"]["resourceVersion"] &&
      !KP_MUTANT("apiserver-ignores-resource-version")) {
    return ApiStatus::Conflict(kind.gvk.group, kind.plural, name);
  }
  if (version.empty() && (hooks.version_required || KP_MUTANT("apiserver-update-needs-version"))) {
    return Invalid(kind, old, {api::InvalidCause("metadata.resourceVersion", 0, "must be specified for an update")});
  }
  Value built = TakeTarget(kind, target, KeepIdentity(object, old), old);
  if (hooks.prepare_update && target == WriteTarget::kObject) built = hooks.prepare_update(context, built, old);
  built = WithDefaults(kind, built);
  if (hooks.admit_update && target == WriteTarget::kObject) {
    ApiResult<Value> admitted = hooks.admit_update(context, built, old);
    if (!admitted.ok()) return admitted;
    built = std::move(*admitted);
  }
  if (kind.has_generation && (api::SpecChanged(kind, built, old) || KP_MUTANT("apiserver-counts-every-write"))) {
    built = built.With({"metadata", "generation"}, old["metadata"]["generation"].AsInt() + 1);
  }
  FieldCauses causes = CheckMetadata(kind, built);
  Append(causes, CheckMetadataUpdate(built, old));
  Append(causes, api::Validate(kind, built));
  Append(causes, api::ValidateUpdate(kind, built, old));
  if (hooks.validate) Append(causes, hooks.validate(built));
  if (hooks.validate_update && target == WriteTarget::kObject) Append(causes, hooks.validate_update(built, old));
  if (target == WriteTarget::kEphemeralContainers) Append(causes, CheckEphemeralContainers(built, old));
  if (!causes.empty() && KP_MUTANT("apiserver-wrong-change-is-none")) return old;
  if (!causes.empty()) return Invalid(kind, built, std::move(causes));
  return built;
}

bool IsFinished(const api::Kind& kind, const Value& object) {
  const KindHooks& hooks = HooksOf(kind);
  const Value& meta = object["metadata"];
  if (meta["deletionTimestamp"].empty() || !meta["finalizers"].empty()) return false;
  if (hooks.held && hooks.held(object)) return false;
  return meta["deletionGracePeriodSeconds"].AsInt() == 0;
}

}  // namespace kp::apiserver
