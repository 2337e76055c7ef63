// Env of one life of a simulated process.
#pragma once

#include <functional>
#include <string>

#include "reference/runtime/sim/disk.h"
#include "reference/runtime/sim/fabric.h"
#include "reference/runtime/sim/scheduler.h"

namespace kp::runtime::sim {

// What a process keeps across its lives.
struct Machine {
  Machine(Scheduler& scheduler, const std::string& process_name, Host& its_host)
      : name(process_name), host(its_host), device(scheduler, process_name) {}

  const std::string name;
  Host& host;
  SimDevice device;
  Duration wall_offset{};
  int lives = 0;
};

struct LogTarget {
  Severity least = Severity::kInfo;  // below it a line is not even put together
  std::function<void(const std::string& line)> sink;
};

class SimEnv : public Env {
 public:
  SimEnv(Scheduler& scheduler, Fabric& fabric, Machine& machine, uint32_t id, const LogTarget& log);
  ~SimEnv() override;

  ProcessState& state() { return state_; }
  const std::string& failure() const { return failure_; }

  const std::string& name() const override { return state_.name; }
  Time Now() const override { return scheduler_.now(); }
  WallTime Wall() const override;
  TimerId After(Duration delay, Task task) override;
  void Cancel(TimerId timer) override;
  void Post(Task task) override;
  Network& network() override;
  Disk& disk() override { return disk_; }
  Random& random() override { return random_; }
  void Log(Severity severity, std::string_view component, std::string_view message) override;
  void Fail(std::string_view component, std::string_view reason) override;

 private:
  class Endpoint;

  Scheduler& scheduler_;
  Machine& machine_;
  const LogTarget& log_;
  ProcessState state_;
  std::string stream_name_;
  Random random_;
  SimDisk disk_;
  std::unique_ptr<Endpoint> endpoint_;
  std::string failure_;
};

// 2025-01-01T00:00:00Z, when every simulation begins.
inline constexpr WallTime kEpoch{std::chrono::seconds(1735689600)};

}  // namespace kp::runtime::sim
