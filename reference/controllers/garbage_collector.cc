#include "reference/controllers/garbage_collector.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/controllers/collected_kinds.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {
namespace {

using api::Obj;
using api::Value;

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";

bool HasFinalizer(const Value& object, std::string_view finalizer) {
  for (const Value& item : object.At({"metadata", "finalizers"}).items()) {
    if (item.AsString() == finalizer) return true;
  }
  return false;
}

std::string UidOf(const Value& object) { return object.At({"metadata", "uid"}).str(); }

client::ObjectRef RefOf(const client::Resource& resource, const Value& object) {
  return {resource, object.At({"metadata", "namespace"}).str(), object.At({"metadata", "name"}).str(), ""};
}

struct Dependent {
  client::Resource resource;
  Value object;
};

std::vector<Dependent> DependentsOf(const View& view, const std::string& uid) {
  std::vector<Dependent> dependents;
  for (const client::Resource& resource : view.resources()) {
    for (Value& object : view.OwnedBy(resource, uid)) dependents.push_back({resource, std::move(object)});
  }
  return dependents;
}

Write RemoveFinalizer(const client::Resource& resource, const Value& object, std::string_view finalizer) {
  std::vector<Value> left;
  for (const Value& item : object.At({"metadata", "finalizers"}).items()) {
    if (item.AsString() != finalizer) left.push_back(item);
  }
  return Write::Update(RefOf(resource, object), object.With({"metadata", "finalizers"}, Value::Array(std::move(left))));
}

Write WithoutOwners(const client::Resource& resource, const Value& object, const std::vector<std::string>& uids) {
  std::vector<Value> left;
  for (const Value& owner : object.At({"metadata", "ownerReferences"}).items()) {
    if (std::find(uids.begin(), uids.end(), owner["uid"].AsString()) == uids.end()) left.push_back(owner);
  }
  Value patch = Obj({{"metadata", Obj({{"uid", UidOf(object)},
                                       {"resourceVersion", object.At({"metadata", "resourceVersion"})},
                                       {"ownerReferences", left.empty() ? Value() : Value::Array(std::move(left))}})}});
  return Write::Patch(RefOf(resource, object), client::PatchType::kMerge, patch);
}

// That the server has no dependents of the object beyond those that the copies show: an owner that goes before a
// dependent that was made a moment ago would not have waited for it.
std::vector<Absent> NoDependents(const View& view, const client::Resource& resource, const Value& object,
                                 bool blocking) {
  std::vector<Absent> guards;
  if (KP_MUTANT("gc-trusts-its-copies")) return guards;
  for (const client::Resource& other : view.resources()) {
    // What belongs to no namespace cannot be owned by what is in one.
    if (resource.namespaced && !other.namespaced) continue;
    const std::string ns = resource.namespaced ? object.At({"metadata", "namespace"}).str() : "";
    guards.push_back({{other, ns, "", ""}, "", UidOf(object), blocking});
  }
  return guards;
}

Write DeleteIt(const client::Resource& resource, const Value& object, client::Propagation propagation) {
  client::DeleteOptions options;
  options.propagation = propagation;
  options.precondition_uid = UidOf(object);
  return Write::Delete(RefOf(resource, object), options);
}

// How an object's owners are.
struct Owners {
  bool solid = false;                // one is there and stays
  std::vector<std::string> waiting;  // deleted in the foreground: it waits for this object
  std::vector<std::string> gone;     // not there
  std::vector<Absent> to_verify;     // that they are not there
};

Owners Classify(const View& view, const Value& object) {
  Owners owners;
  std::string ns = object.At({"metadata", "namespace"}).str();
  for (const Value& reference : object.At({"metadata", "ownerReferences"}).items()) {
    const client::Resource* resource = ResourceOfKind(reference["apiVersion"].AsString(), reference["kind"].AsString());
    if (resource == nullptr || (resource->namespaced && ns.empty())) {
      // A kind that we do not know, or an owner that such a dependent cannot have: nothing may be concluded.
      owners.solid = true;
      continue;
    }
    std::string owner_ns = resource->namespaced ? ns : "";
    if (view.Find(reference["uid"].str()) != nullptr && KP_MUTANT("gc-owner-in-any-namespace")) {
      owners.solid = true;
      continue;
    }
    const Value& owner = view.Get(*resource, owner_ns, reference["name"].AsString());
    const bool same = UidOf(owner) == reference["uid"].AsString() || KP_MUTANT("gc-owner-by-name-only");
    if (same && !owner.is_null()) {
      bool foreground = IsTerminating(owner) && HasFinalizer(owner, kForeground);
      if (foreground) {
        owners.waiting.push_back(reference["uid"].str());
      } else {
        owners.solid = true;
      }
      continue;
    }
    owners.gone.push_back(reference["uid"].str());
    owners.to_verify.push_back({{*resource, owner_ns, reference["name"].str(), ""}, reference["uid"].str()});
  }
  return owners;
}

class GarbageCollector : public Controller {
 public:
  std::string_view name() const override { return "garbage-collector"; }

