#include "properties/controllers/toy_api.h"

#include "reference/api/merge_patch.h"
#include "reference/client/resources.h"

namespace kp::properties {

using api::Obj;
using api::Value;
using controllers::Write;

namespace {

// Owner references merge by uid; that is all that the controllers' strategic patches use.
Value MergeOwners(const Value& object, const Value& patch) {
  std::vector<Value> owners(object.At({"metadata", "ownerReferences"}).items().begin(),
                            object.At({"metadata", "ownerReferences"}).items().end());
  for (const Value& change : patch.At({"metadata", "ownerReferences"}).items()) {
    std::erase_if(owners, [&](const Value& owner) { return owner["uid"] == change["uid"]; });
    if (change["$patch"].AsString() != "delete") owners.push_back(change);
  }
  return object.With({"metadata", "ownerReferences"}, Value::Array(std::move(owners)));
}

}  // namespace

const controllers::View& ToyApi::view() { return view_; }

void ToyApi::Store(const client::Resource& resource, const std::string& key, Value object) {
  auto& copies = objects_[resource];
  view_.Set(resource, &copies);
  auto at = copies.find(key);
  Value old = at == copies.end() ? Value() : at->second;
  if (object.is_null()) {
    if (at != copies.end()) copies.erase(at);
  } else {
    object = object.With({"metadata", "resourceVersion"}, std::to_string(++version_));
    copies[key] = object;
  }
  view_.OnChange(resource, old, object);
}

Value ToyApi::Put(const client::Resource& resource, Value object) {
  Value meta = object["metadata"];
  if (meta["name"].empty()) meta = meta.With("name", meta["generateName"].str() + random_.NameSuffix(5));
  if (meta["uid"].empty()) meta = meta.With("uid", random_.Uuid());
  if (meta["namespace"].empty()) meta = meta.With("namespace", "default");
  if (meta["creationTimestamp"].empty()) meta = meta.With("creationTimestamp", FormatRfc3339(now_));
  meta = meta.With("generation", meta["generation"].AsInt(1));
  object = object.With("metadata", meta);
  std::string key = client::KeyOf(object);
  Store(resource, key, object);
  return objects_[resource][key];
}

void ToyApi::Remove(const client::Resource& resource, const std::string& key) { Store(resource, key, Value()); }

void ToyApi::Carry(const Write& write) {
  const client::Resource& resource = write.ref.resource;
  std::string key = client::MakeKey(write.ref.ns, write.ref.name);
  auto& copies = objects_[resource];
  auto at = copies.find(key);
  switch (write.verb) {
    case Write::Verb::kCreate: {
      std::string name = write.body.At({"metadata", "name"}).str();
      if (!name.empty() && copies.contains(client::MakeKey(write.ref.ns, name))) return;  // 409
      Put(resource, write.body);
      return;
    }
    case Write::Verb::kUpdate: {
      if (at == copies.end()) return;
      const Value& now = at->second;
      if (!(write.body.At({"metadata", "resourceVersion"}) == now.At({"metadata", "resourceVersion"}))) return;
      Value next = write.ref.subresource == "status" ? now.With("status", write.body["status"])
                                                     : write.body.With("status", now["status"]);
      if (!(next["spec"] == now["spec"])) {
        next = next.With({"metadata", "generation"}, now.At({"metadata", "generation"}).AsInt() + 1);
      }
      return Store(resource, key, next);
    }
    case Write::Verb::kPatch: {
      if (at == copies.end()) return;
      const Value& uid = write.body.At({"metadata", "uid"});
      if (!uid.is_null() && !(uid == at->second.At({"metadata", "uid"}))) return;
      bool strategic = write.patch_type == client::PatchType::kStrategic;
      return Store(resource, key,
                   strategic ? MergeOwners(at->second, write.body) : api::ApplyMergePatch(at->second, write.body));
    }
    case Write::Verb::kDelete: return Remove(resource, key);
  }
}

void ToyApi::Apply(const controllers::Plan& plan) {
  for (const controllers::Absent& absent : plan.absent) {
    auto& copies = objects_[absent.ref.resource];
    auto at = copies.find(client::MakeKey(absent.ref.ns, absent.ref.name));
    bool there =
        at != copies.end() && (absent.uid.empty() || at->second.At({"metadata", "uid"}).AsString() == absent.uid);
    if (there) return;
  }
  for (const Write& write : plan.writes) Carry(write);
}

void ToyApi::RunPods() {
  std::vector<std::pair<std::string, Value>> pending;
  for (const auto& [key, pod] : objects_[client::kPods]) {
    if (pod.At({"status", "phase"}).empty()) pending.emplace_back(key, pod);
  }
  for (const auto& [key, pod] : pending) {
    Value ready = Obj({{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", FormatRfc3339(now_)}});
    Value status = Obj({{"phase", "Running"}, {"conditions", api::Arr({ready})}, {"podIP", "10.0.0.1"}});
    Store(client::kPods, key, pod.With({"spec", "nodeName"}, "n").With("status", status));
  }
}

int RunToRest(ToyApi& api, const std::vector<std::pair<const controllers::Controller*, std::string>>& work, int most) {
  for (int round = 1; round <= most; ++round) {
    bool rest = true;
    for (const auto& [controller, key] : work) {
      controllers::Plan plan = controller->Reconcile(api.view(), key, api.now());
      rest &= plan.empty();
      api.Apply(plan);
    }
    // ReplicaSets that a Deployment made are work of their own; they are found by whoever asks for "*".
    api.RunPods();
    api.Advance(1s);
    if (rest) return round;
  }
  return most + 1;
}

}  // namespace kp::properties
