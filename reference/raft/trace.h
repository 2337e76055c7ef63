// What a member does, event by event, as the trace specification of etcd's raft reads it
// (etcd-io/raft, tla/Traceetcdraft.tla; names and fields of its state_trace.go).
//
// One JSON object for each event, {"tag":"trace","event":{...}}; the lines of all members of a
// cluster, in the order in which they happened, are one trace. That specification knows neither
// pre-votes nor leader transfer, nor that votes tell what is committed: a trace to be checked is made
// without those, of a cluster that keeps up with its elections.
//
// In etcd the first configuration is entries of term 1, one for each member; here it is given. A trace
// tells it in etcd's way: indexes are higher by the number of first members, terms by one.
#pragma once

#include <string>

namespace kp::raft {

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // Without a line break. Called in the middle of what is told: it must not call the node.
  virtual void OnEvent(const std::string& json) = 0;
};

}  // namespace kp::raft