  std::vector<client::Resource> resources() const override {
    std::vector<client::Resource> list;
    for (const CollectedKind& collected : CollectedKinds()) list.push_back(collected.resource);
    return list;
  }

  void Wake(const client::Resource&, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    const Value& object = now.is_null() ? old : now;
    bool ending = now.is_null() || IsTerminating(now);
    bool owned = !object.At({"metadata", "ownerReferences"}).empty();
    if (!now.is_null() && (owned || ending)) keys.insert(UidOf(now));
    // An owner that waits until its dependents have let go of it learns of that here.
    const Value& before = old.At({"metadata", "ownerReferences"});
    if (before != now.At({"metadata", "ownerReferences"})) {
      for (const Value& owner : before.items()) keys.insert(owner["uid"].str());
    }
    if (!ending) return;
    // Its dependents lose their owner, and its owners may be waiting for it.
    for (const Dependent& dependent : DependentsOf(view, UidOf(object))) keys.insert(UidOf(dependent.object));
    for (const Value& owner : object.At({"metadata", "ownerReferences"}).items()) keys.insert(owner["uid"].str());
  }

  Plan Reconcile(const View& view, const std::string& uid, WallTime) const override {
    Plan plan;
    const View::Place* place = view.Find(uid);
    if (place == nullptr) return plan;
    const Value& object = view.Get(place->resource, place->key);
    if (object.is_null()) return plan;
    if (IsTerminating(object)) {
      if (HasFinalizer(object, kOrphan)) return OrphanDependents(view, place->resource, object);
      if (HasFinalizer(object, kForeground)) return DeleteDependents(view, place->resource, object);
      return plan;
    }
    if (object.At({"metadata", "ownerReferences"}).empty()) return plan;
    return FollowOwners(view, place->resource, object);
  }

 private:
  static Plan OrphanDependents(const View& view, const client::Resource& resource, const Value& object) {
    Plan plan;
    for (const Dependent& dependent : DependentsOf(view, UidOf(object))) {
      if (KP_MUTANT("gc-orphan-keeps-references")) continue;
      plan.writes.push_back(WithoutOwners(dependent.resource, dependent.object, {UidOf(object)}));
    }
    if (!plan.writes.empty()) return plan;
    if (!KP_MUTANT("gc-orphan-keeps-references")) plan.absent = NoDependents(view, resource, object, false);
    plan.writes.push_back(RemoveFinalizer(resource, object, kOrphan));
    return plan;
  }

  static Plan DeleteDependents(const View& view, const client::Resource& resource, const Value& object) {
    Plan plan;
    bool blocked = false;
    for (const Dependent& dependent : DependentsOf(view, UidOf(object))) {
      for (const Value& owner : dependent.object.At({"metadata", "ownerReferences"}).items()) {
        blocked |= owner["uid"].AsString() == UidOf(object) && owner["blockOwnerDeletion"].AsBool();
      }
      if (IsTerminating(dependent.object)) continue;
      Owners owners = Classify(view, dependent.object);
      // Another live owner keeps it; its own turn removes the reference.
      if (owners.solid) continue;
      plan.writes.push_back(DeleteIt(dependent.resource, dependent.object, client::Propagation::kForeground));
    }
    if (!DependentsOf(view, UidOf(object)).empty() && KP_MUTANT("gc-foreground-waits-for-all")) blocked = true;
    const bool hasty = KP_MUTANT("gc-foreground-does-not-wait");
    if (blocked && !hasty) return plan;
    if (!hasty) plan.absent = NoDependents(view, resource, object, true);
    plan.writes.push_back(RemoveFinalizer(resource, object, kForeground));
    return plan;
  }

  static Plan FollowOwners(const View& view, const client::Resource& resource, const Value& object) {
    Plan plan;
    Owners owners = Classify(view, object);
    if (owners.solid && !KP_MUTANT("gc-deletes-despite-living-owner")) {
      std::vector<std::string> drop = owners.gone;
      drop.insert(drop.end(), owners.waiting.begin(), owners.waiting.end());
      if (drop.empty()) return plan;
      plan.absent = owners.to_verify;
      plan.writes.push_back(WithoutOwners(resource, object, drop));
      return plan;
    }
    if (!owners.waiting.empty()) {
      plan.writes.push_back(DeleteIt(resource, object, client::Propagation::kForeground));
      return plan;
    }
    if (owners.gone.empty() || KP_MUTANT("gc-leaves-dependents")) return plan;
    plan.absent = owners.to_verify;
    plan.writes.push_back(DeleteIt(resource, object, client::Propagation::kBackground));
    return plan;
  }
};

}  // namespace

std::unique_ptr<Controller> MakeGarbageCollector() { return std::make_unique<GarbageCollector>(); }

}  // namespace kp::controllers
