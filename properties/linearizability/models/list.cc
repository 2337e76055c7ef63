// A list: append V, and read -> all items; empty at first.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"
#include "properties/linearizability/models/sequences.h"

namespace kp::linearizability {

namespace {

struct Act {
  bool read;
  uint32_t operand;  // the sequence read, or the value appended
  auto operator<=>(const Act&) const = default;
};

class List final : public ActModel<Act> {
 public:
  std::string_view Name() const override { return "append-list"; }
  State Initial() override { return Sequences::kEmpty; }
  bool IsPure(Action action) const override { return At(action).read; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "append") return Of({false, values_.Of(operation.input)});
    if (operation.function != "read") return Unknown(operation, "append and read");
    if (!HasResult(operation)) return Nothing();
    uint32_t sequence = Sequences::kEmpty;
    for (const api::Value& item : operation.output.items()) sequence = sequences_.Then(sequence, values_.Of(item));
    return Of({true, sequence});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    if (!act.read) {
      next.push_back(sequences_.Then(state, act.operand));
    } else if (act.operand == state) {
      next.push_back(state);
    }
  }

  std::string Describe(State state) const override { return DescribeItems(sequences_.Items(state), values_); }
  std::string DescribeAction(Action action) const override {
    const Act& act = At(action);
    return act.read ? "read " + Describe(act.operand) : "append " + values_.Text(act.operand);
  }

 private:
  ValueInterner values_;
  Sequences sequences_;
};

}  // namespace

std::unique_ptr<Model> MakeList() { return std::make_unique<List>(); }

}  // namespace kp::linearizability
