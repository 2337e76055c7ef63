// The kinds whose objects may own others, be owned, or live in a namespace that goes away.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/client/resources.h"

namespace kp::controllers {

struct CollectedKind {
  client::Resource resource;
  std::string kind;
};

// Every kind that the collectors watch. Events are swept with their namespace, but not watched.
const std::vector<CollectedKind>& CollectedKinds();
// By apiVersion ("apps/v1") and kind; null for one that nobody collects. The version may differ.
const client::Resource* ResourceOfKind(std::string_view api_version, std::string_view kind);

}  // namespace kp::controllers
