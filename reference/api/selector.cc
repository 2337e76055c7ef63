#include "reference/api/selector.h"

#include <algorithm>

#include "reference/api/names.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

Status InvalidField(const std::string& path, const std::string& shown, const std::string& detail) {
  return {Code::kInvalidArgument, path + ": Invalid value: " + shown + ": " + detail};
}

// %#v of a []string.
std::string GoList(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(Quote(value));
  return "[]string{" + Join(quoted, ", ") + "}";
}

bool IsInteger(std::string_view text) {
  ConsumePrefix(text, "+");
  return ParseInt(text).has_value();
}

Status CheckCount(SelectorOperator op, const std::vector<std::string>& values) {
  switch (op) {
    case SelectorOperator::kIn:
    case SelectorOperator::kNotIn:
      if (!values.empty()) return Status::Ok();
      return InvalidField("values", GoList(values), "for 'in', 'notin' operators, values set can't be empty");
    case SelectorOperator::kEquals:
    case SelectorOperator::kDoubleEquals:
    case SelectorOperator::kNotEquals:
      if (values.size() == 1) return Status::Ok();
      return InvalidField("values", GoList(values), "exact-match compatibility requires one single value");
    case SelectorOperator::kExists:
    case SelectorOperator::kDoesNotExist:
      if (values.empty()) return Status::Ok();
      return InvalidField("values", GoList(values), "values set must be empty for exists and does not exist");
    case SelectorOperator::kGreaterThan:
    case SelectorOperator::kLessThan:
      if (values.size() != 1) {
        return InvalidField("values", GoList(values), "for 'Gt', 'Lt' operators, exactly one value is required");
      }
      if (IsInteger(values[0])) return Status::Ok();
      return InvalidField("values[0]", Quote(values[0]), "for 'Gt', 'Lt' operators, the value must be an integer");
  }
  return Status::Ok();
}

std::string_view Sign(SelectorOperator op) {
  switch (op) {
    case SelectorOperator::kIn: return " in ";
    case SelectorOperator::kNotIn: return " notin ";
    case SelectorOperator::kEquals: return "=";
    case SelectorOperator::kDoubleEquals: return "==";
    case SelectorOperator::kNotEquals: return "!=";
    case SelectorOperator::kGreaterThan: return ">";
    case SelectorOperator::kLessThan: return "<";
    case SelectorOperator::kExists:
    case SelectorOperator::kDoesNotExist: break;
  }
  return "";
}

bool Compares(std::string_view label, std::string_view value, bool greater) {
  ConsumePrefix(label, "+");
  ConsumePrefix(value, "+");
  std::optional<int64_t> left = ParseInt(label);
  std::optional<int64_t> right = ParseInt(value);
  if (!left || !right) return false;
  return greater ? *left > *right : *left < *right;
}

}  // namespace

Result<Requirement> Requirement::Make(std::string key, SelectorOperator op, std::vector<std::string> values) {
  NameErrors errors = CheckQualifiedName(key);
  if (!errors.empty()) return InvalidField("key", Quote(key), Join(errors, "; "));
  Status count = CheckCount(op, values);
  if (!count.ok()) return count;
  for (size_t i = 0; i < values.size(); ++i) {
    errors = CheckLabelValue(values[i]);
    if (errors.empty()) continue;
    return InvalidField("values[" + std::to_string(i) + "][" + key + "]", Quote(values[i]), Join(errors, "; "));
  }
  return Requirement{std::move(key), op, std::move(values)};
}

Result<Requirement> Requirement::FromExpression(const Value& expression) {
  static constexpr std::pair<std::string_view, SelectorOperator> kOperators[] = {
      {"In", SelectorOperator::kIn},          {"NotIn", SelectorOperator::kNotIn},
      {"Exists", SelectorOperator::kExists},  {"DoesNotExist", SelectorOperator::kDoesNotExist},
      {"Gt", SelectorOperator::kGreaterThan}, {"Lt", SelectorOperator::kLessThan},
  };
  std::vector<std::string> values;
  for (const Value& value : expression["values"].items()) values.push_back(value.str());
  std::string_view name = expression["operator"].AsString();
  for (const auto& [known, op] : kOperators) {
    if (known == name) return Make(expression["key"].str(), op, std::move(values));
  }
  return Status(Code::kInvalidArgument, Quote(name) + " is not a valid label selector operator");
}

