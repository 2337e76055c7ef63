// Every state that a small cluster can get into, one after the other: model checking of the real
// raft::Node. What happens when is not drawn but tried in all ways, so within its bounds the answer is
// final. States that differ only by the names of members count once.
//
// A message is lost only when there would be too many in flight; until then one that is never
// delivered is as good as lost.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "properties/raft/local_states.h"

namespace kp::properties {

struct Scope {
  size_t terms = 2;
  size_t commands = 2;  // proposed in all
  size_t messages = 3;  // in flight at a time
  size_t duplicates = 0;
  size_t crashes = 0;
  size_t heartbeats = 0;
  LocalStates::Disk disk = LocalStates::Disk::kSynchronous;
  bool pre_vote = false;

  std::string ToString() const;
};

struct Exploration {
  uint64_t states = 0;       // distinct ones, up to the names of members
  uint64_t transitions = 0;  // all ways from one to another that were tried
  uint64_t depth = 0;        // steps to the last state found
  size_t member_states = 0;  // distinct ones of single members
  size_t member_steps = 0;   // what the real node was made to do
  size_t messages = 0;       // distinct ones
  bool complete = false;
  // The law that was broken, and the shortest way to it, a step a line.
  std::optional<std::string> violation;
  std::vector<std::string> trace;
};

class Explorer {
 public:
  explicit Explorer(const Scope& scope);
  ~Explorer();

  // Looks at up to `states` more. False when there is nothing left to do: all is explored, or a law is
  // broken.
  bool Advance(size_t states);
  Exploration result() const;

 private:
  class Search;
  std::unique_ptr<Search> search_;
};

Exploration Explore(const Scope& scope);

}  // namespace kp::properties
