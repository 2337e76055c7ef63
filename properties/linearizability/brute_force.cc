#include "properties/linearizability/brute_force.h"

#include <algorithm>
#include <set>

namespace kp::linearizability {

namespace {

struct Interval {
  size_t call = 0;
  size_t completion = history::kNever;
};

std::vector<Interval> Intervals(const Problem& problem) {
  std::vector<Interval> intervals(problem.steps.size());
  for (size_t i = 0; i < problem.moments.size(); ++i) {
    Interval& interval = intervals[problem.moments[i].step];
    (problem.moments[i].is_return ? interval.completion : interval.call) = i;
  }
  return intervals;
}

bool Try(const Problem& problem, Model& model, const std::vector<Interval>& intervals, State state,
         std::vector<bool>& placed) {
  bool complete = true;
  size_t deadline = history::kNever;  // the earliest return of what is not placed
  for (size_t i = 0; i < placed.size(); ++i) {
    if (placed[i]) continue;
    complete = complete && problem.steps[i].crashed;
    deadline = std::min(deadline, intervals[i].completion);
  }
  if (complete) return true;
  for (size_t i = 0; i < placed.size(); ++i) {
    if (placed[i] || intervals[i].call > deadline) continue;
    std::vector<State> next;
    model.Step(state, problem.steps[i].action, next);
    placed[i] = true;
    for (State after : next) {
      if (Try(problem, model, intervals, after, placed)) return true;
    }
    placed[i] = false;
  }
  return false;
}

}  // namespace

bool LinearizableByBruteForce(const Problem& problem, Model& model) {
  std::vector<bool> placed(problem.steps.size());
  return Try(problem, model, Intervals(problem), model.Initial(), placed);
}

std::string CheckOrder(const Problem& problem, Model& model, const std::vector<uint32_t>& order) {
  std::vector<Interval> intervals = Intervals(problem);
  std::vector<bool> placed(problem.steps.size());
  std::set<State> states = {model.Initial()};
  size_t latest_call = 0;
  for (uint32_t step : order) {
    std::string name = "step " + std::to_string(step);
    if (step >= placed.size() || placed[step]) return name + " is unknown or stands twice";
    placed[step] = true;
    latest_call = std::max(latest_call, intervals[step].call);
    if (intervals[step].completion < latest_call) return name + " had returned before one placed earlier was called";
    std::set<State> after;
    for (State state : states) {
      std::vector<State> next;
      model.Step(state, problem.steps[step].action, next);
      after.insert(next.begin(), next.end());
    }
    if (after.empty()) return name + " cannot have had its result";
    states = std::move(after);
  }
  for (size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i] && !problem.steps[i].crashed) return "step " + std::to_string(i) + " is missing";
  }
  return "";
}

}  // namespace kp::linearizability
