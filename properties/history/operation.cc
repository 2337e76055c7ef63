#include "properties/history/operation.h"

#include <map>

namespace kp::history {

std::string_view TypeName(EventType type) {
  switch (type) {
    case EventType::kInvoke: return "invoke";
    case EventType::kOk: return "ok";
    case EventType::kFail: return "fail";
    case EventType::kInfo: return "info";
  }
  return "?";
}

namespace {

struct Process {
  size_t open = kNever;  // its operation
  bool dead = false;
};

Status Refused(const Event& event, size_t index, std::string_view why) {
  std::string where = event.line > 0 ? "line " + std::to_string(event.line) : "event " + std::to_string(index);
  return {Code::kInvalidArgument, where + ": process " + std::to_string(event.process) + " " + std::string(why)};
}

Status Call(const Event& event, size_t index, Process& process, std::vector<Operation>& operations) {
  if (process.dead) return Refused(event, index, "calls again after an operation of unknown outcome");
  if (process.open != kNever) return Refused(event, index, "calls while its last call is open");
  process.open = operations.size();
  operations.push_back({.process = event.process,
                        .function = event.function,
                        .key = event.key,
                        .input = event.value,
                        .call = index,
                        .called_at = event.time});
  return Status::Ok();
}

Status Complete(const Event& event, size_t index, Process& process, std::vector<Operation>& operations) {
  if (process.open == kNever) return Refused(event, index, "completes what it did not call");
  Operation& operation = operations[process.open];
  if (operation.function != event.function) {
    return Refused(event, index, "completes " + event.function + ", but called " + operation.function);
  }
  process.open = kNever;
  operation.outcome = event.type;
  operation.returned_at = event.time;
  if (event.type == EventType::kInfo) {
    process.dead = true;
    return Status::Ok();
  }
  operation.completion = index;
  if (event.type == EventType::kOk) operation.output = event.value;
  return Status::Ok();
}

}  // namespace

Result<std::vector<Operation>> Pair(const std::vector<Event>& events) {
  std::vector<Operation> operations;
  operations.reserve(events.size() / 2);
  std::map<int64_t, Process> processes;
  for (size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if (event.process < 0) continue;
    Process& process = processes[event.process];
    Status status = event.type == EventType::kInvoke ? Call(event, i, process, operations)
                                                     : Complete(event, i, process, operations);
    if (!status.ok()) return status;
  }
  return operations;
}

}  // namespace kp::history
