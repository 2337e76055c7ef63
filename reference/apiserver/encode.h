// Objects, lists and watch events in the form that was negotiated.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/lister.h"
#include "reference/apiserver/media.h"
#include "reference/base/time.h"

namespace kp::apiserver {

// `value` as bytes of the form's syntax.
std::string Print(const MediaForm& form, const api::Value& value);

// The object itself, a Table of one row or its metadata. Columns head the Table unless told otherwise.
api::Value Shaped(const api::Kind& kind, const MediaForm& form, const api::Value& object, WallTime now,
                  bool with_columns = true);
std::string EncodeList(const api::Kind& kind, const MediaForm& form, const ListPage& page, WallTime now);

// One event of a watch: a line of JSON, or an event of Server-Sent Events.
std::string EncodeEvent(Syntax syntax, std::string_view type, const api::Value& object);

}  // namespace kp::apiserver
