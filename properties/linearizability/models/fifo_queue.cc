// A first-in first-out queue: enqueue V, and dequeue -> V, or null when it is empty.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"
#include "properties/linearizability/models/sequences.h"

namespace kp::linearizability {

namespace {

enum class Function : unsigned char { kEnqueue, kDequeue, kDequeueSomething, kDequeueNothing };

struct Act {
  Function function;
  uint32_t value = 0;
  auto operator<=>(const Act&) const = default;
};

// All that was ever enqueued, and how much of it is gone.
struct Content {
  uint32_t sequence;
  uint32_t gone;
  auto operator<=>(const Content&) const = default;
};

class FifoQueue final : public ActModel<Act> {
 public:
  FifoQueue() { states_.Of({Sequences::kEmpty, 0}); }

  std::string_view Name() const override { return "fifo-queue"; }
  State Initial() override { return 0; }
  bool IsPure(Action action) const override { return At(action).function == Function::kDequeueNothing; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "enqueue") return Of({Function::kEnqueue, values_.Of(operation.input)});
    if (operation.function != "dequeue") return Unknown(operation, "enqueue and dequeue");
    if (!HasResult(operation)) return Of({Function::kDequeueSomething});
    if (operation.output.is_null()) return Of({Function::kDequeueNothing});
    return Of({Function::kDequeue, values_.Of(operation.output)});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    const Content content = states_[state];
    const uint32_t left = sequences_.Length(content.sequence) - content.gone;
    switch (act.function) {
      case Function::kEnqueue:
        next.push_back(states_.Of({sequences_.Then(content.sequence, act.value), content.gone}));
        break;
      case Function::kDequeue:
        if (left > 0 && First(content) == act.value) next.push_back(Rest(content, left));
        break;
      case Function::kDequeueSomething: next.push_back(left > 0 ? Rest(content, left) : state); break;
      case Function::kDequeueNothing:
        if (left == 0) next.push_back(state);
        break;
    }
  }

  std::string Describe(State state) const override {
    std::vector<uint32_t> items = sequences_.Items(states_[state].sequence);
    items.erase(items.begin(), items.begin() + states_[state].gone);
    return DescribeItems(items, values_);
  }
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
  uint32_t First(const Content& content) const {
    uint32_t at = content.sequence;
    while (sequences_.Length(at) > content.gone + 1) at = sequences_.Before(at);
    return sequences_.Last(at);
  }
  // An empty queue is one state, whatever went through it.
  State Rest(const Content& content, uint32_t left) {
    return left == 1 ? 0 : states_.Of({content.sequence, content.gone + 1});
  }

  ValueInterner values_;
  Sequences sequences_;
  Interner<Content> states_;
};

}  // namespace

std::unique_ptr<Model> MakeFifoQueue() { return std::make_unique<FifoQueue>(); }

}  // namespace kp::linearizability
