// Both searches in competition: steps are given to one and the other in turn, twice as many each
// round, until one knows. The turns depend on steps, never on time: the same history has the same answer.
#pragma once

#include "properties/linearizability/problem.h"
#include "properties/linearizability/verdict.h"

namespace kp::linearizability {

enum class Method : unsigned char { kBoth, kFrontier, kDepthFirst };

// kUnknown when the budget ends first, or more than 1024 operations are open at once.
Verdict Search(const Problem& problem, Model& model, const Budget& budget = {}, Method method = Method::kBoth);

}  // namespace kp::linearizability
