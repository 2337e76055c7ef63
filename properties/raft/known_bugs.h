// Bugs that implementations of Raft have had, each as a play that ours comes through unharmed, and
// with a mutant of ours that has the bug and does not. The numbers are for reference; a bug with
// several faces has a letter for each. Those of the log on disk (16: a torn or damaged tail is taken
// for good; 17: a failed write is ignored) are in properties/wal and reference/store.
//
// Two faces of a bug can only be seen over time: those plays say what must have happened by when.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kp::properties {

struct KnownBug {
  const char* number;
  const char* name;    // what a Raft with the bug does
  const char* source;  // who had it: repository and issue, or the paper that warns of it
  const char* mutant;
  std::optional<std::string> (*play)();  // nothing, or what went wrong
  // Ours must stop the process rather than go on, with this message; null for most.
  const char* dies = nullptr;
};

std::vector<KnownBug> LogBugs();         // commitment, the log, reads, the disk
std::vector<KnownBug> ElectionBugs();    // votes, pre-votes, transfers, timers
std::vector<KnownBug> MembershipBugs();  // changes of configuration, learners
std::vector<KnownBug> ProgressBugs();    // replication that stalls, snapshots

// All of them, in this order.
std::vector<KnownBug> KnownBugs();

}  // namespace kp::properties
