// The documents by which clients learn what a server serves, made from the registry.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/schema.h"
#include "reference/api/value.h"

namespace kp::api {

// Content-Type of an aggregated answer: clients recognise the form by its parameters alone.
std::string AggregatedContentType(std::string_view version);  // "v2" or "v2beta1"

// Aggregated: of /api (the core group, named "") and of /apis (the others).
Value AggregatedCoreDiscovery(const Registry& registry, std::string_view version);
Value AggregatedGroupsDiscovery(const Registry& registry, std::string_view version);

// Legacy: /api, /apis, /apis/<group> and /api/v1 or /apis/<group>/<version>.
Value ApiVersionsDocument(std::string_view server_address);
Value ApiGroupListDocument(const Registry& registry);
std::optional<Value> ApiGroupDocument(const Registry& registry, std::string_view group);
std::optional<Value> ApiResourceListDocument(const Registry& registry, const GroupVersion& group_version);

}  // namespace kp::api
