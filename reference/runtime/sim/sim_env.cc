#include "reference/runtime/sim/sim_env.h"

#include <utility>

#include "reference/runtime/log_line.h"

namespace kp::runtime::sim {

// The network as one process sees it.
class SimEnv::Endpoint : public Network {
 public:
  Endpoint(Fabric& fabric, ProcessState& process, Host& host) : fabric_(fabric), process_(process), host_(host) {}

  Result<std::unique_ptr<Listener>> Listen(const std::string& address, AcceptFunction on_accept) override {
    if (!process_.runs()) return Status(Code::kUnavailable, "listen " + address + ": the process has ended");
    auto key = fabric_.Listen(process_, host_, address, std::move(on_accept));
    if (!key.ok()) return key.error();
    return std::unique_ptr<Listener>(std::make_unique<SimListener>(fabric_, process_, host_, *key));
  }

  void Dial(const std::string& address, Duration timeout, Completion<Result<std::unique_ptr<Stream>>> done) override {
    if (process_.runs()) fabric_.Dial(process_, host_, address, timeout, std::move(done));
  }

 private:
  class SimListener : public Listener {
   public:
    SimListener(Fabric& fabric, ProcessState& process, Host& host, std::string key)
        : fabric_(fabric), process_(process), host_(host), key_(std::move(key)) {}
    ~SimListener() override {
      if (process_.alive) fabric_.StopListening(host_, key_);
    }
    std::string Address() const override { return key_.starts_with("unix:") ? key_ : host_.ip + ":" + key_; }

   private:
    Fabric& fabric_;
    ProcessState& process_;
    Host& host_;
    std::string key_;
  };

  Fabric& fabric_;
  ProcessState& process_;
  Host& host_;
};

SimEnv::SimEnv(Scheduler& scheduler, Fabric& fabric, Machine& machine, uint32_t id, const LogTarget& log)
    : scheduler_(scheduler),
      machine_(machine),
      log_(log),
      // Each life draws anew, or a restarted process would make up its old names and uids again.
      stream_name_(machine.name + "#" + std::to_string(machine.lives)),
      random_(scheduler.MakeRandom(stream_name_)),
      disk_(machine.device, state_) {
  state_.id = id;
  state_.name = machine.name;
  endpoint_ = std::make_unique<Endpoint>(fabric, state_, machine.host);
}

SimEnv::~SimEnv() = default;

WallTime SimEnv::Wall() const {
  if (machine_.wall_offset != Duration(0)) ++scheduler_.counters().skewed_clock_reads;
  return kEpoch + (scheduler_.now() - kStart) + machine_.wall_offset;
}

TimerId SimEnv::After(Duration delay, Task task) {
  if (!state_.runs()) return {};
  return scheduler_.After(delay, &state_, EventKind::kTimer, std::move(task));
}

void SimEnv::Cancel(TimerId timer) {
  if (state_.alive) scheduler_.Cancel(timer);
}

void SimEnv::Post(Task task) {
  if (state_.runs()) scheduler_.Post(&state_, std::move(task));
}

Network& SimEnv::network() { return *endpoint_; }

void SimEnv::Log(Severity severity, std::string_view component, std::string_view message) {
  if (!state_.alive) return;
  scheduler_.log().Bytes(scheduler_.now(), "logged", state_.name, message);
  if (severity < log_.least) return;
  WallTime stamp = kEpoch + (scheduler_.now() - kStart) + machine_.wall_offset;
  log_.sink(FormatLogLine(severity, stamp, state_.name, component, message));
}

void SimEnv::Fail(std::string_view component, std::string_view reason) {
  if (!state_.runs()) return;
  Log(Severity::kError, component, "fatal: " + std::string(reason));
  failure_ = std::string(component) + ": " + std::string(reason);
  state_.failing = true;
}

}  // namespace kp::runtime::sim
