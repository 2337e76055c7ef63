// What a controller sees of the cluster: its informers' copies, read-only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/client/informer.h"

namespace kp::controllers {

class View {
 public:
  using Objects = client::Informer::Objects;

  // The copy of a resource; `objects` must outlive the view.
  void Set(const client::Resource& resource, const Objects* objects) { copies_[resource] = objects; }
  // Keeps the index by owner; call for each change, in order.
  void OnChange(const client::Resource& resource, const api::Value& old, const api::Value& now);

  // When it was looked at, by the clock that is never set: how long something has been so is measured with it.
  // The wall clock that plans write down may jump.
  Time steady() const { return steady_; }
  void set_steady(Time steady) { steady_ = steady; }

  // Null when absent.
  const api::Value& Get(const client::Resource& resource, std::string_view ns, std::string_view name) const;
  const api::Value& Get(const client::Resource& resource, std::string_view key) const;
  // In key order; ns "" is all.
  std::vector<api::Value> List(const client::Resource& resource, std::string_view ns) const;
  // Objects with an owner reference to `uid`, in key order.
  std::vector<api::Value> OwnedBy(const client::Resource& resource, std::string_view uid) const;
  // Those whose owner reference to `uid` says controller: true.
  std::vector<api::Value> ControlledBy(const client::Resource& resource, std::string_view uid) const;
  // Where an object with this uid is; nothing when there is none.
  struct Place {
    client::Resource resource;
    std::string key;
  };
  const Place* Find(std::string_view uid) const;
  // Resources that have a copy.
  std::vector<client::Resource> resources() const;

 private:
  Time steady_{};
  std::map<client::Resource, const Objects*> copies_;
  std::map<std::string, Place, std::less<>> places_;
  std::map<client::Resource, std::map<std::string, std::set<std::string>, std::less<>>> owned_;
};

// The owner reference with controller: true; null when there is none.
const api::Value& ControllerOf(const api::Value& object);

}  // namespace kp::controllers
