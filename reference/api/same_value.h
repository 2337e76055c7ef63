// Did a walk leave a value alone? Cheap: objects and arrays are compared by node only.
#pragma once

#include "reference/api/value.h"

namespace kp::api {

inline bool SameValue(const Value& a, const Value& b) {
  if (a.is_object() || a.is_array()) return a.SameNode(b);
  return a == b;
}

}  // namespace kp::api
