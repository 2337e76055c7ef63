// How the configurations of a frontier came to be: chains of steps that share their beginnings.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kp::linearizability {

class Orders {
 public:
  static constexpr uint32_t kRoot = 0;

  Orders() : nodes_(1) {}

  uint32_t Then(uint32_t order, uint32_t step) {
    nodes_.push_back({order, step});
    return static_cast<uint32_t>(nodes_.size() - 1);
  }

  std::vector<uint32_t> Steps(uint32_t order) const {
    std::vector<uint32_t> steps;
    for (; order != kRoot; order = nodes_[order].before) steps.push_back(nodes_[order].step);
    std::reverse(steps.begin(), steps.end());
    return steps;
  }

  // Worth collecting: it has doubled since the last time.
  bool Swollen() const { return nodes_.size() > limit_; }

  // Keeps what leads to `ends`, and changes them to their new numbers.
  void Collect(const std::vector<uint32_t*>& ends) {
    std::vector<bool> kept(nodes_.size());
    kept[kRoot] = true;
    for (uint32_t* end : ends) {
      for (uint32_t at = *end; !kept[at]; at = nodes_[at].before) kept[at] = true;
    }
    std::vector<uint32_t> renamed(nodes_.size());
    uint32_t count = 0;
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
      if (!kept[i]) continue;
      renamed[i] = count;
      nodes_[count++] = {renamed[nodes_[i].before], nodes_[i].step};
    }
    nodes_.resize(count);
    for (uint32_t* end : ends) *end = renamed[*end];
    limit_ = std::max(kLeast, 2 * nodes_.size());
  }

  size_t bytes() const { return nodes_.capacity() * sizeof(Node); }

 private:
  static constexpr size_t kLeast = 1 << 18;
  struct Node {
    uint32_t before = 0;
    uint32_t step = 0;
  };
  std::vector<Node> nodes_;
  size_t limit_ = kLeast;
};

}  // namespace kp::linearizability
