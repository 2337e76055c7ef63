#include "reference/api/patch.h"

#include <functional>

#include "reference/api/json.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

using Op = PatchOperation::Op;

constexpr std::string_view kTestFailed = "JSONPatchTestFailed";
constexpr std::string_view kNotApplicable = "UnexpectedServerResponse";

std::string_view OpName(Op op) {
  switch (op) {
    case Op::kAdd: return "add";
    case Op::kRemove: return "remove";
    case Op::kReplace: return "replace";
    case Op::kMove: return "move";
    case Op::kCopy: return "copy";
    case Op::kTest: return "test";
  }
  return "";
}

std::string Missing(Op op, const PointerTokens& path) {
  return std::string(OpName(op)) + " operation does not apply: doc is missing path: " + Quote(PointerText(path)) +
         ": missing value";
}

ApiStatus Inapplicable(std::string why) { return PatchDoesNotApply(kNotApplicable, std::move(why)); }

// The container that holds the last token of a path, changed: given the old container, the new one,
// or nothing when the change does not apply there.
using Change = std::function<std::optional<Value>(const Value& container, const std::string& token)>;

std::optional<Value> ChangeAt(const Value& at, const PointerTokens& path, size_t depth, const Change& change) {
  const std::string& token = path[depth];
  if (depth + 1 == path.size()) return change(at, token);
  if (at.is_object()) {
    if (!at.Has(token)) return std::nullopt;
    std::optional<Value> inner = ChangeAt(at[token], path, depth + 1, change);
    if (!inner) return std::nullopt;
    return at.With(token, std::move(*inner));
  }
  if (!at.is_array() || at.empty()) return std::nullopt;
  std::optional<size_t> index = PointerIndex(token, at.size() - 1);
  if (!index) return std::nullopt;
  std::optional<Value> inner = ChangeAt(at[*index], path, depth + 1, change);
  if (!inner) return std::nullopt;
  return at.WithItem(*index, std::move(*inner));
}

std::optional<Value> Insert(const Value& container, const std::string& token, const Value& value) {
  if (container.is_object()) return container.With(token, value);
  if (!container.is_array()) return std::nullopt;
  std::optional<size_t> index = token == "-" ? container.size() : PointerIndex(token, container.size());
  if (!index) return std::nullopt;
  std::vector<Value> items(container.items().begin(), container.items().end());
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*index), value);
  return Value::Array(std::move(items));
}

std::optional<Value> Erase(const Value& container, const std::string& token) {
  if (container.is_object()) {
    if (!container.Has(token)) return std::nullopt;
    return container.Without(token);
  }
  if (!container.is_array() || container.empty()) return std::nullopt;
  std::optional<size_t> index = PointerIndex(token, container.size() - 1);
  if (!index) return std::nullopt;
  std::vector<Value> items(container.items().begin(), container.items().end());
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(*index));
  return Value::Array(std::move(items));
}

std::optional<Value> Replace(const Value& container, const std::string& token, const Value& value) {
  if (container.is_object()) {
    if (!container.Has(token)) return std::nullopt;
    return container.With(token, value);
  }
  if (!container.is_array() || container.empty()) return std::nullopt;
  std::optional<size_t> index = PointerIndex(token, container.size() - 1);
  if (!index) return std::nullopt;
  return container.WithItem(*index, value);
}

std::optional<Value> Add(const Value& object, const PointerTokens& path, const Value& value) {
  if (path.empty()) return value;
  return ChangeAt(object, path, 0,
                  [&](const Value& container, const std::string& token) { return Insert(container, token, value); });
}

