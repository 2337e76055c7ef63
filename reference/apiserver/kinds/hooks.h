// What the schema cannot say about a kind: its own defaults, admission, rules and ways to be deleted.
// Each kind's hooks are pure functions in a file of their own; a missing one does nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/api/field_cause.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/user.h"
#include "reference/base/random.h"
#include "reference/base/time.h"

namespace kp::apiserver {

class RbacPolicy;
class Storage;

// The world as a hook may see it.
struct HookContext {
  WallTime now;
  const User* user = nullptr;
  Random* random = nullptr;          // for uids and name suffixes
  const Storage* storage = nullptr;  // caches
  const RbacPolicy* policy = nullptr;
  bool use_rbac = false;
  std::vector<std::string>* warnings = nullptr;
};

struct KindHooks {
  // Defaults that depend on other fields; after those of the schema, at each write.
  api::Value (*defaults)(const api::Value& object) = nullptr;
  // What the server owns of a new object: its status above all.
  api::Value (*prepare_create)(const HookContext& context, const api::Value& object) = nullptr;
  api::Value (*prepare_update)(const HookContext& context, const api::Value& object, const api::Value& old) = nullptr;
  // May change the object or refuse it.
  api::ApiResult<api::Value> (*admit_create)(const HookContext& context, const api::Value& object) = nullptr;
  api::ApiResult<api::Value> (*admit_update)(const HookContext& context, const api::Value& object,
                                             const api::Value& old) = nullptr;
  api::ApiStatus (*admit_delete)(const HookContext& context, const api::Value& object) = nullptr;
  api::FieldCauses (*validate)(const api::Value& object) = nullptr;
  api::FieldCauses (*validate_update)(const api::Value& object, const api::Value& old) = nullptr;

  // Seconds that a deletion waits: the kind's answer to what the client asked for (nothing: the kind's
  // default). Kinds without are deleted at once.
  int64_t (*grace_seconds)(const api::Value& object, std::optional<int64_t> requested) = nullptr;
  // True while more than metadata.finalizers keeps the object from vanishing.
  bool (*held)(const api::Value& object) = nullptr;
  api::Value (*mark_deleting)(const api::Value& object) = nullptr;

  // A PUT of a missing object creates it.
  bool create_on_update = false;
  // A PUT needs metadata.resourceVersion.
  bool version_required = false;
  // Seconds after the last write when the store drops the object; 0: never.
  int64_t lifetime_seconds = 0;
};

const KindHooks& HooksOf(const api::Kind& kind);

}  // namespace kp::apiserver
