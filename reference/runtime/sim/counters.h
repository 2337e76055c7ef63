// What happened in a simulation, and how often each fault verb really bit. A fault that never bites
// tests nothing, so campaigns print these.
#pragma once

#include <cstdint>
#include <string_view>

namespace kp::runtime::sim {

struct Counters {
  uint64_t events = 0;
  uint64_t messages = 0;  // chunks delivered
  uint64_t bytes = 0;
  uint64_t dials = 0;
  uint64_t syncs = 0;

  uint64_t partition_held_chunks = 0;
  uint64_t partition_held_dials = 0;
  uint64_t stream_timeouts = 0;
  uint64_t retransmissions = 0;
  uint64_t delayed_chunks = 0;  // over a link with a delay fault
  uint64_t streams_reset = 0;
  uint64_t split_chunks = 0;
  uint64_t crashes = 0;
  uint64_t crash_dropped_chunks = 0;
  uint64_t crash_lost_writes = 0;
  uint64_t crash_torn_writes = 0;
  uint64_t crash_lost_names = 0;  // files or renames that no directory sync had made durable
  uint64_t failures = 0;          // processes that gave up by Fail
  uint64_t failed_syncs = 0;
  uint64_t lying_syncs = 0;
  uint64_t disk_full_writes = 0;
  uint64_t stalled_syncs = 0;
  uint64_t corrupted_bytes = 0;
  uint64_t paused_events = 0;
  uint64_t skewed_clock_reads = 0;

  // visit(name, value), in the order above.
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    visit("events", events);
    visit("messages", messages);
    visit("bytes", bytes);
    visit("dials", dials);
    visit("syncs", syncs);
    ForEachBite(visit);
  }
  // Those that count bites of faults.
  template <typename Visitor>
  void ForEachBite(Visitor visit) const {
    visit("partition-held-chunks", partition_held_chunks);
    visit("partition-held-dials", partition_held_dials);
    visit("stream-timeouts", stream_timeouts);
    visit("retransmissions", retransmissions);
    visit("delayed-chunks", delayed_chunks);
    visit("streams-reset", streams_reset);
    visit("split-chunks", split_chunks);
    visit("crashes", crashes);
    visit("crash-dropped-chunks", crash_dropped_chunks);
    visit("crash-lost-writes", crash_lost_writes);
    visit("crash-torn-writes", crash_torn_writes);
    visit("crash-lost-names", crash_lost_names);
    visit("failures", failures);
    visit("failed-syncs", failed_syncs);
    visit("lying-syncs", lying_syncs);
    visit("disk-full-writes", disk_full_writes);
    visit("stalled-syncs", stalled_syncs);
    visit("corrupted-bytes", corrupted_bytes);
    visit("paused-events", paused_events);
    visit("skewed-clock-reads", skewed_clock_reads);
  }
};

}  // namespace kp::runtime::sim
