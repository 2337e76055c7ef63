// A member's state as bytes and back, for whoever explores all states that members can reach: equal
// bytes behave equally. Members can be renamed on the way, which makes states comparable that differ
// by names only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "reference/raft/node.h"

namespace kp::raft {

using Renaming = std::function<NodeId(NodeId)>;

// Everything that decides what `node` does from here on, between two turns (nothing waits in Ready but
// what the disk has to do), except for time and chance: the timers, who was heard lately, the random
// draws and the numbers of forwarded reads are not in it. An explorer decides itself when an election
// times out.
std::string EncodeState(const Node& node, const Renaming& rename);

// CHECK-fails for bytes that EncodeState did not make. `options.id` is the renamed one.
Node DecodeState(const Options& options, std::string_view bytes);

// The same for what it writes.
void EncodeEntries(std::string& out, const std::vector<Entry>& entries);
std::vector<Entry> DecodeEntries(std::string_view& bytes);

}  // namespace kp::raft
