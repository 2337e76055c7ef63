// What a test saw of the objects it worked with: one entry each time that an answer or a watch event shows
// an object in a version not seen before. Costs no requests of its own.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/time.h"

namespace kp::conformance {

struct Sighting {
  Duration at;         // since the test's start, in the cluster's time
  std::string object;  // "Pod web-0"
  std::string event;   // "seen", "changed", "deleted"
  std::string detail;  // "Running, ready 1/1"
};

class Timeline {
 public:
  // An object or a list. Old versions, as a stale list shows them, are left out.
  void Saw(Duration at, const api::Value& object);
  void SawDeleted(Duration at, const api::Value& object);
  const std::vector<Sighting>& sightings() const { return sightings_; }

 private:
  void Add(Duration at, const api::Value& object, std::string_view event);

  std::map<std::string, int64_t> versions_;  // by object
  std::vector<Sighting> sightings_;
};

// The few words that say how an object is doing: phase, replicas, what conditions are true.
std::string Gist(const api::Value& object);

}  // namespace kp::conformance
