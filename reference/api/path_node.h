// Where a walk over an object is, as a chain on the stack: text is made only for those who report.
#pragma once

#include <string>
#include <string_view>

#include "reference/api/field_cause.h"

namespace kp::api {

struct PathNode {
  enum class Step : unsigned char { kField, kIndex, kKey };

  const PathNode* parent = nullptr;
  std::string_view name;  // a field's or a map key
  size_t index = 0;
  Step step = Step::kField;

  static PathNode Child(const PathNode& parent, std::string_view name) { return {&parent, name, 0, Step::kField}; }
  static PathNode Item(const PathNode& parent, size_t index) { return {&parent, {}, index, Step::kIndex}; }
  static PathNode Entry(const PathNode& parent, std::string_view key) { return {&parent, key, 0, Step::kKey}; }

  // The root, which has no parent, gives its own name.
  std::string ToString() const {
    if (parent == nullptr) return std::string(name);
    std::string before = parent->ToString();
    if (step == Step::kIndex) return IndexPath(before, index);
    return step == Step::kKey ? KeyPath(before, name) : ChildPath(before, name);
  }
};

}  // namespace kp::api
