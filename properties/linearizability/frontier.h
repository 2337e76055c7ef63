// Breadth first: the set of all configurations that explain the history so far, moved over one
// event at a time. Strong on bad histories, for the first return that no configuration survives is
// the shortest bad beginning; its memory is the frontier.
//
// An operation takes place only when a return forces something to (Lowe, "Testing for
// linearizability", Concurrency and Computation 2017).
#pragma once

#include "properties/linearizability/orders.h"
#include "properties/linearizability/reached.h"
#include "properties/linearizability/space.h"
#include "properties/linearizability/verdict.h"

namespace kp::linearizability {

template <size_t Words>
class Frontier {
 public:
  Frontier(const Problem& problem, Transitions& transitions)
      : problem_(problem),
        uses_(problem.crashed_classes.size()),
        space_(problem, transitions, uses_),
        current_(uses_),
        left_(uses_),
        survivors_(uses_) {
    current_.Insert({.state = transitions.model().Initial()}, {});
  }

  // Goes on until it knows or has used up `steps` since its beginning.
  bool Run(const Budget& budget) {
    while (!known_) {
      if (at_ == problem_.moments.size()) return Legal();
      const Moment& moment = problem_.moments[at_];
      if (!moment.is_return) {
        space_.Advance(moment);
        if (problem_.steps[moment.step].pure) TakeCalled(moment.step);
      } else if (!Survive(moment, budget)) {
        return known_;
      }
      ++at_;
    }
    return true;
  }

  const Verdict& verdict() const { return verdict_; }
  size_t size() const { return current_.items().size(); }
  size_t bytes() const {
    return current_.bytes() + left_.bytes() + survivors_.bytes() + orders_.bytes() + uses_.bytes();
  }
  // States of the configurations before the moment that it is at.
  std::vector<State> States() const {
    std::vector<State> states;
    for (const auto& item : current_.items()) {
      if (!item.useless) states.push_back(item.config.state);
    }
    std::sort(states.begin(), states.end());
    states.erase(std::unique(states.begin(), states.end()), states.end());
    return states;
  }

 private:
  using Config = Configuration<Words>;

  bool Legal() {
    verdict_.answer = Answer::kLegal;
    for (const auto& item : current_.items()) {
      if (!item.useless) verdict_.order = orders_.Steps(item.order);
    }
    return Known();
  }
  bool Known() {
    verdict_.moment = at_;
    verdict_.bytes = bytes();
    return known_ = true;
  }

  void TakeCalled(uint32_t index) {
    const Step& step = problem_.steps[index];
    for (auto& item : current_.items()) {
      if (item.useless || !space_.Possible(item.config, step)) continue;
      item.config.done.Set(step.slot);
      item.order = orders_.Then(item.order, index);
    }
  }

  // False when nothing survives, or the budget ends: then nothing is changed, so that it can go on.
  bool Survive(const Moment& moment, const Budget& budget) {
    const uint32_t slot = problem_.steps[moment.step].slot;
    const Mask<Words> pure = space_.PureSlots();
    left_.Clear();
    survivors_.Clear();
    for (const auto& item : current_.items()) {
      if (!item.useless) Place(item.config, item.order, slot, pure);
    }
    for (size_t i = 0; i < left_.items().size(); ++i) {
      auto item = left_.items()[i];
      if (item.useless) continue;
      if (verdict_.steps >= budget.steps || (verdict_.steps % 1024 == 0 && bytes() > budget.bytes)) return Stop();
      ++verdict_.steps;
      space_.Expand(item.config, [&](uint32_t step, const Config& next) {
        uint32_t order = orders_.Then(item.order, step);
        Place(next, WithPure(order, item.config, next, step), slot, pure);
      });
    }
    if (survivors_.items().empty()) {
      verdict_.answer = Answer::kIllegal;
      Known();
      return false;
    }
    space_.Advance(moment);
    std::swap(current_, survivors_);
    if (orders_.Swollen()) Collect();
    return true;
  }

  bool Stop() {
    verdict_.moment = at_;
    verdict_.bytes = bytes();
    verdict_.reason = std::to_string(left_.items().size()) + " configurations at one return";
    return false;
  }

  void Place(Config config, uint32_t order, uint32_t slot, const Mask<Words>& pure) {
    if (config.done.Has(slot)) {
      config.done.Clear(slot);
      survivors_.Insert(config, pure, 0, order);
    } else {
      left_.Insert(config, pure, 0, order);
    }
  }

  // The pure operations that became possible with `step` stand right after it.
  uint32_t WithPure(uint32_t order, const Config& before, const Config& after, uint32_t step) {
    Mask<Words> taken = after.done.Minus(before.done);
    if (!problem_.steps[step].crashed) taken.Clear(problem_.steps[step].slot);
    for (size_t word = 0; word < Words; ++word) {
      for (uint64_t bits = taken.words[word]; bits; bits &= bits - 1) {
        uint32_t slot = static_cast<uint32_t>(word * 64) + static_cast<uint32_t>(__builtin_ctzll(bits));
        order = orders_.Then(order, space_.StepAt(slot));
      }
    }
    return order;
  }

  void Collect() {
    std::vector<uint32_t*> ends;
    for (auto& item : current_.items()) ends.push_back(&item.order);
    orders_.Collect(ends);
  }

  const Problem& problem_;
  Uses uses_;
  Space<Words> space_;
  Reached<Words> current_;
  Reached<Words> left_;       // configurations without the returning operation
  Reached<Words> survivors_;  // and with it
  Orders orders_;
  size_t at_ = 0;
  bool known_ = false;
  Verdict verdict_;
};

}  // namespace kp::linearizability
