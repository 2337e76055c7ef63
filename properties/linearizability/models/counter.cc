// A counter: add N (may be negative), and read -> N; zero at first.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"

namespace kp::linearizability {

namespace {

struct Act {
  bool read;
  int64_t number;
  auto operator<=>(const Act&) const = default;
};

class Counter final : public ActModel<Act> {
 public:
  Counter() { states_.Of(0); }

  std::string_view Name() const override { return "counter"; }
  State Initial() override { return 0; }
  bool IsPure(Action action) const override { return At(action).read || At(action).number == 0; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "read") {
      if (!HasResult(operation)) return Nothing();
      if (!operation.output.is_int()) return Malformed(operation, "a whole number as its result");
      return Of({true, operation.output.AsInt()});
    }
    if (operation.function != "add") return Unknown(operation, "add and read");
    if (!operation.input.is_int()) return Malformed(operation, "a whole number");
    return Of({false, operation.input.AsInt()});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    int64_t value = states_[state];
    if (!act.read) {
      int64_t sum = 0;
      if (!__builtin_add_overflow(value, act.number, &sum)) next.push_back(states_.Of(sum));
    } else if (value == act.number) {
      next.push_back(state);
    }
  }

  std::string Describe(State state) const override { return std::to_string(states_[state]); }
  std::string DescribeAction(Action action) const override {
    return (At(action).read ? "read " : "add ") + std::to_string(At(action).number);
  }

 private:
  Interner<int64_t> states_;
};

}  // namespace

std::unique_ptr<Model> MakeCounter() { return std::make_unique<Counter>(); }

}  // namespace kp::linearizability
