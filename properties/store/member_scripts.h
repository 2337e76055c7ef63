// Short scripts over a simulated cluster whose members change.
#pragma once

#include <optional>
#include <string>

namespace kp::properties {

std::optional<std::string> ChangesKeepTheQuorum();
std::optional<std::string> LearnersAreNotPromotedEmpty();
std::optional<std::string> RemovedMembersAreRemembered();
std::optional<std::string> OtherClustersStayOut();
std::optional<std::string> SnapshotsCarryTheirChecksum();

}  // namespace kp::properties