bool IsProperPrefix(const PointerTokens& prefix, const PointerTokens& path) {
  return prefix.size() < path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

class Application {
 public:
  explicit Application(const Value& object) : object_(object) {}

  ApiStatus Apply(const PatchOperation& operation) {
    switch (operation.op) {
      case Op::kTest: return Test(operation);
      case Op::kMove: return Move(operation);
      case Op::kCopy: return Copy(operation);
      case Op::kAdd: return Take(operation, Add(object_, operation.path, operation.value));
      case Op::kReplace:
        if (operation.path.empty()) return Take(operation, operation.value);
        return Take(operation,
                    ChangeAt(object_, operation.path, 0, [&](const Value& container, const std::string& token) {
                      return Replace(container, token, operation.value);
                    }));
      case Op::kRemove:
        if (operation.path.empty()) return Inapplicable(Missing(operation.op, operation.path));
        return Take(operation, ChangeAt(object_, operation.path, 0, Erase));
    }
    return {};
  }

  const Value& object() const { return object_; }

 private:
  ApiStatus Take(const PatchOperation& operation, std::optional<Value> changed) {
    if (!changed) return Inapplicable(Missing(operation.op, operation.path));
    object_ = std::move(*changed);
    return {};
  }

  // What is not there equals null: so does the library upstream uses.
  ApiStatus Test(const PatchOperation& operation) {
    if (KP_MUTANT("json-patch-test-always-holds")) return {};
    const Value* found = FindPointer(object_, operation.path);
    if (found != nullptr ? *found == operation.value : operation.value.is_null()) return {};
    return PatchDoesNotApply(kTestFailed, "testing value " + PointerText(operation.path) + " failed: test failed");
  }

  ApiStatus Move(const PatchOperation& operation) {
    const Value* found = FindPointer(object_, operation.from);
    if (found == nullptr) return Inapplicable(Missing(operation.op, operation.from));
    if (operation.from == operation.path) return {};
    if (IsProperPrefix(operation.from, operation.path)) {
      return Inapplicable("move operation does not apply: a value cannot be moved into itself");
    }
    Value moved = *found;
    std::optional<Value> without = ChangeAt(object_, operation.from, 0, Erase);
    if (!without) return Inapplicable(Missing(operation.op, operation.from));
    return Take(operation, Add(KP_MUTANT("json-patch-move-copies") ? object_ : *without, operation.path, moved));
  }

  ApiStatus Copy(const PatchOperation& operation) {
    const Value* found = FindPointer(object_, operation.from);
    if (found == nullptr) return Inapplicable(Missing(operation.op, operation.from));
    // Copies share nodes in memory, but the text that is stored would double each time.
    copied_bytes_ += ToJson(*found).size();
    if (copied_bytes_ > kMaxPatchCopyBytes) {
      return ApiStatus::RequestEntityTooLarge("the copies of the JSON patch exceed " +
                                              std::to_string(kMaxPatchCopyBytes) + " bytes");
    }
    Value copy = *found;
    return Take(operation, Add(object_, operation.path, copy));
  }

  Value object_;
  size_t copied_bytes_ = 0;
};

ApiStatus BadPatch(size_t index, const std::string& why) {
  return ApiStatus::BadRequest("JSON patch operation " + std::to_string(index) + ": " + why);
}

}  // namespace

ApiStatus PatchDoesNotApply(std::string_view reason, std::string why) {
  return ApiStatus(422, "Invalid", "the server rejected our request due to an error in our request")
      .WithCause({.reason = std::string(reason), .field = "patch", .message = std::move(why)});
}

bool IsFailedPatchTest(const ApiStatus& status) { return status.HasCause(kTestFailed); }

ApiResult<JsonPatch> ParseJsonPatch(const Value& patch) {
  if (!patch.is_array()) return ApiStatus::BadRequest("a JSON patch is an array of operations");
  if (patch.size() > kMaxPatchOperations) {
    return ApiStatus::RequestEntityTooLarge("The allowed maximum operations in a JSON patch is " +
                                            std::to_string(kMaxPatchOperations) + ", got " +
                                            std::to_string(patch.size()));
  }
  static constexpr Op kOps[] = {Op::kAdd, Op::kRemove, Op::kReplace, Op::kMove, Op::kCopy, Op::kTest};
  JsonPatch operations;
  for (size_t i = 0; i < patch.size(); ++i) {
    const Value& item = patch[i];
    if (!item.is_object()) return BadPatch(i, "expected an object");
    PatchOperation operation;
    bool known = false;
    for (Op op : kOps) {
      if (item["op"].AsString() != OpName(op)) continue;
      operation.op = op;
      known = true;
    }
    if (!known) return BadPatch(i, "unknown op " + ToJson(item["op"]));
    std::optional<PointerTokens> path;
    if (item["path"].is_string()) path = ParsePointer(item["path"].AsString());
    if (!path) return BadPatch(i, "path " + ToJson(item["path"]) + " is no JSON pointer");
    operation.path = std::move(*path);
    if (operation.op == Op::kMove || operation.op == Op::kCopy) {
      std::optional<PointerTokens> from;
      if (item["from"].is_string()) from = ParsePointer(item["from"].AsString());
      if (!from) return BadPatch(i, "from " + ToJson(item["from"]) + " is no JSON pointer");
      operation.from = std::move(*from);
    } else if (operation.op != Op::kRemove && !item.Has("value")) {
      return BadPatch(i, "value is missing");
    }
    operation.value = item["value"];
    operations.push_back(std::move(operation));
  }
  return operations;
}

ApiResult<Value> ApplyJsonPatch(const Value& object, const JsonPatch& patch) {
  Application application(object);
  for (const PatchOperation& operation : patch) {
    ApiStatus status = application.Apply(operation);
    if (!status.ok()) return status;
  }
  return application.object();
}

ApiResult<Value> ApplyJsonPatch(const Value& object, const Value& patch) {
  ApiResult<JsonPatch> operations = ParseJsonPatch(patch);
  if (!operations.ok()) return operations.error();
  return ApplyJsonPatch(object, *operations);
}

}  // namespace kp::api
