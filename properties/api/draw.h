// What the laws of the api library are tried on. To be called inside rc::check only.
#pragma once

#include <string>

#include "reference/api/value.h"

namespace kp::properties {

struct DrawOptions {
  int depth = 4;
  bool doubles = true;
  bool nulls = true;
};

// Any JSON value. Few different keys, so that two values often have some in common.
api::Value DrawValue(const DrawOptions& options);
api::Value DrawObject(const DrawOptions& options);
// Mostly short ASCII; also quotes, control characters and other scripts.
std::string DrawText();
std::string DrawKey();
int DrawInt(int low, int high);  // both included

}  // namespace kp::properties
