// Short scripts over the store's parts: each plays one situation through and says what went wrong, nothing
// from a sound store.
#pragma once

#include <optional>
#include <string>

namespace kp::properties {

std::optional<std::string> CompactionKeepsItsRevision();
std::optional<std::string> LeaseLastsItsTime();
std::optional<std::string> ProgressComesAfterEvents();
std::optional<std::string> RangeSaysThatThereIsMore();
std::optional<std::string> SlowWatcherSeesAll();

}  // namespace kp::properties
