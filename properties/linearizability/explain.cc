#include "properties/linearizability/explain.h"

#include <algorithm>
#include <set>

#include "reference/api/json.h"

namespace kp::linearizability {

namespace {

using history::Operation;

constexpr size_t kWidth = 56;  // characters of the drawn timeline
constexpr size_t kMargin = 2;  // on both sides, for what has no beginning or no end

bool Writes(const Operation& operation, const api::Value& value) {
  if (operation.function == "write" || operation.function == "put") return operation.input == value;
  return operation.function == "cas" && operation.input.size() == 2 && operation.input[1] == value;
}

bool Reads(const Operation& operation) { return operation.function == "read" || operation.function == "get"; }

// Of registers: what one read and the writes around it tell.
std::string WhyRead(const std::vector<Operation>& operations, const Core& core, const Operation& read,
                    const std::string& name) {
  std::vector<const Operation*> sources;
  for (const CoreOperation& each : core.operations) {
    if (Writes(operations[each.operation], read.output)) sources.push_back(&operations[each.operation]);
  }
  for (size_t each : core.optional) {
    if (Writes(operations[each], read.output)) sources.push_back(&operations[each]);
  }
  if (sources.empty() && !read.output.is_null()) return "unexplained value: " + name + ", and nobody wrote that";
  for (const CoreOperation& each : core.operations) {
    const Operation& other = operations[each.operation];
    if (&other == &read || Writes(other, read.output)) continue;
    if (!Reads(other) && other.completion < read.call) {
      return "stale read: " + name + ", but another value had been written before it was called";
    }
    if (Reads(other) && other.completion < read.call) {
      return "value seen and then unseen: " + name + ", after another value had been read";
    }
  }
  return "";
}

std::string Bar(const Operation& operation, const CoreOperation& core, const std::vector<size_t>& marks) {
  auto column = [&](size_t event) {
    size_t rank = static_cast<size_t>(std::lower_bound(marks.begin(), marks.end(), event) - marks.begin());
    return kMargin + (marks.size() < 2 ? 0 : rank * (kWidth - 1 - 2 * kMargin) / (marks.size() - 1));
  };
  size_t from = core.any_time_before ? 0 : column(operation.call);
  size_t to = core.any_time_after ? kWidth - 1 : column(operation.completion);
  std::string bar(kWidth, ' ');
  for (size_t i = from; i <= to; ++i) bar[i] = '-';
  bar[from] = core.any_time_before ? '<' : '|';
  bar[to] = core.any_time_after ? '>' : '|';
  return bar;
}

std::string Order(const ObjectVerdict& object, const std::vector<size_t>& order, Model& model) {
  std::string text;
  for (size_t index : order) text += (text.empty() ? "" : ", ") + Describe(object.operations[index], model);
  return text;
}

std::string ExplainCore(const ObjectVerdict& object, Model& model) {
  const Core& core = *object.core;
  std::vector<size_t> marks;
  for (const CoreOperation& each : core.operations) {
    const Operation& operation = object.operations[each.operation];
    if (!each.any_time_before) marks.push_back(operation.call);
    if (!each.any_time_after) marks.push_back(operation.completion);
  }
  std::sort(marks.begin(), marks.end());
  std::string text = "  " + core.why + "\n  these operations alone are not linearizable, in time from left to right:\n";
  for (const CoreOperation& each : core.operations) {
    const Operation& operation = object.operations[each.operation];
    text += "    " + Bar(operation, each, marks) + "  process " + std::to_string(operation.process) + ": " +
            Describe(operation, model) + "\n";
  }
  if (!core.optional.empty()) {
    bool one = core.optional.size() == 1;
    text += "    (also if " + (one ? "one other write" : std::to_string(core.optional.size()) + " other writes") +
            " took place at any time, or never)\n";
  }
  for (const CoreOperation& each : core.operations) {
    text += "  without \"" + Describe(object.operations[each.operation], model) + "\" of process " +
            std::to_string(object.operations[each.operation].process) + ": " +
            Order(object, each.explained_without_it, model) + "\n";
  }
  return text;
}

}  // namespace

std::string Describe(const Operation& operation, Model& model) {
  Result<std::optional<Action>> action = model.Recognise(operation);
  if (action.ok() && action->has_value()) return model.DescribeAction(**action);
  return operation.function + " " + api::ToJson(operation.input);
}

std::string Why(const std::vector<Operation>& operations, const Core& core, const ModelKind& kind) {
  std::unique_ptr<Model> model = kind.make();
  for (auto each = core.operations.rbegin(); each != core.operations.rend(); ++each) {
    const Operation& operation = operations[each->operation];
    if (!Reads(operation)) continue;
    std::string name = Describe(operation, *model) + " by process " + std::to_string(operation.process);
    std::string why = WhyRead(operations, core, operation, name);
    if (!why.empty()) return why;
  }
  return "no order of these operations, each between its call and its return, gives their results";
}

std::string Explain(const ObjectVerdict& object, const ModelKind& kind) {
  std::string text = object.key.is_null() ? "" : "key " + api::ToJson(object.key) + ": ";
  text += std::string(AnswerName(object.answer)) + " (" + std::to_string(object.operations.size()) + " operations, " +
          std::to_string(object.steps) + " steps)\n";
  if (object.answer == Answer::kUnknown) text += "  " + object.reason + "\n";
  if (object.answer != Answer::kIllegal) return text;
  std::unique_ptr<Model> model = kind.make();
  const Operation& bad = object.operations[object.first_bad];
  text += "  nothing explains the history up to the return of " + Describe(bad, *model) + " by process " +
          std::to_string(bad.process) + " (event " + std::to_string(bad.completion) + ")\n";
  if (object.core) text += ExplainCore(object, *model);
  return text;
}

}  // namespace kp::linearizability
