// Bags: the unordered queue gives any of its items, the priority queue its least (numbers by value,
// else by text). enqueue V, and dequeue -> V, or null when it is empty.
#include <algorithm>

#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"
#include "properties/linearizability/models/sequences.h"

namespace kp::linearizability {

namespace {

enum class Function : unsigned char { kEnqueue, kDequeue, kDequeueSomething, kDequeueNothing };
enum class Gives : unsigned char { kAny, kLeast };

struct Act {
  Function function;
  uint32_t value = 0;
  auto operator<=>(const Act&) const = default;
};

class Bag final : public ActModel<Act> {
 public:
  explicit Bag(Gives gives) : gives_(gives) { states_.Of({}); }

  std::string_view Name() const override { return gives_ == Gives::kAny ? "unordered-queue" : "priority-queue"; }
  State Initial() override { return 0; }
  bool IsPure(Action action) const override { return At(action).function == Function::kDequeueNothing; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "enqueue") return Of({Function::kEnqueue, Item(operation.input)});
    if (operation.function != "dequeue") return Unknown(operation, "enqueue and dequeue");
    if (!HasResult(operation)) return Of({Function::kDequeueSomething});
    if (operation.output.is_null()) return Of({Function::kDequeueNothing});
    return Of({Function::kDequeue, Item(operation.output)});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    const std::vector<uint32_t>& items = states_[state];
    switch (act.function) {
      case Function::kEnqueue: {
        std::vector<uint32_t> more = items;
        auto earlier = [this](uint32_t a, uint32_t b) { return ranks_[a] < ranks_[b]; };
        more.insert(std::lower_bound(more.begin(), more.end(), act.value, earlier), act.value);
        next.push_back(states_.Of(more));
        break;
      }
      case Function::kDequeue:
        if (Takes(items, act.value)) next.push_back(Without(items, act.value));
        break;
      case Function::kDequeueSomething: TakeSomething(state, next); break;
      case Function::kDequeueNothing:
        if (items.empty()) next.push_back(state);
        break;
    }
  }

  std::string Describe(State state) const override { return DescribeItems(states_[state], values_); }
  std::string DescribeAction(Action action) const override {
    const Act& act = At(action);
    switch (act.function) {
      case Function::kEnqueue: return "enqueue " + values_.Text(act.value);
      case Function::kDequeue: return "dequeue " + values_.Text(act.value);
      case Function::kDequeueSomething: return "dequeue of unknown result";
      case Function::kDequeueNothing: return "dequeue nothing";
    }
    return "?";
  }

 private:
  struct Rank {
    bool text;
    double number;
    std::string json;
    auto operator<=>(const Rank&) const = default;
  };

  uint32_t Item(const api::Value& value) {
    uint32_t id = values_.Of(value);
    if (id == ranks_.size()) ranks_.push_back({!value.is_number(), value.AsDouble(), api::ToJson(value)});
    return id;
  }
  bool Takes(const std::vector<uint32_t>& items, uint32_t value) const {
    if (gives_ == Gives::kLeast) return !items.empty() && items.front() == value;
    return std::find(items.begin(), items.end(), value) != items.end();
  }
  State Without(std::vector<uint32_t> items, uint32_t value) {
    items.erase(std::find(items.begin(), items.end(), value));
    return states_.Of(items);
  }
  void TakeSomething(State state, std::vector<State>& next) {
    const std::vector<uint32_t> items = states_[state];
    if (items.empty()) next.push_back(state);
    for (size_t i = 0; i < items.size(); ++i) {
      if (gives_ == Gives::kLeast && i > 0) break;
      if (i == 0 || items[i] != items[i - 1]) next.push_back(Without(items, items[i]));
    }
  }

  Gives gives_;
  ValueInterner values_;
  std::vector<Rank> ranks_;  // by value
  Interner<std::vector<uint32_t>> states_;
};

}  // namespace

std::unique_ptr<Model> MakeUnorderedQueue() { return std::make_unique<Bag>(Gives::kAny); }
std::unique_ptr<Model> MakePriorityQueue() { return std::make_unique<Bag>(Gives::kLeast); }

}  // namespace kp::linearizability
