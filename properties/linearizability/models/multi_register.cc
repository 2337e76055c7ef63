// Several registers in one transaction: txn [["r", K, null], ["w", K, V], ...] -> the same with what was
// read. Registers are null at first.
#include <map>

#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"

namespace kp::linearizability {

namespace {

// Of one micro-operation; values by number.
struct Micro {
  bool write;
  uint32_t key;
  uint32_t value;
  auto operator<=>(const Micro&) const = default;
};
using Act = std::vector<Micro>;

class MultiRegister final : public ActModel<Act> {
 public:
  MultiRegister() {
    values_.Of(nullptr);
    states_.Of({});
  }

  std::string_view Name() const override { return "multi-register"; }
  State Initial() override { return 0; }
  bool IsPure(Action action) const override {
    for (const Micro& micro : At(action)) {
      if (micro.write) return false;
    }
    return true;
  }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    if (operation.function != "txn") return Unknown(operation, "txn");
    const bool known = HasResult(operation);
    Act act;
    for (const api::Value& micro : (known ? operation.output : operation.input).items()) {
      std::string_view function = micro[0].AsString();
      if (micro.size() != 3 || (function != "r" && function != "w")) {
        return Malformed(operation, "a list of [\"r\" or \"w\", KEY, VALUE]");
      }
      bool write = function == "w";
      if (!write && !known) continue;
      act.push_back({write, values_.Of(micro[1]), values_.Of(micro[2])});
    }
    return Of(act);
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    Registers registers = states_[state];
    for (const Micro& micro : At(action)) {
      auto at = registers.find(micro.key);
      if (micro.write) {
        registers[micro.key] = micro.value;
      } else if ((at == registers.end() ? 0 : at->second) != micro.value) {
        return;
      }
    }
    next.push_back(states_.Of(registers));
  }

  std::string Describe(State state) const override {
    std::string text;
    for (const auto& [key, value] : states_[state]) {
      text += (text.empty() ? "" : ", ") + values_.Text(key) + ": " + values_.Text(value);
    }
    return "{" + text + "}";
  }
  std::string DescribeAction(Action action) const override {
    std::string text;
    for (const Micro& micro : At(action)) {
      text += std::string(text.empty() ? "" : ", ") + (micro.write ? "write " : "read ") + values_.Text(micro.key) +
              " " + values_.Text(micro.value);
    }
    return text;
  }

 private:
  using Registers = std::map<uint32_t, uint32_t>;
  ValueInterner values_;
  Interner<Registers> states_;
};

}  // namespace

std::unique_ptr<Model> MakeMultiRegister() { return std::make_unique<MultiRegister>(); }

}  // namespace kp::linearizability
