// A history of one object, reduced to what a search needs.
#pragma once

#include <vector>

#include "properties/linearizability/model.h"

namespace kp::linearizability {

inline constexpr uint32_t kNoClass = ~0u;

// An operation that is known to have happened, or one that may have (`crashed`).
struct Step {
  Action action = 0;
  bool pure = false;
  bool crashed = false;  // returns never; optional
  uint32_t slot = 0;     // place in a configuration's mask; of crashed ones, the class
  size_t returns = 0;    // index of its return in `moments`; kNever when crashed
  size_t operation = 0;  // index in the operations it was made of
};

// A call or a return, in the order of the history.
struct Moment {
  uint32_t step = 0;
  bool is_return = false;
};

struct Problem {
  std::vector<Step> steps;
  std::vector<Moment> moments;
  uint32_t slots = 0;                   // that are ever in use at once
  std::vector<Action> crashed_classes;  // actions of crashed steps, by class
};

// Leaves out known failures and what cannot matter. kInvalidArgument when the model does not know an
// operation.
Result<Problem> Reduce(Model& model, const std::vector<history::Operation>& operations);

}  // namespace kp::linearizability
