// What most models share: actions are numbered acts.
#pragma once

#include "properties/linearizability/model.h"
#include "properties/linearizability/models/interner.h"

namespace kp::linearizability {

// Act is a comparable struct of small numbers.
template <typename Act>
class ActModel : public Model {
 protected:
  const Act& At(Action action) const { return acts_[action]; }
  std::optional<Action> Of(const Act& act) { return acts_.Of(act); }
  static std::optional<Action> Nothing() { return std::nullopt; }

  Status Unknown(const history::Operation& operation, std::string_view functions) const {
    return {Code::kInvalidArgument, "a " + std::string(Name()) + " has " + std::string(functions) + ", not \"" +
                                        operation.function + "\" (event " + std::to_string(operation.call) + ")"};
  }
  static Status Malformed(const history::Operation& operation, std::string_view wanted) {
    return {Code::kInvalidArgument, operation.function + " (event " + std::to_string(operation.call) + ") needs " +
                                        std::string(wanted) + ", not " + api::ToJson(operation.input)};
  }

 private:
  Interner<Act> acts_;
};

inline bool HasResult(const history::Operation& operation) { return operation.outcome == history::EventType::kOk; }

}  // namespace kp::linearizability
