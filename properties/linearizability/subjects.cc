#include "properties/linearizability/subjects.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace kp::linearizability {

namespace {

using api::Value;
using history::Operation;

constexpr int64_t kValues = 3;

Value DrawValue(Random& random) { return random.Between(1, kValues); }

Value ToArray(const std::deque<int64_t>& items) { return Value::Array(std::vector<Value>(items.begin(), items.end())); }

// A subject made of functions: `apply` may refuse (then the operation failed).
class Scripted final : public Subject {
 public:
  using DrawFn = std::function<Operation(Random&)>;
  using ApplyFn = std::function<std::optional<Value>(const Operation&)>;
  using FalsifyFn = std::function<Value(const Operation&, Random&)>;
  Scripted(DrawFn draw, ApplyFn apply, FalsifyFn falsify)
      : draw_(std::move(draw)), apply_(std::move(apply)), falsify_(std::move(falsify)) {}

  Operation Draw(Random& random) override { return draw_(random); }
  Value Apply(const Operation& operation) override {
    std::optional<Value> output = apply_(operation);
    succeeded_ = output.has_value();
    return output.value_or(Value());
  }
  Value Falsify(const Operation& operation, Random& random) override { return falsify_(operation, random); }
  bool succeeded() const override { return succeeded_; }

