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
  bool faults = false;          // shows only under faults
  std::vector<std::string> by;  // behaviours to be tried first
  std::string properties;       // test program that kills it where no behaviour can; "" for most

  bool operator==(const Mutant&) const = default;
};

// The error lists all that is wrong.
Result<std::vector<Mutant>> ParseMutants(std::string_view yaml);

// In the order of the file. Its validity is tested, so here it is a CHECK.
const std::vector<Mutant>& BuiltinMutants();

}  // namespace kp::chaos
