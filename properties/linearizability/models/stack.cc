// A stack: push V, and pop -> V, or null when it is empty.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"
#include "properties/linearizability/models/sequences.h"

namespace kp::linearizability {

namespace {

enum class Function : unsigned char { kPush, kPop, kPopSomething, kPopNothing };

struct Act {
  Function function;
  uint32_t value = 0;
  auto operator<=>(const Act&) const = default;
};

class Stack final : public ActModel<Act> {
 public:
  std::string_view Name() const override { return "stack"; }
  State Initial() override { return Sequences::kEmpty; }
  bool IsPure(Action action) const override { return At(action).function == Function::kPopNothing; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "push") return Of({Function::kPush, values_.Of(operation.input)});
    if (operation.function != "pop") return Unknown(operation, "push and pop");
    if (!HasResult(operation)) return Of({Function::kPopSomething});
    if (operation.output.is_null()) return Of({Function::kPopNothing});
    return Of({Function::kPop, values_.Of(operation.output)});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    const bool empty = state == Sequences::kEmpty;
    switch (act.function) {
      case Function::kPush: next.push_back(sequences_.Then(state, act.value)); break;
      case Function::kPop:
        if (!empty && sequences_.Last(state) == act.value) next.push_back(sequences_.Before(state));
        break;
      case Function::kPopSomething: next.push_back(empty ? state : sequences_.Before(state)); break;
      case Function::kPopNothing:
        if (empty) next.push_back(state);
        break;
    }
  }

  std::string Describe(State state) const override { return DescribeItems(sequences_.Items(state), values_); }
  std::string DescribeAction(Action action) const override {
    const Act& act = At(action);
    switch (act.function) {
      case Function::kPush: return "push " + values_.Text(act.value);
      case Function::kPop: return "pop " + values_.Text(act.value);
      case Function::kPopSomething: return "pop of unknown result";
      case Function::kPopNothing: return "pop nothing";
    }
    return "?";
  }

 private:
  ValueInterner values_;
  Sequences sequences_;
};

}  // namespace

std::unique_ptr<Model> MakeStack() { return std::make_unique<Stack>(); }

}  // namespace kp::linearizability
