#include <set>

#include "reference/api/formats.h"
#include "reference/api/json.h"
#include "reference/api/object_rules.h"
#include "reference/api/path_node.h"
#include "reference/api/selector.h"
#include "reference/base/mutant.h"

namespace kp::api {
namespace {

constexpr std::string_view kImmutableText = "field is immutable";

class Validator {
 public:
  explicit Validator(FieldCauses& causes) : causes_(causes) {}

  void Fields(const Message& message, const Value& value, const PathNode& path) {
    for (const Field* field : message.json_fields()) {
      const Value& held = value[field->name];
      PathNode child = PathNode::Child(path, field->name);
      if (IsMissing(*field, held)) {
        Missing(*field, child);
      } else if (!held.is_null()) {
        Present(*field, held, child);
      } else if (field->required && field->type == FieldType::kMessage) {
        Fields(*field->message, held, child);
      }
    }
  }

 private:
  // A required boolean is never missing: false is its zero. Structs that are no pointers are always
  // there in Go; it is their fields that may be missing.
  static bool IsMissing(const Field& field, const Value& value) {
    if (!field.required || field.type == FieldType::kBool) return false;
    if (field.type == FieldType::kMessage && field.shape == FieldShape::kSingle) {
      return field.pointer && value.is_null();
    }
    return value.empty();
  }

  void Missing(const Field& field, const PathNode& path) {
    bool number = field.type == FieldType::kInt32 || field.type == FieldType::kInt64;
    if (number && (field.min || field.max)) {
      Bounds(field, Value(0), path);
    } else {
      causes_.push_back(RequiredCause(path.ToString()));
    }
  }

  void Present(const Field& field, const Value& value, const PathNode& path) {
    if (field.shape == FieldShape::kSingle) return Single(field, value, path);
    if (field.shape == FieldShape::kMap) {
      for (const Member& member : value.members()) {
        Single(field, member.value, PathNode::Entry(path, member.key.text()));
      }
      return;
    }
    std::set<std::string> seen;
    size_t index = 0;
    for (const Value& item : value.items()) {
      PathNode child = PathNode::Item(path, index++);
      Single(field, item, child);
      if (field.unique || field.list_type == ListType::kSet) Unique(field, item, child, seen);
    }
  }

  void Unique(const Field& field, const Value& item, const PathNode& path, std::set<std::string>& seen) {
    if (field.list_keys.size() <= 1) {
      const Value& key = field.list_keys.empty() ? item : item[field.list_keys[0]];
      if (key.empty() && !key.is_int()) return;  // its absence is reported elsewhere
      if (seen.insert(ToJson(key)).second) return;
      std::string at = path.ToString();
      causes_.push_back(DuplicateCause(field.list_keys.empty() ? at : ChildPath(at, field.list_keys[0]), key));
      return;
    }
    std::vector<Member> keys;
    for (const std::string& name : field.list_keys) {
      if (item.Has(name)) keys.push_back({Key(name), item[name]});
    }
    Value key = Value::Object(std::move(keys));
    if (!seen.insert(ToJson(key)).second) causes_.push_back(DuplicateCause(path.ToString(), key));
  }

  void Single(const Field& field, const Value& value, const PathNode& path) {
    if (field.type == FieldType::kMessage) {
      if (field.message->name == "LabelSelector") {
        FieldCauses found = ValidateLabelSelector(value, path.ToString());
        causes_.insert(causes_.end(), found.begin(), found.end());
      } else if (!field.message->list_wrapper && field.message->name != "ObjectMeta") {
        Fields(*field.message, value, path);
      }
      return;
    }
    if (value.is_int()) return Bounds(field, value, path);
    if (!value.is_string()) return;
    std::string_view text = value.AsString();
    if (!field.enum_values.empty() && !KP_MUTANT("schema-ignores-enums")) {
      bool known = false;
      for (const std::string& allowed : field.enum_values) known = known || allowed == text;
      if (!known) causes_.push_back(NotSupportedCause(path.ToString(), value, field.enum_values));
    }
    if (field.max_length && static_cast<int64_t>(text.size()) > *field.max_length) {
      causes_.push_back(TooLongCause(path.ToString(), *field.max_length));
    }
    if (field.format.empty()) return;
    for (const std::string& problem : CheckFormat(field.format, text)) {
      causes_.push_back(InvalidCause(path.ToString(), value, problem));
    }
  }

  void Bounds(const Field& field, const Value& value, const PathNode& path) {
    if (value.AsInt() >= field.min.value_or(value.AsInt()) && value.AsInt() <= field.max.value_or(value.AsInt())) {
      return;
    }
    std::string text;
    if (field.min && field.max) {
      text = "must be between " + std::to_string(*field.min) + " and " + std::to_string(*field.max) + ", inclusive";
    } else if (field.min) {
      text = (*field.min == 1 ? "must be greater than 0"
                              : "must be greater than or equal to " + std::to_string(*field.min));
    } else {
      text = "must be less than or equal to " + std::to_string(*field.max);
    }
    causes_.push_back(InvalidCause(path.ToString(), value, text));
  }

  FieldCauses& causes_;
};

// Follows single structs only: items of lists have no identity that immutability could hold on to.
void CheckImmutable(const Message& message, const Value& value, const Value& old, const PathNode& path,
                    FieldCauses& causes) {
  if (value.SameNode(old)) return;
  for (const Field* field : message.json_fields()) {
    const Value& now = value[field->name];
    const Value& before = old[field->name];
    PathNode child = PathNode::Child(path, field->name);
    if (field->immutable) {
      if (!(now == before)) causes.push_back(InvalidCause(child.ToString(), now, kImmutableText));
    } else if (field->type == FieldType::kMessage && field->shape == FieldShape::kSingle &&
               field->message->name != "ObjectMeta") {
      CheckImmutable(*field->message, now, before, child, causes);
    }
  }
}

}  // namespace

FieldCauses Validate(const Kind& kind, const Value& object) {
  FieldCauses causes;
  Validator(causes).Fields(*kind.message, object, PathNode{});
  return causes;
}

FieldCauses ValidateUpdate(const Kind& kind, const Value& object, const Value& old) {
  FieldCauses causes;
  if (!KP_MUTANT("schema-ignores-immutability")) CheckImmutable(*kind.message, object, old, PathNode{}, causes);
  return causes;
}

}  // namespace kp::api
