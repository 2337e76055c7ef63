// JSON merge patch, RFC 7386.
#pragma once

#include "reference/api/value.h"

namespace kp::api {

// Null members of the patch remove, objects merge, all else replaces.
Value ApplyMergePatch(const Value& target, const Value& patch);

// A patch that makes `to` of `from`; {} when they are equal. `to` must hold no nulls in objects: no merge
// patch can write one.
Value DiffMergePatch(const Value& from, const Value& to);

}  // namespace kp::api
