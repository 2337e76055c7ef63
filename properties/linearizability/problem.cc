#include "properties/linearizability/problem.h"

#include <algorithm>
#include <map>

namespace kp::linearizability {

namespace {

struct Place {
  size_t event;  // in the whole history
  Moment moment;
};

// Slots are given back at the return, so that a configuration is as wide as the history is
// concurrent, not as it is long.
void GiveSlots(Problem& problem) {
  std::vector<uint32_t> free;
  for (const Moment& moment : problem.moments) {
    Step& step = problem.steps[moment.step];
    if (step.crashed) continue;
    if (moment.is_return) {
      free.push_back(step.slot);
    } else if (free.empty()) {
      step.slot = problem.slots++;
    } else {
      step.slot = free.back();
      free.pop_back();
    }
  }
}

void GiveClasses(Problem& problem) {
  std::map<Action, uint32_t> classes;
  for (Step& step : problem.steps) {
    if (!step.crashed) continue;
    auto [at, is_new] = classes.emplace(step.action, static_cast<uint32_t>(problem.crashed_classes.size()));
    if (is_new) problem.crashed_classes.push_back(step.action);
    step.slot = at->second;
  }
}

}  // namespace

Result<Problem> Reduce(Model& model, const std::vector<history::Operation>& operations) {
  Problem problem;
  std::vector<Place> places;
  for (size_t i = 0; i < operations.size(); ++i) {
    const history::Operation& operation = operations[i];
    if (operation.outcome == history::EventType::kFail) continue;
    Result<std::optional<Action>> action = model.Recognise(operation);
    if (!action.ok()) return action.status();
    if (!action->has_value()) continue;
    bool crashed = operation.outcome != history::EventType::kOk;
    bool pure = model.IsPure(**action);
    if (crashed && pure) continue;
    uint32_t step = static_cast<uint32_t>(problem.steps.size());
    problem.steps.push_back(
        {.action = **action, .pure = pure, .crashed = crashed, .returns = history::kNever, .operation = i});
    places.push_back({operation.call, {step, false}});
    if (!crashed) places.push_back({operation.completion, {step, true}});
  }
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.event < b.event; });
  for (const Place& place : places) {
    if (place.moment.is_return) problem.steps[place.moment.step].returns = problem.moments.size();
    problem.moments.push_back(place.moment);
  }
  GiveSlots(problem);
  GiveClasses(problem);
  return problem;
}

}  // namespace kp::linearizability
