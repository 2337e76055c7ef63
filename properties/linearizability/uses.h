// How many crashed operations of each class a configuration has taken place: vectors of counts, by
// number. Crashed operations of one action stand for each other, so the counts are all that matters.
#pragma once

#include <map>
#include <vector>

#include "reference/base/check.h"

namespace kp::linearizability {

class Uses {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = 0;

  explicit Uses(size_t classes) : classes_(classes) { Intern(std::vector<uint16_t>(classes, 0)); }

  uint16_t Count(Id id, uint32_t of) const { return counts_[id * classes_ + of]; }

  // One more of class `of`.
  Id Plus(Id id, uint32_t of) {
    size_t at = size_t{id} * classes_ + of;
    if (at >= plus_.size()) plus_.resize(counts_.size() * 2, kUnknown);
    if (plus_[at] != kUnknown) return plus_[at];
    std::vector<uint16_t> counts(counts_.begin() + static_cast<ptrdiff_t>(id * classes_),
                                 counts_.begin() + static_cast<ptrdiff_t>((id + 1) * classes_));
    CHECK(counts[of] < 0xffff) << "too many crashed operations alike";
    ++counts[of];
    Id next = Intern(std::move(counts));
    plus_[at] = next;
    return next;
  }

  // No class is used more often in `a` than in `b`: what `b` can still do, `a` can.
  bool NoMore(Id a, Id b) const {
    if (a == b) return true;
    const uint16_t* x = &counts_[a * classes_];
    const uint16_t* y = &counts_[b * classes_];
    for (size_t i = 0; i < classes_; ++i) {
      if (x[i] > y[i]) return false;
    }
    return true;
  }

  size_t bytes() const { return counts_.capacity() * 2 + plus_.capacity() * 4 + ids_.size() * (64 + classes_ * 2); }

 private:
  static constexpr Id kUnknown = ~0u;

  Id Intern(std::vector<uint16_t> counts) {
    auto [at, is_new] = ids_.emplace(std::move(counts), static_cast<Id>(ids_.size()));
    if (is_new) counts_.insert(counts_.end(), at->first.begin(), at->first.end());
    return at->second;
  }

  size_t classes_;
  std::vector<uint16_t> counts_;
  std::vector<Id> plus_;
  std::map<std::vector<uint16_t>, Id> ids_;
};

}  // namespace kp::linearizability
