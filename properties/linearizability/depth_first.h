// Depth first, with memory: one linearization is tried to its end before another is begun, the
// operation that must return first before others. Strong on good histories.
//
// Wing and Gong's search with Lowe's memory of configurations.
#pragma once

#include "properties/linearizability/reached.h"
#include "properties/linearizability/space.h"
#include "properties/linearizability/verdict.h"

namespace kp::linearizability {

template <size_t Words>
class DepthFirst {
 public:
  DepthFirst(const Problem& problem, Transitions& transitions)
      : problem_(problem), uses_(problem.crashed_classes.size()), space_(problem, transitions, uses_), seen_(uses_) {
    Descend({.state = transitions.model().Initial()});
  }

  // Goes on until it knows or has used up the budget since its beginning.
  bool Run(const Budget& budget) {
    while (!known_) {
      if (verdict_.steps >= budget.steps || (verdict_.steps % 1024 == 0 && bytes() > budget.bytes)) return Stop();
      if (frames_.empty()) return Illegal();
      Frame& frame = frames_.back();
      if (frame.tried == frame.end) {
        candidates_.resize(frame.begin);
        frames_.pop_back();
        continue;
      }
      Back(frame);
      ++verdict_.steps;
      const Candidate candidate = candidates_[frame.tried++];
      Take(candidate.step, frame.config, candidate.next);
      Descend(candidate.next);
    }
    return true;
  }

  const Verdict& verdict() const { return verdict_; }
  size_t bytes() const {
    return seen_.bytes() + candidates_.capacity() * sizeof(Candidate) + frames_.capacity() * sizeof(Frame) +
           uses_.bytes();
  }

 private:
  using Config = Configuration<Words>;
  struct Candidate {
    uint32_t step;
    Config next;
  };
  // A return whose operation has not taken place, and the ways on from there.
  struct Frame {
    size_t moment;
    Config config;
    size_t order;  // steps that had taken place
    size_t begin, tried, end;
  };

  bool Stop() {
    verdict_.moment = furthest_;
    verdict_.bytes = bytes();
    verdict_.reason = std::to_string(seen_.items().size()) + " configurations tried";
    return false;
  }
  bool Illegal() {
    verdict_.answer = Answer::kIllegal;
    verdict_.moment = furthest_;
    verdict_.bytes = bytes();
    return known_ = true;
  }

  void Back(const Frame& frame) {
    while (at_ > frame.moment) space_.Retreat(problem_.moments[--at_]);
    verdict_.order.resize(frame.order);
  }

  void Take(uint32_t step, const Config& before, const Config& after) {
    verdict_.order.push_back(step);
    Mask<Words> taken = after.done.Minus(before.done);
    if (!problem_.steps[step].crashed) taken.Clear(problem_.steps[step].slot);
    for (size_t word = 0; word < Words; ++word) {
      for (uint64_t bits = taken.words[word]; bits; bits &= bits - 1) {
        uint32_t slot = static_cast<uint32_t>(word * 64) + static_cast<uint32_t>(__builtin_ctzll(bits));
        verdict_.order.push_back(space_.StepAt(slot));
      }
    }
  }

  // As far as nothing has to take place, then a frame.
  void Descend(Config config) {
    for (; at_ < problem_.moments.size(); ++at_) {
      const Moment& moment = problem_.moments[at_];
      const Step& step = problem_.steps[moment.step];
      if (!moment.is_return) {
        space_.Advance(moment);
        if (!step.pure || !space_.Possible(config, step)) continue;
        config.done.Set(step.slot);
        verdict_.order.push_back(moment.step);
      } else if (config.done.Has(step.slot)) {
        config.done.Clear(step.slot);
        space_.Advance(moment);
      } else {
        furthest_ = std::max(furthest_, at_);
        return Branch(config, moment.step);
      }
    }
    verdict_.answer = Answer::kLegal;
    verdict_.moment = at_;
    verdict_.bytes = bytes();
    known_ = true;
  }

  void Branch(const Config& config, uint32_t wanted) {
    if (!seen_.Insert(config, space_.PureSlots(), static_cast<uint32_t>(at_))) return;
    size_t begin = candidates_.size();
    space_.Expand(config, [&](uint32_t step, const Config& next) { candidates_.push_back({step, next}); });
    auto urgency = [&](const Candidate& candidate) {
      return candidate.step == wanted ? 0 : problem_.steps[candidate.step].returns;
    };
    std::stable_sort(candidates_.begin() + static_cast<ptrdiff_t>(begin), candidates_.end(),
                     [&](const Candidate& a, const Candidate& b) { return urgency(a) < urgency(b); });
    frames_.push_back({at_, config, verdict_.order.size(), begin, begin, candidates_.size()});
  }

  const Problem& problem_;
  Uses uses_;
  Space<Words> space_;
  Reached<Words> seen_;
  std::vector<Candidate> candidates_;
  std::vector<Frame> frames_;
  size_t at_ = 0;
  size_t furthest_ = 0;
  bool known_ = false;
  Verdict verdict_;
};

}  // namespace kp::linearizability
