// Pending work in order of (time, order of adding), with O(log n) adding, removing and popping: an
// indexed binary heap over reused slots. Both Envs stand on it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/base/time.h"
#include "reference/runtime/env.h"

namespace kp::runtime {

template <typename Payload>
class TimerQueue {
 public:
  struct Item {
    Time when;
    uint64_t sequence = 0;
    Payload payload;
  };

  TimerId Add(Time when, Payload payload) {
    uint32_t slot;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    slots_[slot].payload = std::move(payload);
    Push(when, slot);
    return IdOf(slot);
  }

  // Takes `id` out unrun; its payload is dropped. False when it ran, was removed or never existed.
  bool Remove(TimerId id) {
    uint32_t slot;
    if (!Find(id, slot)) return false;
    if (slots_[slot].position != kParked) Erase(slots_[slot].position);
    Release(slot);
    return true;
  }

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  Time NextTime() const { return heap_.front().when; }
  const Payload& Next() const { return slots_[heap_.front().slot].payload; }

  Item Pop() {
    CHECK(!heap_.empty());
    Node node = heap_.front();
    Erase(0);
    Item item{node.when, node.sequence, std::move(slots_[node.slot].payload)};
    Release(node.slot);
    return item;
  }

  // Sets the next item aside; its id stays good for Remove. Unpark brings it back, last among its
  // equals in time, and is false when it was removed meanwhile.
  TimerId ParkNext() {
    uint32_t slot = heap_.front().slot;
    Erase(0);
    slots_[slot].position = kParked;
    return IdOf(slot);
  }
  bool Unpark(TimerId id, Time when) {
    uint32_t slot;
    if (!Find(id, slot) || slots_[slot].position != kParked) return false;
    Push(when, slot);
    return true;
  }
  const Payload* Get(TimerId id) const {
    uint32_t slot;
    return Find(id, slot) ? &slots_[slot].payload : nullptr;
  }

  // Linear, for rare events such as the end of a process. Covers parked items.
  template <typename Predicate>
  void RemoveIf(Predicate predicate) {
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot].position != kFree && predicate(std::as_const(slots_[slot].payload))) Remove(IdOf(slot));
    }
  }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  static constexpr uint32_t kParked = UINT32_MAX - 1;

  struct Node {
    Time when;
    uint64_t sequence;
    uint32_t slot;
    bool operator<(const Node& other) const {
      return when != other.when ? when < other.when : sequence < other.sequence;
    }
  };
  struct Slot {
    Payload payload{};
    uint32_t generation = 0;
    uint32_t position = kFree;  // in heap_
  };

  TimerId IdOf(uint32_t slot) const { return {(uint64_t{slots_[slot].generation} << 32) | (uint64_t{slot} + 1)}; }

  bool Find(TimerId id, uint32_t& slot) const {
    uint64_t index = id.value & 0xffffffffU;
    if (index == 0 || index > slots_.size()) return false;
    slot = static_cast<uint32_t>(index - 1);
    return slots_[slot].position != kFree && slots_[slot].generation == id.value >> 32;
  }

  void Release(uint32_t slot) {
    // Dropping a payload may run destructors that come back here: the slot is free before that.
    [[maybe_unused]] Payload dropped = std::exchange(slots_[slot].payload, Payload{});
    slots_[slot].position = kFree;
    ++slots_[slot].generation;
    free_.push_back(slot);
  }

  void Push(Time when, uint32_t slot) {
    heap_.push_back({when, ++sequence_, slot});
    slots_[slot].position = static_cast<uint32_t>(heap_.size() - 1);
    Up(heap_.size() - 1);
  }

  void Place(size_t position, Node node) {
    heap_[position] = node;
    slots_[node.slot].position = static_cast<uint32_t>(position);
  }

  void Up(size_t position) {
    Node node = heap_[position];
    while (position > 0) {
      size_t parent = (position - 1) / 2;
      if (!(node < heap_[parent])) break;
      Place(position, heap_[parent]);
      position = parent;
    }
    Place(position, node);
  }

  void Down(size_t position) {
    Node node = heap_[position];
    for (;;) {
      size_t child = 2 * position + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
      if (!(heap_[child] < node)) break;
      Place(position, heap_[child]);
      position = child;
    }
    Place(position, node);
  }

  void Erase(size_t position) {
    Node last = heap_.back();
    heap_.pop_back();
    if (position == heap_.size()) return;
    Place(position, last);
    Up(position);
    Down(slots_[last.slot].position);
  }

  std::vector<Node> heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  uint64_t sequence_ = 0;
};

}  // namespace kp::runtime
