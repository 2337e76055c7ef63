// What an object is supposed to do, one operation at a time.
//
// The searches know nothing about objects. States and actions are small numbers that the model
// hands out: equal states must have equal numbers, or the searches do not terminate early.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "properties/history/operation.h"

namespace kp::linearizability {

using State = uint32_t;
// A function with its arguments and the result it is known to have had. Operations of one action
// can stand for each other.
using Action = uint32_t;

class Model {
 public:
  virtual ~Model() = default;

  virtual std::string_view Name() const = 0;

  // kInvalidArgument for what this object does not do. An operation of unknown outcome is asked
  // for the action that it has if it happens; nullopt when it then changes nothing, so that it does
  // not matter (a read). A known failure is not asked for.
  virtual Result<std::optional<Action>> Recognise(const history::Operation& operation) = 0;

  virtual State Initial() = 0;

  // The states in which the action may leave the object; empty when it cannot have had its result
  // here. More than one only where the result is unknown and leaves a choice.
  virtual void Step(State state, Action action, std::vector<State>& next) = 0;

  // True when the action changes no state in which it is possible. Such an action may take place as
  // soon as it can, without loss.
  virtual bool IsPure(Action action) const = 0;

  // For people: "write 3", "{a: 1}".
  virtual std::string Describe(State state) const = 0;
  virtual std::string DescribeAction(Action action) const = 0;
};

// Operations on different parts of an object do not see each other, so that each part can be
// checked alone (P-compositionality: Horn and Kroening, FORTE 2015).
struct ModelKind {
  std::string name;
  std::string summary;  // of functions and values, for --help
  bool by_key = true;   // each key of the history is an object of its own
  std::function<std::unique_ptr<Model>()> make;
};

const std::vector<ModelKind>& ModelKinds();

// By name, with an argument where the model takes one: "semaphore:3". kInvalidArgument lists the names.
Result<ModelKind> FindModel(std::string_view name);

}  // namespace kp::linearizability
