// Label and field selectors.
//
// Syntax and texts follow k8s.io/apimachinery/pkg/labels and pkg/fields; LabelSelector objects follow
// metav1.LabelSelectorAsSelector.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/field_cause.h"
#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::api {

enum class SelectorOperator : unsigned char {
  kIn,
  kNotIn,
  kEquals,
  kDoubleEquals,
  kNotEquals,
  kExists,
  kDoesNotExist,
  kGreaterThan,
  kLessThan,
};

struct Requirement {
  std::string key;
  SelectorOperator op = SelectorOperator::kExists;
  std::vector<std::string> values;

  // kInvalidArgument unless key and values fit the operator.
  static Result<Requirement> Make(std::string key, SelectorOperator op, std::vector<std::string> values);
  // By the names of matchExpressions: In, NotIn, Exists, DoesNotExist, and the node selectors' Gt, Lt.
  static Result<Requirement> FromExpression(const Value& expression);

  // `labels` is an object of strings, or null.
  bool Matches(const Value& labels) const;
  std::string ToString() const;
  bool operator==(const Requirement&) const = default;
};

// All requirements must match.
class Selector {
 public:
  // Everything.
  Selector() = default;
  static Selector Nothing();
  static Selector Of(std::vector<Requirement> requirements);
  // "app=web,tier in (a,b),!legacy"; kInvalidArgument. "" selects everything.
  static Result<Selector> Parse(std::string_view text);
  // {"matchLabels": {...}, "matchExpressions": [...]}. Null selects nothing, {} everything.
  static Result<Selector> FromLabelSelector(const Value& object);
  // Equality with each of the labels: spec.selector of Services and ReplicationControllers. Not checked.
  static Selector FromLabels(const Value& labels);

  bool Matches(const Value& labels) const;
  bool selects_everything() const { return !nothing_ && requirements_.empty(); }
  bool selects_nothing() const { return nothing_; }
  // Sorted by key.
  const std::vector<Requirement>& requirements() const { return requirements_; }
  // Canonical, as labels.Selector.String(): status.selector of Scale.
  std::string ToString() const;
  bool operator==(const Selector&) const = default;

 private:
  bool nothing_ = false;
  std::vector<Requirement> requirements_;
};

// What is wrong with a LabelSelector object inside another one, in the words of ValidateLabelSelector.
FieldCauses ValidateLabelSelector(const Value& object, std::string_view path);

struct FieldRequirement {
  std::string field;
  bool negated = false;
  std::string value;
  bool operator==(const FieldRequirement&) const = default;
};

class FieldSelector {
 public:
  FieldSelector() = default;
  // "a=b,c!=d", with \ before a comma, = or \ inside values; kInvalidArgument.
  static Result<FieldSelector> Parse(std::string_view text);

  bool empty() const { return requirements_.empty(); }
  const std::vector<FieldRequirement>& requirements() const { return requirements_; }
  // `field_value` gives the text of a field, "" when it is absent.
  template <typename FieldValue>
  bool Matches(FieldValue&& field_value) const {
    for (const FieldRequirement& requirement : requirements_) {
      if ((field_value(requirement.field) == requirement.value) == requirement.negated) return false;
    }
    return true;
  }
  // The value that `field` must have, if the selector pins it.
  const std::string* Pinned(std::string_view field) const;
  std::string ToString() const;
  bool operator==(const FieldSelector&) const = default;

 private:
  std::vector<FieldRequirement> requirements_;
};

}  // namespace kp::api
