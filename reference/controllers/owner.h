// Owner references: how a controller claims its objects (k8s.io/kubernetes/pkg/controller ref manager).
#pragma once

#include <string>
#include <vector>

#include "reference/api/selector.h"
#include "reference/controllers/plan.h"
#include "reference/controllers/view.h"

namespace kp::controllers {

// {apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true}.
api::Value OwnerReferenceTo(const api::Value& owner);

inline bool IsTerminating(const api::Value& object) { return !object.At({"metadata", "deletionTimestamp"}).is_null(); }

// The objects of `resource` in the owner's namespace that are the owner's, or become so by this plan: its
// own that match the selector stay, its own that do not are released, matching ones without a controller
// are adopted (not while the owner or the object is being deleted).
std::vector<api::Value> Claim(const View& view, const client::Resource& resource, const api::Value& owner,
                              const api::Selector& selector, Plan& plan);

// A new conditions list: `condition` replaces the one of its type. lastTransitionTime stays when the status
// does.
api::Value WithCondition(const api::Value& conditions, const api::Value& condition);
// The condition of a type; null when absent.
const api::Value& ConditionOf(const api::Value& object, std::string_view type);
bool IsPodReady(const api::Value& pod);
// Ready for at least `min_ready_seconds`. When it is not yet, `wait` is lowered to what is left.
bool IsPodAvailable(const api::Value& pod, int64_t min_ready_seconds, WallTime now, std::optional<Duration>& wait);

}  // namespace kp::controllers
