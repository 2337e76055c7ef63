// Decoding by schema: what a typed decoder would keep of a body.
#include <algorithm>
#include <limits>
#include <optional>

#include "reference/api/object_rules.h"
#include "reference/api/path_node.h"
#include "reference/api/quantity.h"
#include "reference/api/same_value.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/base/time.h"

namespace kp::api {
namespace {

std::string_view TypeName(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull: return "null";
    case Value::Type::kBool: return "bool";
    case Value::Type::kInt:
    case Value::Type::kDouble: return "number";
    case Value::Type::kString: return "string";
    case Value::Type::kArray: return "array";
    case Value::Type::kObject: return "object";
  }
  return "";
}

class Canonicalizer {
 public:
  explicit Canonicalizer(DecodeReport& report) : report_(report) {}

  Value Fields(const Message& message, const Value& value, const PathNode& path) {
    std::vector<Member> kept;
    kept.reserve(value.size());
    bool changed = false;
    const std::vector<const Field*>& fields = message.json_fields();
    size_t at = 0;  // both sides are sorted by name
    for (const Member& member : value.members()) {
      std::string_view name = member.key.text();
      while (at < fields.size() && fields[at]->name < name) ++at;
      const Field* field = at < fields.size() && fields[at]->name == name ? fields[at] : nullptr;
      PathNode child = PathNode::Child(path, name);
      if (field == nullptr) {
        if (message.is_kind && (name == "apiVersion" || name == "kind")) {
          kept.push_back(member);
          continue;
        }
        report_.unknown_fields.push_back(child.ToString());
        if (message.preserve_unknown || KP_MUTANT("schema-keeps-unknown-fields")) {
          kept.push_back(member);
        } else {
          changed = true;
        }
        continue;
      }
      std::optional<Value> canonical = FieldValue(*field, member.value, child);
      if (!canonical) {
        changed = true;
        continue;
      }
      changed = changed || !SameValue(*canonical, member.value);
      kept.push_back({member.key, *std::move(canonical)});
    }
    return changed ? Value::Object(std::move(kept)) : value;
  }

 private:
  std::optional<Value> FieldValue(const Field& field, const Value& value, const PathNode& path) {
    if (value.is_null()) return std::nullopt;
    std::optional<Value> canonical;
    switch (field.shape) {
      case FieldShape::kSingle: canonical = Single(field, value, path); break;
      case FieldShape::kList: canonical = List(field, value, path); break;
      case FieldShape::kMap: canonical = Map(field, value, path); break;
    }
    if (canonical && !field.pointer && !field.keep_zero && IsZero(*canonical)) return std::nullopt;
    return canonical;
  }

  static bool IsZero(const Value& value) {
    switch (value.type()) {
      case Value::Type::kBool: return !value.AsBool();
      case Value::Type::kInt: return value.AsInt() == 0;
      default: return value.empty();
    }
  }

  std::optional<Value> List(const Field& field, const Value& value, const PathNode& path) {
    if (!value.is_array()) return Mismatch("array", value, path);
    std::vector<Value> items;
    items.reserve(value.size());
    bool changed = false;
    size_t index = 0;
    for (const Value& item : value.items()) {
      PathNode child = PathNode::Item(path, index++);
      // null is an empty item to Go.
      std::optional<Value> canonical = Single(field, item.is_null() ? Empty(field) : item, child);
      if (!canonical) return std::nullopt;
      changed = changed || !SameValue(*canonical, item);
      items.push_back(*std::move(canonical));
    }
    return changed ? Value::Array(std::move(items)) : value;
  }

  std::optional<Value> Map(const Field& field, const Value& value, const PathNode& path) {
    if (!value.is_object()) return Mismatch("object", value, path);
    std::vector<Member> members;
    members.reserve(value.size());
    bool changed = false;
    for (const Member& member : value.members()) {
      PathNode child = PathNode::Child(path, member.key.text());
      std::optional<Value> canonical = Single(field, member.value.is_null() ? Empty(field) : member.value, child);
      if (!canonical) return std::nullopt;
      changed = changed || !SameValue(*canonical, member.value);
      members.push_back({member.key, *std::move(canonical)});
    }
    return changed ? Value::Object(std::move(members)) : value;
  }

  static Value Empty(const Field& field) {
    switch (field.type) {
      case FieldType::kMessage: return field.message->list_wrapper ? Value::EmptyArray() : Value::EmptyObject();
      case FieldType::kString:
      case FieldType::kBytes: return Value("");
      case FieldType::kBool: return Value(false);
      case FieldType::kQuantity: return Value("0");
      default: return Value(0);
    }
  }

