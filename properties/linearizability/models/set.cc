// A set: add V, remove V, contains V -> bool, read -> all members in any order. Adding what is there and
// removing what is not are no errors.
#include <algorithm>

#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"
#include "properties/linearizability/models/sequences.h"

namespace kp::linearizability {

namespace {

enum class Function : unsigned char { kAdd, kRemove, kContains, kLacks, kRead };

struct Act {
  Function function;
  uint32_t operand;  // a member, or of a read the state
  auto operator<=>(const Act&) const = default;
};

class Set final : public ActModel<Act> {
 public:
  Set() { states_.Of({}); }

  std::string_view Name() const override { return "set"; }
  State Initial() override { return 0; }
  bool IsPure(Action action) const override {
    return At(action).function != Function::kAdd && At(action).function != Function::kRemove;
  }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "add") return Of({Function::kAdd, values_.Of(operation.input)});
    if (operation.function == "remove") return Of({Function::kRemove, values_.Of(operation.input)});
    bool read = operation.function == "read";
    if (!read && operation.function != "contains") return Unknown(operation, "add, remove, contains and read");
    if (!HasResult(operation)) return Nothing();
    if (!read) {
      Function function = operation.output.AsBool() ? Function::kContains : Function::kLacks;
      return Of({function, values_.Of(operation.input)});
    }
    std::vector<uint32_t> members;
    for (const api::Value& item : operation.output.items()) members.push_back(values_.Of(item));
    std::sort(members.begin(), members.end());
    return Of({Function::kRead, states_.Of(members)});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    if (act.function == Function::kRead) {
      if (act.operand == state) next.push_back(state);
      return;
    }
    std::vector<uint32_t> members = states_[state];
    auto at = std::lower_bound(members.begin(), members.end(), act.operand);
    bool in = at != members.end() && *at == act.operand;
    bool wanted = act.function == Function::kAdd || act.function == Function::kContains;
    if (IsPure(action)) {
      if (in == wanted) next.push_back(state);
      return;
    }
    if (wanted && !in) members.insert(at, act.operand);
    if (!wanted && in) members.erase(at);
    next.push_back(states_.Of(members));
  }

  std::string Describe(State state) const override { return DescribeItems(states_[state], values_); }
  std::string DescribeAction(Action action) const override {
    const Act& act = At(action);
    switch (act.function) {
      case Function::kAdd: return "add " + values_.Text(act.operand);
      case Function::kRemove: return "remove " + values_.Text(act.operand);
      case Function::kContains: return "contains " + values_.Text(act.operand);
      case Function::kLacks: return "lacks " + values_.Text(act.operand);
      case Function::kRead: return "read " + Describe(act.operand);
    }
    return "?";
  }

 private:
  ValueInterner values_;
  Interner<std::vector<uint32_t>> states_;  // members, ascending by number
};

}  // namespace

std::unique_ptr<Model> MakeSet() { return std::make_unique<Set>(); }

}  // namespace kp::linearizability
