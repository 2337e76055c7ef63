// What clients did and saw, as Jepsen records it: invocations and completions on one clock.
//
// A completion is `ok` (it happened, `output` is what the client saw), `fail` (it certainly did not
// happen) or `info` (nobody knows: it may have happened at any time from its call on, or never). An
// operation that never returns is `info`. After `info` a process is dead: a client goes on under a new number.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::history {

enum class EventType : unsigned char { kInvoke, kOk, kFail, kInfo };
std::string_view TypeName(EventType type);  // "invoke", "ok", "fail", "info"

// One line of a history.
struct Event {
  EventType type = EventType::kInvoke;
  int64_t process = 0;
  std::string function;  // "read", "write", "cas" ...
  api::Value key;        // of histories over many independent objects; else null
  api::Value value;      // what is asked, or what was answered
  int64_t time = 0;      // ns since the start of the run; 0 where the source has no times
  size_t line = 0;       // in its file, from 1; 0 where there is none
};

inline constexpr size_t kNever = std::numeric_limits<size_t>::max();

// An invocation with its completion.
struct Operation {
  int64_t process = 0;
  std::string function;
  api::Value key;
  api::Value input;
  api::Value output;  // null unless `outcome` is kOk
  EventType outcome = EventType::kInfo;
  size_t call = 0;             // indices into the history's events, which are the order that counts
  size_t completion = kNever;  // kNever also for kInfo: no completion bounds it
  int64_t called_at = 0;       // ns
  int64_t returned_at = 0;
};

// Ordered by call. Events of processes below 0 (a nemesis) are left out.
// kInvalidArgument, with the line, for a call of a process that has one open or is dead, and for a
// completion without its call.
Result<std::vector<Operation>> Pair(const std::vector<Event>& events);

}  // namespace kp::history
