// What the simulator does next, and for which process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/runtime/env.h"

namespace kp::runtime::sim {

// When monotonic time begins. Not zero, so that a default Time stays an impossible one.
inline constexpr Time kStart{1h};

enum class EventKind : unsigned char { kTimer, kPosted, kNetwork, kDisk, kWorld };

inline std::string_view EventKindName(EventKind kind) {
  static constexpr std::string_view kNames[] = {"timer", "posted", "network", "disk", "world"};
  return kNames[static_cast<size_t>(kind)];
}

// One life of a process, as far as the scheduler, the network and the disk must know it.
struct ProcessState {
  uint32_t id = 0;  // never used twice
  std::string name;
  bool alive = true;
  bool failing = false;  // called Fail: ends after the current callback
  bool paused = false;
  std::vector<TimerId> parked;  // what became due while paused
  std::vector<Task> parked_posts;

  bool runs() const { return alive && !failing; }
};

struct Event {
  ProcessState* process = nullptr;  // none: the world's own
  EventKind kind = EventKind::kWorld;
  Task task;
};

}  // namespace kp::runtime::sim
