// The oracle: every order, tried. Shares nothing with the searches, and is too slow for more than a
// dozen operations.
#pragma once

#include "properties/linearizability/problem.h"

namespace kp::linearizability {

// True when some order of all steps that returned, and any of the crashed ones, keeps to real time and
// explains every result.
bool LinearizableByBruteForce(const Problem& problem, Model& model);

// Whether `order` is such an order: an independent check of a verdict. Empty, or what is wrong.
std::string CheckOrder(const Problem& problem, Model& model, const std::vector<uint32_t>& order);

}  // namespace kp::linearizability
