// Which objects of a kind a list, a watch or a deletion of a collection is about.
#pragma once

#include <string>
#include <string_view>

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/api/selector.h"
#include "reference/api/value.h"
#include "reference/transport/http.h"

namespace kp::apiserver {

struct Selection {
  const api::Kind* kind = nullptr;
  std::string ns;  // "": all
  api::Selector labels;
  api::FieldSelector fields;

  // 400 for a selector that cannot be read and for fields that the kind does not offer.
  static api::ApiResult<Selection> Parse(const api::Kind& kind, std::string ns, const transport::HttpRequest& request);

  bool narrowed() const { return !labels.selects_everything() || !fields.empty(); }
  // By labels and fields; the namespace is the caller's business.
  bool Matches(const api::Value& object) const;
  // What all keys start with, below the kind's prefix: "default/", or "" for all.
  std::string KeyPrefix() const { return ns.empty() ? "" : ns + "/"; }
};

}  // namespace kp::apiserver
