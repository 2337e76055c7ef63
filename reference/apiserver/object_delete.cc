#include "reference/apiserver/object_delete.h"

#include <algorithm>
#include <vector>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

constexpr std::string_view kOrphanFinalizer = "orphan";
constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";

ApiResult<Propagation> ParsePropagation(std::string_view text) {
  if (text.empty()) return Propagation::kDefault;
  if (text == "Orphan") return Propagation::kOrphan;
  if (text == "Background") return Propagation::kBackground;
  if (text == "Foreground") return Propagation::kForeground;
  return ApiStatus::Invalid(
      "meta.k8s.io", "DeleteOptions", "",
      {api::NotSupportedCause("propagationPolicy", Value(text), {"Background", "Foreground", "Orphan"})});
}

// The finalizers that stand for a propagation come and go with the options; kDefault leaves them.
Value WithPropagation(const Value& object, Propagation propagation) {
  if (propagation == Propagation::kDefault) return object;
  std::vector<Value> finalizers;
  for (const Value& finalizer : object["metadata"]["finalizers"].items()) {
    if (finalizer != Value(kOrphanFinalizer) && finalizer != Value(kForegroundFinalizer))
      finalizers.push_back(finalizer);
  }
  if (propagation == Propagation::kOrphan) finalizers.emplace_back(kOrphanFinalizer);
  if (propagation == Propagation::kForeground) finalizers.emplace_back(kForegroundFinalizer);
  if (finalizers.empty()) return object.Without({"metadata", "finalizers"});
  return object.With({"metadata", "finalizers"}, Value::Array(std::move(finalizers)));
}

Value Marked(const KindHooks& hooks, const Value& object, WallTime now, int64_t grace) {
  Value meta = object["metadata"];
  meta = meta.With("deletionTimestamp", FormatRfc3339(now + std::chrono::seconds(grace)));
  meta = meta.With("deletionGracePeriodSeconds", grace);
  if (meta["generation"].AsInt() > 0) meta = meta.With("generation", meta["generation"].AsInt() + 1);
  const Value marked = object.With("metadata", meta);
  return hooks.mark_deleting ? hooks.mark_deleting(marked) : marked;
}

// A deletion that is under way can only be hastened.
Value Hastened(const Value& object, int64_t grace) {
  const Value& meta = object["metadata"];
  const Result<WallTime> deadline = ParseRfc3339(meta["deletionTimestamp"].AsString());
  const int64_t before = meta["deletionGracePeriodSeconds"].AsInt();
  if (!deadline.ok() || grace >= before) return object;
  const WallTime sooner = *deadline - std::chrono::seconds(before - grace);
  return object.With({"metadata", "deletionTimestamp"}, FormatRfc3339(sooner))
      .With({"metadata", "deletionGracePeriodSeconds"}, grace);
}

}  // namespace

ApiResult<DeleteOptions> DeleteOptions::Parse(const transport::HttpRequest& request, const Value& body) {
  DeleteOptions options;
  const std::string_view grace = request.Query("gracePeriodSeconds");
  if (body["gracePeriodSeconds"].is_int())
    options.grace_seconds = body["gracePeriodSeconds"].AsInt();
  else if (!grace.empty())
    options.grace_seconds = ParseInt(grace);
  const std::string_view policy =
      body["propagationPolicy"].empty() ? request.Query("propagationPolicy") : body["propagationPolicy"].AsString();
  ApiResult<Propagation> propagation = ParsePropagation(policy);
  if (!propagation.ok()) return propagation.error();
  options.propagation = *propagation;
  const std::string_view orphan = request.Query("orphanDependents");
  if (body["orphanDependents"].is_bool() || !orphan.empty()) {
    if (options.propagation != Propagation::kDefault) {
      return ApiStatus::Invalid("meta.k8s.io", "DeleteOptions", "",
                                {api::InvalidCause("propagationPolicy", Value(policy),
                                                   "orphanDependents and deletionPropagation cannot be both set")});
    }
    const bool set = body["orphanDependents"].is_bool() ? body["orphanDependents"].AsBool() : Lower(orphan) == "true";
    options.propagation = set ? Propagation::kOrphan : Propagation::kBackground;
  }
  options.preconditions.uid = body["preconditions"]["uid"].str();
  options.preconditions.resource_version = body["preconditions"]["resourceVersion"].str();
  options.dry_run = request.Query("dryRun") == "All" || body["dryRun"][0].AsString() == "All";
  return options;
}

ApiResult<Decision> DecideDelete(const HookContext& context, const api::Kind& kind, const DeleteOptions& options,
                                 const Value& current) {
  const KindHooks& hooks = HooksOf(kind);
  if (ApiStatus status = options.preconditions.Check(kind, current); !status.ok()) return status;
  if (hooks.admit_delete) {
    if (ApiStatus status = hooks.admit_delete(context, current); !status.ok()) return status;
  }
  const bool marked = !current["metadata"]["deletionTimestamp"].empty();
  const int64_t grace = hooks.grace_seconds ? hooks.grace_seconds(current, options.grace_seconds) : 0;
  Value object = WithPropagation(current, options.propagation);
  if (!marked) {
    object = Marked(hooks, object, context.now, grace);
  } else if (hooks.grace_seconds && options.grace_seconds) {
    object = Hastened(object, grace);
  }
  const bool kept = !object["metadata"]["finalizers"].empty() || (hooks.held && hooks.held(object));
  const bool waits = object["metadata"]["deletionGracePeriodSeconds"].AsInt() > 0;
  if ((!kept && !waits) || KP_MUTANT("apiserver-skips-finalizers")) return Decision::Delete(current);
  return Decision::Write(object);
}

}  // namespace kp::apiserver
