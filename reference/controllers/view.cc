#include "reference/controllers/view.h"

namespace kp::controllers {
namespace {

const api::Value& Null() {
  static const auto* null = new api::Value();
  return *null;
}

}  // namespace

const api::Value& ControllerOf(const api::Value& object) {
  for (const api::Value& owner : object.At({"metadata", "ownerReferences"}).items()) {
    if (owner["controller"].AsBool()) return owner;
  }
  return Null();
}

void View::OnChange(const client::Resource& resource, const api::Value& old, const api::Value& now) {
  if (!old.is_null()) places_.erase(old.At({"metadata", "uid"}).str());
  if (!now.is_null()) places_[now.At({"metadata", "uid"}).str()] = {resource, client::KeyOf(now)};
  auto& by_owner = owned_[resource];
  for (const api::Value& owner : old.At({"metadata", "ownerReferences"}).items()) {
    auto keys = by_owner.find(owner["uid"].AsString());
    if (keys == by_owner.end()) continue;
    keys->second.erase(client::KeyOf(old));
    if (keys->second.empty()) by_owner.erase(keys);
  }
  for (const api::Value& owner : now.At({"metadata", "ownerReferences"}).items()) {
    by_owner[owner["uid"].str()].insert(client::KeyOf(now));
  }
}

const api::Value& View::Get(const client::Resource& resource, std::string_view key) const {
  auto copy = copies_.find(resource);
  if (copy == copies_.end()) return Null();
  auto found = copy->second->find(key);
  return found == copy->second->end() ? Null() : found->second;
}

const api::Value& View::Get(const client::Resource& resource, std::string_view ns, std::string_view name) const {
  return Get(resource, client::MakeKey(ns, name));
}

std::vector<api::Value> View::List(const client::Resource& resource, std::string_view ns) const {
  std::vector<api::Value> list;
  auto copy = copies_.find(resource);
  if (copy == copies_.end()) return list;
  std::string prefix = ns.empty() ? "" : std::string(ns) + "/";
  for (auto at = copy->second->lower_bound(prefix); at != copy->second->end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    list.push_back(at->second);
  }
  return list;
}

std::vector<api::Value> View::OwnedBy(const client::Resource& resource, std::string_view uid) const {
  std::vector<api::Value> list;
  auto by_owner = owned_.find(resource);
  if (by_owner == owned_.end()) return list;
  auto keys = by_owner->second.find(uid);
  if (keys == by_owner->second.end()) return list;
  for (const std::string& key : keys->second) {
    const api::Value& object = Get(resource, key);
    if (!object.is_null()) list.push_back(object);
  }
  return list;
}

std::vector<api::Value> View::ControlledBy(const client::Resource& resource, std::string_view uid) const {
  std::vector<api::Value> list = OwnedBy(resource, uid);
  std::erase_if(list, [&](const api::Value& object) { return ControllerOf(object)["uid"].AsString() != uid; });
  return list;
}

const View::Place* View::Find(std::string_view uid) const {
  auto found = places_.find(uid);
  return found == places_.end() ? nullptr : &found->second;
}

std::vector<client::Resource> View::resources() const {
  std::vector<client::Resource> list;
  for (const auto& [resource, objects] : copies_) list.push_back(resource);
  return list;
}

}  // namespace kp::controllers
