// The graph that both searches walk: what is open at a moment of the history, and which
// configurations come next.
//
// Three reductions keep it small, each without loss:
//   - a pure operation takes place as soon as the state allows it;
//   - of open operations with one action, that which returns first takes place first, and crashed
//     ones last: they could be swapped in any linearization;
//   - a crashed operation that would leave the state as it is never takes place.
#pragma once

#include <algorithm>

#include "properties/linearizability/configuration.h"
#include "properties/linearizability/problem.h"
#include "properties/linearizability/transitions.h"

namespace kp::linearizability {

template <size_t Words>
class Space {
 public:
  using Config = Configuration<Words>;

  Space(const Problem& problem, Transitions& transitions, Uses& uses)
      : problem_(problem), transitions_(transitions), uses_(uses), at_slot_(problem.slots) {
    uint32_t actions = 0;
    for (const Step& step : problem.steps) actions = std::max(actions, step.action + 1);
    group_of_.assign(actions, kNoGroup);
    for (const Step& step : problem.steps) {
      uint32_t& group = group_of_[step.action];
      if (group == kNoGroup) {
        group = static_cast<uint32_t>(groups_.size());
        groups_.push_back({.action = step.action, .pure = step.pure});
      }
      if (step.crashed) groups_[group].crashed_class = step.slot;
    }
  }

  // Over the moment: what it calls is open after it, what it returns no more.
  void Advance(const Moment& moment) { moment.is_return ? Close(moment.step) : Open(moment.step); }
  void Retreat(const Moment& moment) { moment.is_return ? Open(moment.step) : Close(moment.step); }

  // Lets the open pure operations that the state allows take place.
  void TakePure(Config& config) {
    for (uint32_t index : pure_) {
      Group& group = groups_[index];
      if (config.done.Includes(group.slots)) continue;
      if (transitions_.Possible(config.state, group.action)) config.done.Add(group.slots);
    }
  }

  // A call of a pure operation: whether it can take place at once.
  bool Possible(const Config& config, const Step& step) { return transitions_.Possible(config.state, step.action); }

  // Calls visit(step, next) for each way to let one more operation take place; earliest return
  // first, crashed ones last. `next` has its pure operations taken.
  template <typename Visit>
  void Expand(const Config& config, Visit visit) {
    for (uint32_t index : changing_) {
      Group& group = groups_[index];
      uint32_t chosen = FirstLeft(config, group);
      if (chosen != kNoStep) {
        const uint32_t slot = problem_.steps[chosen].slot;
        ForEachNext(config, group.action, [&](State state) {
          Config next{config.done, state, config.used};
          next.done.Set(slot);
          TakePure(next);
          visit(chosen, next);
        });
      } else if (group.crashed_open.size() > 0 &&
                 uses_.Count(config.used, group.crashed_class) < group.crashed_open.size()) {
        ForEachNext(config, group.action, [&](State state) {
          if (state == config.state) return;
          uint32_t count = uses_.Count(config.used, group.crashed_class);
          Config next{config.done, state, uses_.Plus(config.used, group.crashed_class)};
          TakePure(next);
          visit(group.crashed_open[count], next);
        });
      }
    }
  }

  // Slots of open pure operations.
  Mask<Words> PureSlots() const {
    Mask<Words> mask;
    for (uint32_t index : pure_) mask.Add(groups_[index].slots);
    return mask;
  }
  uint32_t StepAt(uint32_t slot) const { return at_slot_[slot]; }

 private:
  static constexpr uint32_t kNoGroup = ~0u;
  static constexpr uint32_t kNoStep = ~0u;

  // The open operations of one action.
  struct Group {
    Action action = 0;
    bool pure = false;
    uint32_t crashed_class = kNoClass;
    std::vector<uint32_t> live;          // steps, the earliest return first
    std::vector<uint32_t> crashed_open;  // steps, in the order of their calls
    Mask<Words> slots;                   // of `live`
    bool empty() const { return live.empty() && crashed_open.empty(); }
  };

  template <typename Each>
  void ForEachNext(const Config& config, Action action, Each each) {
    // By index and anew each time: a step of the model may move the pool.
    size_t count = static_cast<size_t>(transitions_.Of(config.state, action).end() -
                                       transitions_.Of(config.state, action).begin());
    for (size_t i = 0; i < count; ++i) each(transitions_.Of(config.state, action).begin()[i]);
  }

  uint32_t FirstLeft(const Config& config, const Group& group) const {
    if (config.done.Includes(group.slots)) return kNoStep;
    for (uint32_t step : group.live) {
      if (!config.done.Has(problem_.steps[step].slot)) return step;
    }
    return kNoStep;
  }

  void Open(uint32_t index) {
    const Step& step = problem_.steps[index];
    uint32_t number = group_of_[step.action];
    Group& group = groups_[number];
    if (group.empty()) Insert(group.pure ? pure_ : changing_, number);
    if (step.crashed) {
      group.crashed_open.push_back(index);
      return;
    }
    auto later = [this](uint32_t a, uint32_t b) { return problem_.steps[a].returns < problem_.steps[b].returns; };
    group.live.insert(std::upper_bound(group.live.begin(), group.live.end(), index, later), index);
    group.slots.Set(step.slot);
    at_slot_[step.slot] = index;
  }

  void Close(uint32_t index) {
    const Step& step = problem_.steps[index];
    uint32_t number = group_of_[step.action];
    Group& group = groups_[number];
    if (step.crashed) {
      group.crashed_open.pop_back();  // only on the way back
    } else {
      group.live.erase(std::find(group.live.begin(), group.live.end(), index));
      group.slots.Clear(step.slot);
    }
    if (group.empty()) Erase(group.pure ? pure_ : changing_, number);
  }

  static void Insert(std::vector<uint32_t>& list, uint32_t number) {
    list.insert(std::lower_bound(list.begin(), list.end(), number), number);
  }
  static void Erase(std::vector<uint32_t>& list, uint32_t number) {
    list.erase(std::lower_bound(list.begin(), list.end(), number));
  }

  const Problem& problem_;
  Transitions& transitions_;
  Uses& uses_;
  std::vector<uint32_t> at_slot_;
  std::vector<uint32_t> group_of_;  // by action
  std::vector<Group> groups_;
  std::vector<uint32_t> pure_;  // groups with open operations, sorted
  std::vector<uint32_t> changing_;
};

}  // namespace kp::linearizability
