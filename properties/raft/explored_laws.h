// Raft's safety properties (Ongaro and Ousterhout 2014, figure 3), judged at one step of one member.
#pragma once

#include <optional>
#include <string>

#include "properties/raft/local_states.h"
#include "properties/raft/state_set.h"

namespace kp::properties {

// `member` went from what it was in `before` to what it is in `after`. Writes down in `after` what has
// become true for ever, or returns the law that does not allow it.
std::optional<std::string> BrokenLaw(LocalStates& locals, const ExploredState& before, raft::NodeId member,
                                     ExploredState& after);

}  // namespace kp::properties