bool Requirement::Matches(const Value& labels) const {
  bool has = labels.Has(key);
  std::string_view label = labels[key].AsString();
  auto listed = [&] { return std::find(values.begin(), values.end(), label) != values.end(); };
  switch (op) {
    case SelectorOperator::kIn:
    case SelectorOperator::kEquals:
    case SelectorOperator::kDoubleEquals: return has && listed();
    case SelectorOperator::kNotIn:
    case SelectorOperator::kNotEquals:
      // A label that is not there is not in the set.
      if (!has) return !KP_MUTANT("selector-notin-needs-label");
      return !listed();
    case SelectorOperator::kExists: return has;
    case SelectorOperator::kDoesNotExist: return !has;
    case SelectorOperator::kGreaterThan: return has && Compares(label, values[0], true);
    case SelectorOperator::kLessThan: return has && Compares(label, values[0], false);
  }
  return false;
}

std::string Requirement::ToString() const {
  std::string text = op == SelectorOperator::kDoesNotExist ? "!" + key : key;
  if (op == SelectorOperator::kExists || op == SelectorOperator::kDoesNotExist) return text;
  std::vector<std::string> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::string list = Join(sorted, ",");
  if (op == SelectorOperator::kIn || op == SelectorOperator::kNotIn) list = "(" + list + ")";
  return text + std::string(Sign(op)) + list;
}

Selector Selector::Nothing() {
  Selector selector;
  selector.nothing_ = true;
  return selector;
}

Selector Selector::Of(std::vector<Requirement> requirements) {
  std::stable_sort(requirements.begin(), requirements.end(),
                   [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
  Selector selector;
  selector.requirements_ = std::move(requirements);
  return selector;
}

Result<Selector> Selector::FromLabelSelector(const Value& object) {
  if (object.is_null()) return Nothing();
  std::vector<Requirement> requirements;
  for (const Member& label : object["matchLabels"].members()) {
    Result<Requirement> requirement =
        Requirement::Make(std::string(label.key.text()), SelectorOperator::kEquals, {label.value.str()});
    if (!requirement.ok()) return requirement.error();
    requirements.push_back(std::move(*requirement));
  }
  for (const Value& expression : object["matchExpressions"].items()) {
    Result<Requirement> requirement = Requirement::FromExpression(expression);
    if (!requirement.ok()) return requirement.error();
    if (requirement->op == SelectorOperator::kGreaterThan || requirement->op == SelectorOperator::kLessThan) {
      return Status(Code::kInvalidArgument,
                    Quote(expression["operator"].AsString()) + " is not a valid label selector operator");
    }
    requirements.push_back(std::move(*requirement));
  }
  return Of(std::move(requirements));
}

Selector Selector::FromLabels(const Value& labels) {
  std::vector<Requirement> requirements;
  for (const Member& label : labels.members()) {
    requirements.push_back({std::string(label.key.text()), SelectorOperator::kEquals, {label.value.str()}});
  }
  return Of(std::move(requirements));
}

bool Selector::Matches(const Value& labels) const {
  if (nothing_) return false;
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& requirement) { return requirement.Matches(labels); });
}

std::string Selector::ToString() const {
  std::vector<std::string> parts;
  for (const Requirement& requirement : requirements_) parts.push_back(requirement.ToString());
  return Join(parts, ",");
}

FieldCauses ValidateLabelSelector(const Value& object, std::string_view path) {
  FieldCauses causes;
  std::string labels_path = ChildPath(path, "matchLabels");
  for (const Member& label : object["matchLabels"].members()) {
    std::string_view key = label.key.text();
    for (const std::string& error : CheckQualifiedName(key)) {
      causes.push_back(InvalidCause(labels_path, Value(key), error));
    }
    for (const std::string& error : CheckLabelValue(label.value.AsString())) {
      causes.push_back(InvalidCause(labels_path, label.value, error));
    }
  }
  View<Value> expressions = object["matchExpressions"].items();
  for (size_t i = 0; i < expressions.size(); ++i) {
    const Value& expression = expressions[i];
    std::string at = IndexPath(ChildPath(path, "matchExpressions"), i);
    std::string values_path = ChildPath(at, "values");
    const Value& values = expression["values"];
    std::string_view op = expression["operator"].AsString();
    if (op == "In" || op == "NotIn") {
      if (values.empty()) {
        causes.push_back(RequiredCause(values_path, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!values.empty()) {
        causes.push_back(
            ForbiddenCause(values_path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
    } else {
      causes.push_back(
          InvalidCause(ChildPath(at, "operator"), expression["operator"], "not a valid selector operator"));
    }
    for (const std::string& error : CheckQualifiedName(expression["key"].AsString())) {
      causes.push_back(InvalidCause(ChildPath(at, "key"), expression["key"], error));
    }
    for (size_t j = 0; j < values.size(); ++j) {
      for (const std::string& error : CheckLabelValue(values[j].AsString())) {
        causes.push_back(InvalidCause(IndexPath(values_path, j), values[j], error));
      }
    }
  }
  return causes;
}

}  // namespace kp::api
