// The query of a list, with the rules of which parameters go together.
// Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions and
// k8s.io/apimachinery ValidateListOptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/api/api_status.h"
#include "reference/transport/http.h"

namespace kp::apiserver {

// Where a list begins in a pinned state of the store. Opaque to clients.
struct ContinueToken {
  int64_t revision = 0;   // -1: whatever is current ("inconsistent continuation")
  std::string start_key;  // below the kind's prefix

  std::string Encode() const;
  static std::optional<ContinueToken> Decode(std::string_view text);
};

enum class Freshness : unsigned char {
  kMostRecent,    // quorum read
  kAny,           // whatever the cache holds
  kNotOlderThan,  // the cache, if it got that far
  kExact,
};

struct ListOptions {
  Freshness freshness = Freshness::kMostRecent;
  int64_t revision = 0;  // for kNotOlderThan and kExact
  int64_t limit = 0;
  std::optional<ContinueToken> from;

  static api::ApiResult<ListOptions> Parse(const transport::HttpRequest& request);
};

// A decimal, not negative; 400 with upstream's text otherwise. "" is 0.
api::ApiResult<int64_t> ParseResourceVersion(std::string_view text);

}  // namespace kp::apiserver
