#include "reference/controllers/owner.h"

#include <algorithm>

#include "reference/base/mutant.h"

namespace kp::controllers {

using api::Obj;
using api::Value;

Value OwnerReferenceTo(const Value& owner) {
  return Obj({{"apiVersion", owner["apiVersion"]},
              {"kind", owner["kind"]},
              {"name", owner.At({"metadata", "name"})},
              {"uid", owner.At({"metadata", "uid"})},
              {"controller", true},
              {"blockOwnerDeletion", true}});
}

namespace {

client::ObjectRef RefOf(const client::Resource& resource, const Value& object) {
  return {resource, object.At({"metadata", "namespace"}).str(), object.At({"metadata", "name"}).str(), ""};
}

// The uid in a patch is a precondition: an object of the same name made anew is not touched.
Write Adopt(const client::Resource& resource, const Value& object, const Value& owner) {
  Value references = api::Arr({OwnerReferenceTo(owner)});
  return Write::Patch(
      RefOf(resource, object), client::PatchType::kStrategic,
      Obj({{"metadata", Obj({{"uid", object.At({"metadata", "uid"})}, {"ownerReferences", references}})}}));
}

Write Release(const client::Resource& resource, const Value& object, const Value& owner) {
  Value gone = api::Arr({Obj({{"$patch", "delete"}, {"uid", owner.At({"metadata", "uid"})}})});
  return Write::Patch(RefOf(resource, object), client::PatchType::kStrategic,
                      Obj({{"metadata", Obj({{"uid", object.At({"metadata", "uid"})}, {"ownerReferences", gone}})}}));
}

}  // namespace

std::vector<Value> Claim(const View& view, const client::Resource& resource, const Value& owner,
                         const api::Selector& selector, Plan& plan) {
  std::vector<Value> claimed;
  std::string_view uid = owner.At({"metadata", "uid"}).AsString();
  for (const Value& object : view.ControlledBy(resource, uid)) {
    if (selector.Matches(object.At({"metadata", "labels"}))) {
      claimed.push_back(object);
    } else if (!IsTerminating(owner) && !KP_MUTANT("controllers-never-release")) {
      plan.writes.push_back(Release(resource, object, owner));
    }
  }
  if (IsTerminating(owner) || KP_MUTANT("controllers-never-adopt")) return claimed;
  for (const Value& object : view.List(resource, owner.At({"metadata", "namespace"}).AsString())) {
    bool taken = !ControllerOf(object).is_null() && !KP_MUTANT("controllers-take-what-others-have");
    if (taken || IsTerminating(object)) continue;
    if (!selector.Matches(object.At({"metadata", "labels"}))) continue;
    plan.writes.push_back(Adopt(resource, object, owner));
    claimed.push_back(object);
  }
  return claimed;
}

Value WithCondition(const Value& conditions, const Value& condition) {
  std::vector<Value> list;
  bool placed = false;
  for (const Value& old : conditions.items()) {
    if (!(old["type"] == condition["type"])) {
      list.push_back(old);
      continue;
    }
    placed = true;
    bool same = old["status"] == condition["status"];
    list.push_back(same && old.Has("lastTransitionTime")
                       ? condition.With("lastTransitionTime", old["lastTransitionTime"])
                       : condition);
  }
  if (!placed) list.push_back(condition);
  return Value::Array(std::move(list));
}

const Value& ConditionOf(const Value& object, std::string_view type) {
  for (const Value& condition : object.At({"status", "conditions"}).items()) {
    if (condition["type"].AsString() == type) return condition;
  }
  static const auto* null = new Value();
  return *null;
}

bool IsPodReady(const Value& pod) { return ConditionOf(pod, "Ready")["status"].AsString() == "True"; }

bool IsPodAvailable(const Value& pod, int64_t min_ready_seconds, WallTime now, std::optional<Duration>& wait) {
  if (!IsPodReady(pod)) return false;
  if (min_ready_seconds == 0 || KP_MUTANT("controllers-ignore-min-ready-seconds")) return true;
  auto since = ParseRfc3339(ConditionOf(pod, "Ready")["lastTransitionTime"].AsString());
  if (!since.ok()) return false;
  WallTime available = *since + std::chrono::seconds(min_ready_seconds);
  if (available <= now) return true;
  // Not longer than the time itself: the clock may have been set while the pod became ready.
  wait = std::min(
      {wait.value_or(Duration::max()), Duration(available - now), Duration(std::chrono::seconds(min_ready_seconds))});
  return false;
}

}  // namespace kp::controllers
