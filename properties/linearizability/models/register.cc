// A register: read, write and compare-and-set of one value, null at first. Functions and values are
// Jepsen's.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"

namespace kp::linearizability {

namespace {

enum class Function : unsigned char { kRead, kWrite, kCas };

struct Act {
  Function function;
  uint32_t value;     // read, written, or expected
  uint32_t next = 0;  // of a cas
  auto operator<=>(const Act&) const = default;
};

class Register final : public ActModel<Act> {
 public:
  Register() { values_.Of(nullptr); }

  std::string_view Name() const override { return "register"; }
  State Initial() override { return 0; }
  bool IsPure(Action action) const override { return At(action).function == Function::kRead; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "read") {
      return HasResult(operation) ? Of({Function::kRead, values_.Of(operation.output)}) : Nothing();
    }
    if (operation.function == "write") return Of({Function::kWrite, values_.Of(operation.input)});
    if (operation.function != "cas") return Unknown(operation, "read, write and cas");
    if (operation.input.size() != 2) return Malformed(operation, "[OLD, NEW]");
    return Of({Function::kCas, values_.Of(operation.input[0]), values_.Of(operation.input[1])});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    if (act.function == Function::kWrite) {
      next.push_back(act.value);
    } else if (act.value == state) {
      next.push_back(act.function == Function::kCas ? act.next : state);
    }
  }

  std::string Describe(State state) const override { return values_.Text(state); }
  std::string DescribeAction(Action action) const override {
    const Act& act = At(action);
    switch (act.function) {
      case Function::kRead: return "read " + values_.Text(act.value);
      case Function::kWrite: return "write " + values_.Text(act.value);
      case Function::kCas: return "cas " + values_.Text(act.value) + " to " + values_.Text(act.next);
    }
    return "?";
  }

 private:
  ValueInterner values_;  // a state is its value's number
};

}  // namespace

std::unique_ptr<Model> MakeRegister() { return std::make_unique<Register>(); }

}  // namespace kp::linearizability
