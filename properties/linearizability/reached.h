// The configurations that a search has reached at one moment, without those that another one makes
// useless: same state, same open operations done, no fewer pure ones done and no more crashed ones used.
#pragma once

#include <vector>

#include "properties/linearizability/configuration.h"

namespace kp::linearizability {

template <size_t Words>
class Reached {
 public:
  struct Item {
    Configuration<Words> config;
    uint32_t moment = 0;
    uint32_t order = 0;  // the search's own: how it came here
    uint32_t next = kEnd;
    bool useless = false;
  };

  explicit Reached(const Uses& uses) : uses_(&uses), heads_(16, kEnd) {}

  void Clear() {
    items_.clear();
    std::fill(heads_.begin(), heads_.end(), kEnd);
  }

  // False when `config` is no news. `pure` are the slots of open pure operations.
  bool Insert(const Configuration<Words>& config, const Mask<Words>& pure, uint32_t moment = 0, uint32_t order = 0) {
    if (items_.size() >= heads_.size()) Grow(pure);
    uint32_t& head = heads_[Bucket(config, pure, moment)];
    for (uint32_t i = head; i != kEnd; i = items_[i].next) {
      Item& item = items_[i];
      if (item.useless || item.moment != moment || item.config.state != config.state) continue;
      if (item.config.done.Minus(pure) != config.done.Minus(pure)) continue;
      if (item.config.done.Includes(config.done) && uses_->NoMore(item.config.used, config.used)) return false;
      if (config.done.Includes(item.config.done) && uses_->NoMore(config.used, item.config.used)) item.useless = true;
    }
    items_.push_back({config, moment, order, head, false});
    head = static_cast<uint32_t>(items_.size() - 1);
    return true;
  }

  // Grows while it is walked by index; the useless are to be left out.
  const std::vector<Item>& items() const { return items_; }
  std::vector<Item>& items() { return items_; }
  size_t bytes() const { return items_.capacity() * sizeof(Item) + heads_.capacity() * sizeof(uint32_t); }

 private:
  static constexpr uint32_t kEnd = ~0u;

  size_t Bucket(const Configuration<Words>& config, const Mask<Words>& pure, uint32_t moment) const {
    return Mix(Hash(config.state, config.done.Minus(pure)), moment) & (heads_.size() - 1);
  }
  void Grow(const Mask<Words>& pure) {
    heads_.assign(heads_.size() * 4, kEnd);
    for (uint32_t i = 0; i < items_.size(); ++i) {
      uint32_t& head = heads_[Bucket(items_[i].config, pure, items_[i].moment)];
      items_[i].next = head;
      head = i;
    }
  }

  const Uses* uses_;
  std::vector<Item> items_;
  std::vector<uint32_t> heads_;
};

}  // namespace kp::linearizability
