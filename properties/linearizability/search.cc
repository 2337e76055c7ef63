#include "properties/linearizability/search.h"

#include "properties/linearizability/depth_first.h"
#include "properties/linearizability/frontier.h"

namespace kp::linearizability {

std::string_view AnswerName(Answer answer) {
  switch (answer) {
    case Answer::kLegal: return "linearizable";
    case Answer::kIllegal: return "not linearizable";
    case Answer::kUnknown: return "unknown";
  }
  return "?";
}

namespace {

uint32_t Actions(const Problem& problem) {
  uint32_t actions = 1;
  for (const Step& step : problem.steps) actions = std::max(actions, step.action + 1);
  return actions;
}

Verdict Stopped(const Verdict& frontier, const Verdict& depth, const Budget& budget) {
  Verdict verdict;
  verdict.moment = std::max(frontier.moment, depth.moment);
  verdict.steps = frontier.steps + depth.steps;
  verdict.bytes = frontier.bytes + depth.bytes;
  verdict.reason = (verdict.bytes > budget.bytes ? "memory budget of " + std::to_string(budget.bytes >> 20) + " MiB"
                                                 : "budget of " + std::to_string(budget.steps) + " steps") +
                   " used up: " + frontier.reason + (frontier.reason.empty() || depth.reason.empty() ? "" : "; ") +
                   depth.reason;
  return verdict;
}

template <size_t Words>
Verdict Compete(const Problem& problem, Model& model, const Budget& budget, Method method) {
  Transitions transitions(model, Actions(problem));
  Frontier<Words> frontier(problem, transitions);
  DepthFirst<Words> depth(problem, transitions);
  constexpr uint64_t kFirstTurn = 4096;
  Budget turn{.steps = std::min(budget.steps, kFirstTurn), .bytes = budget.bytes / 2};
  for (;; turn.steps = std::min(turn.steps * 2, budget.steps)) {
    if (method != Method::kFrontier && depth.Run(turn)) return depth.verdict();
    if (method != Method::kDepthFirst && frontier.Run(turn)) return frontier.verdict();
    bool too_big = frontier.bytes() > turn.bytes || depth.bytes() > turn.bytes;
    if (turn.steps == budget.steps || too_big) return Stopped(frontier.verdict(), depth.verdict(), budget);
  }
}

}  // namespace

Verdict Search(const Problem& problem, Model& model, const Budget& budget, Method method) {
  if (problem.slots <= 64) return Compete<1>(problem, model, budget, method);
  if (problem.slots <= 256) return Compete<4>(problem, model, budget, method);
  if (problem.slots <= 1024) return Compete<16>(problem, model, budget, method);
  return {.reason = std::to_string(problem.slots) + " operations are open at once; 1024 is the limit"};
}

}  // namespace kp::linearizability
