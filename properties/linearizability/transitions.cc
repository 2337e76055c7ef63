#include "properties/linearizability/transitions.h"

#include "reference/base/check.h"

namespace kp::linearizability {

uint64_t Transitions::Ask(State state, Action action) {
  scratch_.clear();
  model_.Step(state, action, scratch_);
  CHECK(scratch_.size() < 256) << model_.Name() << " leaves " << scratch_.size() << " ways open";
  uint64_t entry = uint64_t{pool_.size()} << 8 | scratch_.size();
  pool_.insert(pool_.end(), scratch_.begin(), scratch_.end());
  return entry;
}

size_t Transitions::bytes() const {
  return table_.capacity() * sizeof(uint64_t) + sparse_.size() * 40 + pool_.capacity() * sizeof(State);
}

}  // namespace kp::linearizability
