// One simulation: processes on hosts, in virtual time, from one seed.
//
//   World world({.seed = 7});
//   world.Spawn("store-0", "10.0.0.1", [](Env& env) { return std::make_unique<Store>(env); });
//   world.RunFor(1s);
//   world.Crash("store-0", CrashKind::kPowerCut);
//   world.Restart("store-0");
//
// Verbs only: which fault, when and how much is the business of chaos/. Only a test pumps; nothing
// here may be called from inside a simulated process, except from tasks given to Schedule.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/check.h"
#include "reference/runtime/actor.h"
#include "reference/runtime/sim/sim_env.h"

namespace kp::runtime::sim {

// kKill: the process alone, the kernel keeps what it wrote and resets its streams. kPowerCut: the
// machine; unsynced bytes are lost or torn, peers see resets at once. kVanish: as kPowerCut, but
// peers hear nothing until the machine is back or their streams time out.
enum class CrashKind : unsigned char { kKill, kPowerCut, kVanish };

enum class ProcessStatus : unsigned char { kRunning, kPaused, kCrashed, kFailed };

struct WorldOptions {
  uint64_t seed = 1;
  FabricOptions network;
  // Log lines from this severity on are kept, the last `kept_log_lines` of them.
  Severity least_severity = Severity::kInfo;
  size_t kept_log_lines = 2000;
  // Entries that the draw log keeps as text; the hash runs always.
  size_t kept_draws = 0;
  // A RunUntil or RunFor of more events is a livelock.
  uint64_t most_events = 50'000'000;
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Starts a process. Without a factory it has no actor: the test acts through its Env.
  SimEnv& Spawn(const std::string& name, const std::string& host_ip, ActorFactory factory = nullptr);
  void Crash(const std::string& name, CrashKind kind = CrashKind::kPowerCut);
  // A new life on the same disk; after a crash or a failure.
  void Restart(const std::string& name);
  void Pause(const std::string& name);
  void Resume(const std::string& name);

  ProcessStatus status(const std::string& name) const;
  // Why it failed, "" when it did not.
  const std::string& failure(const std::string& name) const;
  // Told after the process has ended by Env::Fail.
  void set_on_failure(std::function<void(const std::string& name, const std::string& reason)> on_failure) {
    on_failure_ = std::move(on_failure);
  }
  std::vector<std::string> processes() const;  // sorted
  SimEnv& env(const std::string& name);
  // The actor of a running process.
  template <typename T>
  T& actor(const std::string& name) {
    T* actor = dynamic_cast<T*>(Find(name).actor.get());
    CHECK(actor != nullptr) << name << " runs no such actor";
    return *actor;
  }

  Fabric& network() { return fabric_; }
  SimDevice& disk(const std::string& name) { return Find(name).machine->device; }
  // Sets the wall clock off the true time, from now on; negative is behind.
  void SetWallOffset(const std::string& name, Duration offset) { Find(name).machine->wall_offset = offset; }

  Time Now() const { return scheduler_.now(); }
  Duration elapsed() const { return scheduler_.now() - kStart; }
  WallTime TrueWall() const { return kEpoch + elapsed(); }
  // A step of the test's own plan, outside all processes.
  void Schedule(Duration delay, Task task) { scheduler_.After(delay, nullptr, EventKind::kWorld, std::move(task)); }
  bool Step();
  void RunFor(Duration time);
  // kDeadlineExceeded after `budget` of virtual time, kResourceExhausted after too many events.
  // `done` is asked before the first and after each event.
  Status RunUntil(const std::function<bool()>& done, Duration budget);

  DrawLog& draw_log() { return scheduler_.log(); }
  Counters& counters() { return scheduler_.counters(); }
  const std::deque<std::string>& log_lines() const { return log_lines_; }
  // In addition to keeping: for a test that wants to see the log as it runs.
  void set_log_sink(std::function<void(const std::string& line)> sink) { extra_sink_ = std::move(sink); }

 private:
  struct Process {
    std::unique_ptr<Machine> machine;
    ActorFactory factory;
    SimEnv* env = nullptr;
    std::unique_ptr<Actor> actor;
    ProcessStatus status = ProcessStatus::kRunning;
    std::string failure;
  };

  Process& Find(const std::string& name);
  const Process& Find(const std::string& name) const;
  void Start(Process& process);
  void End(Process& process, CrashKind kind);
  void ReapFailed();
  void KeepLogLine(const std::string& line);

  WorldOptions options_;
  // Envs of ended lives stay: what a test still holds of them must find its no-ops. Declared before
  // all that may point to them.
  std::vector<std::unique_ptr<SimEnv>> envs_;
  std::map<std::string, Process> processes_;
  Scheduler scheduler_;
  Fabric fabric_;
  LogTarget log_;
  std::function<void(const std::string& line)> extra_sink_;
  std::deque<std::string> log_lines_;
  std::function<void(const std::string&, const std::string&)> on_failure_;
};

}  // namespace kp::runtime::sim
