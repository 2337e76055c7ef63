// The laws of the cores by name, so that they can be checked, and be seen to fail, outside of the tests that
// hold them too: `kubeproof properties` and the kill matrix.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kp::properties {

struct Property {
  std::string id;  // "properties/raft/safety"
  std::string law;
  int seeds;  // how many a check tries; 1 where nothing is drawn
  // What was broken, nothing when the law held.
  std::function<std::optional<std::string>(uint64_t seed)> violation;
  // A law that a sound reference keeps by stopping the process, with these words; "" for most.
  std::string stops;
};

// In the order of their ids.
const std::vector<Property>& AllProperties();
// Null when there is none.
const Property* FindProperty(std::string_view id);

// The first violation from seed `first` on, with its seed.
struct Violation {
  uint64_t seed;
  std::string text;
};
std::optional<Violation> Check(const Property& property, uint64_t first, int seeds);

}  // namespace kp::properties
