// The list of the deliberate bugs: chaos/mutants.yaml, embedded in the binary.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace kp::chaos {

struct Mutant {
  std::string name;
  std::string component;
  std::string breaks;
  bool faults = false;                  // shows only under faults
  std::vector<std::string> by;          // behaviours that notice it
  std::vector<std::string> properties;  // and properties
  uint64_t seed = 1;                    // the first that properties try: one that is known to find it soon

  bool operator==(const Mutant&) const = default;
};

// The error lists all that is wrong.
Result<std::vector<Mutant>> ParseMutants(std::string_view yaml);

// In the order of the file. Its validity is tested, so here it is a CHECK.
const std::vector<Mutant>& BuiltinMutants();

}  // namespace kp::chaos
