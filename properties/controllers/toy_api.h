// An apiserver of a hundred lines, so that reconcilers can be run against worlds that a property draws.
//
// It keeps objects, counts versions, carries plans out, and lets pods live: what was created becomes
// ready, what is deleted goes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/controllers/controller.h"

namespace kp::properties {

class ToyApi {
 public:
  explicit ToyApi(uint64_t seed) : random_(seed) {}

  // Stores an object as it is, with uid and version; its name may come from generateName. The stored one.
  api::Value Put(const client::Resource& resource, api::Value object);
  void Remove(const client::Resource& resource, const std::string& key);
  const std::map<std::string, api::Value, std::less<>>& Objects(const client::Resource& resource) {
    return objects_[resource];
  }
  const controllers::View& view();

  // Carries a plan out, write by write. A write whose version is stale, or whose guard fails, is refused as
  // an apiserver would refuse it.
  void Apply(const controllers::Plan& plan);
  // Pods without a fate become running and ready.
  void RunPods();
  WallTime now() const { return now_; }
  void Advance(Duration time) { now_ += time; }

 private:
  void Carry(const controllers::Write& write);
  void Store(const client::Resource& resource, const std::string& key, api::Value object);

  Random random_;
  int64_t version_ = 1;
  WallTime now_{std::chrono::hours(24 * 365 * 55)};
  std::map<client::Resource, controllers::View::Objects> objects_;
  controllers::View view_;
};

// Reconciles `keys` again and again, letting pods run in between, until nothing is planned. The number of
// rounds; more than `most` means that it does not converge.
int RunToRest(ToyApi& api, const std::vector<std::pair<const controllers::Controller*, std::string>>& work, int most);

}  // namespace kp::properties
