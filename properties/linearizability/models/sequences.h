// Immutable sequences by number: each is another one with an item more, so that equal sequences have
// equal numbers and a step costs the same at any length.
#pragma once

#include "properties/linearizability/models/interner.h"

namespace kp::linearizability {

class Sequences {
 public:
  static constexpr uint32_t kEmpty = 0;

  Sequences() { nodes_.Of({~0u, ~0u}); }

  uint32_t Then(uint32_t sequence, uint32_t item) {
    uint32_t next = nodes_.Of({sequence, item});
    if (next == lengths_.size()) lengths_.push_back(lengths_[sequence] + 1);
    return next;
  }
  // Of sequences that are not empty.
  uint32_t Before(uint32_t sequence) const { return nodes_[sequence].before; }
  uint32_t Last(uint32_t sequence) const { return nodes_[sequence].item; }
  uint32_t Length(uint32_t sequence) const { return lengths_[sequence]; }

  std::vector<uint32_t> Items(uint32_t sequence) const {
    std::vector<uint32_t> items(Length(sequence));
    for (size_t i = items.size(); i > 0; sequence = Before(sequence)) items[--i] = Last(sequence);
    return items;
  }

 private:
  struct Node {
    uint32_t before, item;
    auto operator<=>(const Node&) const = default;
  };
  Interner<Node> nodes_;
  std::vector<uint32_t> lengths_ = {0};
};

template <typename Ids>
std::string DescribeItems(const Ids& ids, const ValueInterner& values) {
  std::string text;
  for (uint32_t id : ids) text += (text.empty() ? "" : " ") + values.Text(id);
  return "[" + text + "]";
}

}  // namespace kp::linearizability
