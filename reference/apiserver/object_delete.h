// What a deletion does to an object: nothing, a mark with a deadline, or the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/apiserver/kinds/hooks.h"
#include "reference/apiserver/object_write.h"
#include "reference/apiserver/storage.h"
#include "reference/transport/http.h"

namespace kp::apiserver {

enum class Propagation : unsigned char { kDefault, kOrphan, kBackground, kForeground };

struct DeleteOptions {
  std::optional<int64_t> grace_seconds;
  Propagation propagation = Propagation::kDefault;
  Preconditions preconditions;
  bool dry_run = false;

  // From the body, where there is one, else from the query. `body` is null or a DeleteOptions object.
  static api::ApiResult<DeleteOptions> Parse(const transport::HttpRequest& request, const api::Value& body);
};

// Of an object that exists.
api::ApiResult<Decision> DecideDelete(const HookContext& context, const api::Kind& kind, const DeleteOptions& options,
                                      const api::Value& current);

}  // namespace kp::apiserver
