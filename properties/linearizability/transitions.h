// A model's steps, remembered: a search asks for the same one thousands of times.
#pragma once

#include <unordered_map>

#include "properties/linearizability/model.h"

namespace kp::linearizability {

class Transitions {
 public:
  // Valid until the next call.
  struct Next {
    const State* begin_;
    const State* end_;
    const State* begin() const { return begin_; }
    const State* end() const { return end_; }
    bool empty() const { return begin_ == end_; }
  };

  Transitions(Model& model, uint32_t actions) : model_(model), actions_(actions), dense_(actions <= kDenseActions) {}

  Next Of(State state, Action action) {
    uint64_t& entry = Entry(state, action);
    if (entry == kUnknown) entry = Ask(state, action);
    const State* first = pool_.data() + (entry >> 8);
    return {first, first + (entry & 0xff)};
  }
  bool Possible(State state, Action action) { return !Of(state, action).empty(); }

  Model& model() { return model_; }
  size_t bytes() const;

 private:
  static constexpr uint64_t kUnknown = ~0ull;
  static constexpr uint32_t kDenseActions = 256;

  uint64_t& Entry(State state, Action action) {
    if (!dense_) return sparse_.try_emplace(uint64_t{state} << 32 | action, kUnknown).first->second;
    size_t at = size_t{state} * actions_ + action;
    if (at >= table_.size()) table_.resize((size_t{state} + 1) * 2 * actions_, kUnknown);
    return table_[at];
  }
  uint64_t Ask(State state, Action action);

  Model& model_;
  uint32_t actions_;
  bool dense_;
  std::vector<uint64_t> table_;                    // place in pool_ << 8 | how many
  std::unordered_map<uint64_t, uint64_t> sparse_;  // order is never seen
  std::vector<State> pool_;
  std::vector<State> scratch_;
};

}  // namespace kp::linearizability
