// Env of a real process.
//
//   PosixEnv env({.name = "store-0"});
//   env.HandleSignals([&](int) { env.Stop(0); });
//   store::Server server(env, options);
//   return env.Run();
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/runtime/posix/disk.h"
#include "reference/runtime/posix/event_loop.h"
#include "reference/runtime/posix/network.h"
#include "reference/runtime/posix/signals.h"
#include "reference/runtime/posix/volatile_disk.h"

namespace kp::runtime::posix {

struct PosixOptions {
  std::string name = "kubeproof";
  std::optional<uint64_t> seed;  // none: the kernel's randomness
  Severity least_severity = Severity::kInfo;
  int log_fd = 2;
  bool volatile_disk = false;  // see VolatileDisk
};

class PosixEnv : public Env {
 public:
  explicit PosixEnv(PosixOptions options);
  ~PosixEnv() override;

  // Serves until Stop or Fail; returns the exit code.
  int Run();
  // Pumps until `done` holds: kDeadlineExceeded after `budget`, kAborted when the process was
  // stopped or failed. `done` is asked after every turn.
  Status RunUntil(const std::function<bool()>& done, Duration budget);
  // Pumps for a time, as a test of real processes must.
  void RunFor(Duration time);
  // Ends Run after the current callback. A failure before wins.
  void Stop(int exit_code = 0);

  // SIGTERM and SIGINT by default. Call before the first disk operation.
  void HandleSignals(std::function<void(int)> on_signal, const std::vector<int>& signals = {});

  bool failed() const { return failed_; }
  EventLoop& loop() { return loop_; }

  const std::string& name() const override { return options_.name; }
  Time Now() const override { return loop_.Now(); }
  WallTime Wall() const override;
  TimerId After(Duration delay, Task task) override { return loop_.After(delay, std::move(task)); }
  void Cancel(TimerId timer) override { loop_.Cancel(timer); }
  void Post(Task task) override { loop_.Post(std::move(task)); }
  Network& network() override { return network_; }
  Disk& disk() override { return volatile_disk_ ? static_cast<Disk&>(*volatile_disk_) : disk_; }
  // Ends the process as a power cut would; with a volatile disk only.
  [[noreturn]] void PowerCut();
  Random& random() override { return random_; }
  void Log(Severity severity, std::string_view component, std::string_view message) override;
  void Fail(std::string_view component, std::string_view reason) override;

 private:
  PosixOptions options_;
  EventLoop loop_;
  PosixDisk disk_;
  PosixNetwork network_;
  Random random_;
  std::unique_ptr<VolatileDisk> volatile_disk_;
  std::unique_ptr<SignalWatch> signals_;
  int exit_code_ = 0;
  bool failed_ = false;
};

}  // namespace kp::runtime::posix