 private:
  DrawFn draw_;
  ApplyFn apply_;
  FalsifyFn falsify_;
  bool succeeded_ = true;
};

// Another value where the function answers one.
Scripted::FalsifyFn WrongAnswerOf(std::string function) {
  return [function](const Operation& operation, Random& random) {
    return operation.function == function ? DrawValue(random) : operation.output;
  };
}

Operation Make(std::string function, Value input = {}) {
  return {.function = std::move(function), .input = std::move(input)};
}

std::unique_ptr<Subject> Register() {
  auto value = std::make_shared<Value>();
  return std::make_unique<Scripted>(
      [](Random& random) {
        switch (random.Below(3)) {
          case 0: return Make("read");
          case 1: return Make("write", DrawValue(random));
          default: return Make("cas", api::Arr({DrawValue(random), DrawValue(random)}));
        }
      },
      [value](const Operation& operation) -> std::optional<Value> {
        if (operation.function == "read") return *value;
        if (operation.function == "cas" && *value != operation.input[0]) return std::nullopt;
        *value = operation.function == "cas" ? operation.input[1] : operation.input;
        return operation.input;
      },
      WrongAnswerOf("read"));
}

std::unique_ptr<Subject> Kv() {
  auto text = std::make_shared<std::string>();
  return std::make_unique<Scripted>(
      [](Random& random) {
        constexpr const char* kFunctions[] = {"get", "get", "put", "append"};
        const char* function = kFunctions[random.Below(4)];
        return Make(function, std::string_view(function) == "get" ? Value() : Value(random.Chance(0.5) ? "a" : "b"));
      },
      [text](const Operation& operation) -> std::optional<Value> {
        if (operation.function == "put") *text = operation.input.str();
        if (operation.function == "append") *text += operation.input.str();
        return Value(*text);
      },
      [](const Operation& operation, Random& random) {
        constexpr const char* kTexts[] = {"", "a", "b", "ab"};
        return operation.function == "get" ? Value(kTexts[random.Below(4)]) : operation.output;
      });
}

std::unique_ptr<Subject> List() {
  auto items = std::make_shared<std::deque<int64_t>>();
  return std::make_unique<Scripted>(
      [](Random& random) { return random.Chance(0.5) ? Make("read") : Make("append", DrawValue(random)); },
      [items](const Operation& operation) -> std::optional<Value> {
        if (operation.function == "append") items->push_back(operation.input.AsInt());
        return ToArray(*items);
      },
      [](const Operation& operation, Random& random) {
        if (operation.function != "read" || operation.output.size() == 0) return operation.output;
        return operation.output.WithItem(random.Below(operation.output.size()), DrawValue(random));
      });
}

enum class Takes : unsigned char { kFirst, kLast, kLeast, kAny };

std::unique_ptr<Subject> Container(Takes takes, std::string put, std::string take) {
  auto items = std::make_shared<std::deque<int64_t>>();
  auto turn = std::make_shared<size_t>(0);
  return std::make_unique<Scripted>(
      [put, take](Random& random) { return random.Chance(0.5) ? Make(take) : Make(put, DrawValue(random)); },
      [=](const Operation& operation) -> std::optional<Value> {
        if (operation.function == put) {
          items->push_back(operation.input.AsInt());
          return operation.input;
        }
        if (items->empty()) return Value();
        size_t at = 0;
        if (takes == Takes::kLast) at = items->size() - 1;
        if (takes == Takes::kLeast)
          at = static_cast<size_t>(std::min_element(items->begin(), items->end()) - items->begin());
        if (takes == Takes::kAny) at = ++*turn % items->size();
        int64_t item = (*items)[at];
        items->erase(items->begin() + static_cast<ptrdiff_t>(at));
        return Value(item);
      },
      WrongAnswerOf(take));
}

std::unique_ptr<Subject> Set() {
  auto members = std::make_shared<std::set<int64_t>>();
  return std::make_unique<Scripted>(
      [](Random& random) {
        constexpr const char* kFunctions[] = {"add", "add", "remove", "contains", "read"};
        return Make(kFunctions[random.Below(5)], DrawValue(random));
      },
      [members](const Operation& operation) -> std::optional<Value> {
        int64_t item = operation.input.AsInt();
        if (operation.function == "add") members->insert(item);
        if (operation.function == "remove") members->erase(item);
        if (operation.function == "contains") return Value(members->contains(item));
        return Value::Array(std::vector<Value>(members->rbegin(), members->rend()));
      },
      [](const Operation& operation, Random& random) {
        if (operation.function == "contains") return Value(!operation.output.AsBool());
        return operation.function == "read" ? api::Arr({DrawValue(random)}) : operation.output;
      });
}

std::unique_ptr<Subject> Counter() {
  auto sum = std::make_shared<int64_t>(0);
  return std::make_unique<Scripted>(
      [](Random& random) { return random.Chance(0.5) ? Make("read") : Make("add", random.Between(-1, 2)); },
      [sum](const Operation& operation) -> std::optional<Value> {
        if (operation.function == "add") *sum += operation.input.AsInt();
        return Value(*sum);
      },
      WrongAnswerOf("read"));
}

// Of `permits`; with owners, releases are drawn for any of them and refused when it is not theirs.
std::unique_ptr<Subject> Lock(int64_t permits, bool owned, bool fenced) {
  struct State {
    int64_t free;
    Value owner;
    int64_t token = 0;
  };
  auto state = std::make_shared<State>(State{permits, {}});
  return std::make_unique<Scripted>(
      [owned](Random& random) {
        return Make(random.Chance(0.5) ? "acquire" : "release", owned ? DrawValue(random) : Value());
      },
      [=](const Operation& operation) -> std::optional<Value> {
        bool acquire = operation.function == "acquire";
        if (acquire ? state->free == 0 : state->free == permits) return std::nullopt;
        if (owned && !acquire && state->owner != operation.input) return std::nullopt;
        state->free += acquire ? -1 : 1;
        state->owner = operation.input;
        return fenced && acquire ? Value(++state->token) : Value();
      },
      [fenced](const Operation& operation, Random& random) {
        return fenced && operation.function == "acquire" ? DrawValue(random) : operation.output;
      });
}

std::unique_ptr<Subject> MultiRegister() {
  auto registers = std::make_shared<std::map<int64_t, Value>>();
  return std::make_unique<Scripted>(
      [](Random& random) {
        std::vector<Value> micros;
        for (size_t i = 0; i < 2; ++i) {
          bool write = random.Chance(0.5);
          micros.push_back(api::Arr({write ? "w" : "r", random.Between(0, 1), write ? DrawValue(random) : Value()}));
        }
        return Make("txn", Value::Array(std::move(micros)));
      },
      [registers](const Operation& operation) -> std::optional<Value> {
        std::vector<Value> results;
        for (const Value& micro : operation.input.items()) {
          Value& stored = (*registers)[micro[1].AsInt()];
          if (micro[0].AsString() == "w") stored = micro[2];
          results.push_back(api::Arr({micro[0], micro[1], stored}));
        }
        return Value::Array(std::move(results));
      },
      [](const Operation& operation, Random& random) {
        if (operation.output[0][0].AsString() != "r") return operation.output;
        return operation.output.WithItem(0, operation.output[0].WithItem(2, DrawValue(random)));
      });
}

}  // namespace

std::unique_ptr<Subject> MakeSubject(std::string_view model) {
  if (model == "register" || model == "cas-register") return Register();
  if (model == "multi-register") return MultiRegister();
  if (model == "kv") return Kv();
  if (model == "append-list") return List();
  if (model == "fifo-queue") return Container(Takes::kFirst, "enqueue", "dequeue");
  if (model == "unordered-queue") return Container(Takes::kAny, "enqueue", "dequeue");
  if (model == "priority-queue") return Container(Takes::kLeast, "enqueue", "dequeue");
  if (model == "stack") return Container(Takes::kLast, "push", "pop");
  if (model == "set") return Set();
  if (model == "counter") return Counter();
  if (model == "mutex") return Lock(1, false, false);
  if (model == "owned-mutex") return Lock(1, true, false);
  if (model == "fenced-mutex") return Lock(1, true, true);
  if (model == "semaphore") return Lock(1, false, false);
  if (model == "semaphore:2") return Lock(2, false, false);
  return nullptr;
}

}  // namespace kp::linearizability
