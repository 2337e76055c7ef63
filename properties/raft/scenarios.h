// Known ways to break Raft that drawn schedules hardly ever find. Each plays one through and returns
// the violation that the checker saw, nothing from a sound Raft.
#pragma once

#include <optional>
#include <string>

namespace kp::properties {

// Ongaro and Ousterhout 2014, figure 8: an entry of an older term reaches a majority, is not thereby
// committed, and is overwritten.
std::optional<std::string> FigureEight();

// The leader loses, in a crash, an entry that its followers needed it to hold for the quorum.
std::optional<std::string> UndurableLeader();

// A shorter append that was delayed arrives after a longer one has been acknowledged.
std::optional<std::string> DelayedShorterAppend();

// A member that could not win asks for pre-votes; the leader goes on.
std::optional<std::string> PreVoteUnseatsNobody();

}  // namespace kp::properties
