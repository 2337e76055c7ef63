// Strategic merge patch: a merge patch that knows which lists are keyed.
//
// Source: k8s.io/apimachinery/pkg/util/strategicpatch and its design note. Directives: `$patch`
// (delete, replace, merge), `$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`,
// `$retainKeys`; null removes a member.
#pragma once

#include <string_view>

#include "reference/api/api_status.h"
#include "reference/api/value.h"

namespace kp::api {

// How the fields of a type merge; the schema answers.
class PatchMeta {
 public:
  // Names a type (a schema::Message, say) to the implementation; null is a type nothing is known of.
  using Type = const void*;

  struct FieldRule {
    bool merge_list = false;     // patchStrategy merge; else a list is replaced as a whole
    std::string_view merge_key;  // empty: a list of primitives
    bool retain_keys = false;    // patchStrategy retainKeys: for clients that make patches; applying one needs it not
    Type type = nullptr;         // of the member, or of the items of the list
  };

  virtual ~PatchMeta() = default;
  // An unknown field has the default rule.
  virtual FieldRule Find(Type type, std::string_view field) const = 0;
};

// `root` is the type of `object`. Failures: 400 for a malformed patch (upstream's texts).
ApiResult<Value> ApplyStrategicPatch(const Value& object, const Value& patch, const PatchMeta& meta,
                                     PatchMeta::Type root);

}  // namespace kp::api