  std::optional<Value> Single(const Field& field, const Value& value, const PathNode& path) {
    switch (field.type) {
      case FieldType::kString: return value.is_string() ? value : Mismatch("string", value, path);
      case FieldType::kBool: return value.is_bool() ? value : Mismatch("boolean", value, path);
      case FieldType::kDouble: return value.is_number() ? value : Mismatch("number", value, path);
      case FieldType::kInt32:
      case FieldType::kInt64: return Integer(field, value, path);
      case FieldType::kIntOrString:
        return value.is_int() || value.is_string() ? value : Mismatch("integer or string", value, path);
      case FieldType::kQuantity: return Amount(value, path);
      case FieldType::kBytes:
        if (value.is_string() && KP_MUTANT("schema-takes-any-bytes")) return value;
        if (!value.is_string() || !Base64Decode(value.AsString())) return Mismatch("base64 string", value, path);
        return value;
      case FieldType::kTime:
      case FieldType::kMicroTime: return Instant(field, value, path);
      case FieldType::kDuration:
        if (!value.is_string() || !ParseDuration(value.AsString()).ok()) return Mismatch("duration", value, path);
        return value;
      case FieldType::kRawExtension:
      case FieldType::kFieldsV1: return value.is_object() ? value : Mismatch("object", value, path);
      case FieldType::kAny: return value;
      case FieldType::kMessage: return Nested(*field.message, value, path);
    }
    return std::nullopt;
  }

  std::optional<Value> Nested(const Message& message, const Value& value, const PathNode& path) {
    if (message.list_wrapper) return List(message.fields[0], value, path);
    if (!value.is_object()) return Mismatch("object", value, path);
    return Fields(message, value, path);
  }

  std::optional<Value> Integer(const Field& field, const Value& value, const PathNode& path) {
    if (!value.is_int()) return Mismatch("integer", value, path);
    int64_t number = value.AsInt();
    if (field.type == FieldType::kInt32 &&
        (number < std::numeric_limits<int32_t>::min() || number > std::numeric_limits<int32_t>::max())) {
      report_.type_errors.push_back(path.ToString() + ": " + std::to_string(number) + " does not fit into 32 bits");
      return std::nullopt;
    }
    return value;
  }

  // Equal amounts have equal text from here on: "1000m" is "1".
  std::optional<Value> Amount(const Value& value, const PathNode& path) {
    if (!value.is_string() && !value.is_number()) return Mismatch("quantity", value, path);
    Result<Quantity> quantity = Quantity::Of(value);
    if (!quantity.ok()) {
      report_.type_errors.push_back(path.ToString() + ": " + quantity.status().message());
      return std::nullopt;
    }
    std::string text = quantity->ToString();
    return text == value.AsString() ? value : Value(text);
  }

  std::optional<Value> Instant(const Field& field, const Value& value, const PathNode& path) {
    Result<WallTime> time = ParseRfc3339(value.AsString());
    if (!time.ok()) return Mismatch("RFC 3339 time", value, path);
    std::string text = field.type == FieldType::kTime ? FormatRfc3339(*time) : FormatRfc3339Micro(*time);
    return text == value.AsString() ? value : Value(text);
  }

  std::optional<Value> Mismatch(std::string_view expected, const Value& got, const PathNode& path) {
    std::string text = path.ToString();
    text.append(": expected ").append(expected).append(", got ").append(TypeName(got));
    if (got.is_string()) text.append(" ").append(Quote(got.AsString()));
    report_.type_errors.push_back(std::move(text));
    return std::nullopt;
  }

  DecodeReport& report_;
};

}  // namespace

std::vector<std::string> DecodeReport::StrictErrors(const std::vector<std::string>& duplicates) const {
  std::vector<std::pair<std::string, std::string_view>> all;
  for (const std::string& path : unknown_fields) all.emplace_back(path, "unknown");
  for (const std::string& path : duplicates) all.emplace_back(path, "duplicate");
  std::sort(all.begin(), all.end());
  std::vector<std::string> texts;
  for (const auto& [path, what] : all) texts.push_back(std::string(what) + " field " + Quote(path));
  return texts;
}

Value Canonicalize(const Kind& kind, const Value& object, DecodeReport& report) {
  return Canonicalizer(report).Fields(*kind.message, object, PathNode{});
}

Value CanonicalizeMessage(const Message& message, const Value& value, std::string_view path, DecodeReport& report) {
  PathNode root;
  root.name = path;
  return Canonicalizer(report).Fields(message, value, root);
}

}  // namespace kp::api
