// A key's string: get, put and append, "" at first; Porcupine's key-value histories.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"

namespace kp::linearizability {

namespace {

enum class Function : unsigned char { kGet, kPut, kAppend };

struct Act {
  Function function;
  uint32_t value;
  auto operator<=>(const Act&) const = default;
};

class Kv final : public ActModel<Act> {
 public:
  Kv() { texts_.Of(""); }

  std::string_view Name() const override { return "kv"; }
  State Initial() override { return 0; }
  bool IsPure(Action action) const override { return At(action).function == Function::kGet; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function == "get") {
      return HasResult(operation) ? Of({Function::kGet, texts_.Of(operation.output.str())}) : Nothing();
    }
    bool put = operation.function == "put";
    if (!put && operation.function != "append") return Unknown(operation, "get, put and append");
    if (!operation.input.is_string()) return Malformed(operation, "a string");
    return Of({put ? Function::kPut : Function::kAppend, texts_.Of(operation.input.str())});
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    switch (act.function) {
      case Function::kGet:
        if (act.value == state) next.push_back(state);
        break;
      case Function::kPut: next.push_back(act.value); break;
      case Function::kAppend: next.push_back(texts_.Of(texts_[state] + texts_[act.value])); break;
    }
  }

  std::string Describe(State state) const override { return '"' + texts_[state] + '"'; }
  std::string DescribeAction(Action action) const override {
    constexpr const char* kNames[] = {"get", "put", "append"};
    return std::string(kNames[static_cast<size_t>(At(action).function)]) + " \"" + texts_[At(action).value] + '"';
  }

 private:
  Interner<std::string> texts_;  // a state is its text's number
};

}  // namespace

std::unique_ptr<Model> MakeKv() { return std::make_unique<Kv>(); }

}  // namespace kp::linearizability
