// Extensible data notation (https://github.com/edn-format/edn), as far as Jepsen writes it.
#pragma once

#include <string>
#include <string_view>

#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::history {

// Reads one form from the front of `text` and takes it away, with blanks and comments before it.
// Keywords and symbols become strings without the colon, sets and lists arrays, tags are left out,
// keys that are no strings their text. kOutOfRange when nothing is left, else kInvalidArgument.
Result<api::Value> TakeEdn(std::string_view& text);

// Objects become maps with keyword keys; strings stay strings.
std::string ToEdn(const api::Value& value);

}  // namespace kp::history
