#include "reference/runtime/posix/posix_env.h"

#include <signal.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "reference/base/check.h"
#include "reference/runtime/log_line.h"

namespace kp::runtime::posix {
namespace {

uint64_t KernelSeed() {
  uint64_t seed = 0;
  ssize_t count = getrandom(&seed, sizeof(seed), 0);
  CHECK(count == sizeof(seed)) << "getrandom";
  return seed;
}

}  // namespace

PosixEnv::PosixEnv(PosixOptions options)
    : options_(std::move(options)),
      disk_(loop_),
      network_(loop_, disk_.thread()),
      random_(options_.seed ? *options_.seed : KernelSeed()) {
  // A peer that goes away while we write is an error code, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  if (options_.volatile_disk) volatile_disk_ = std::make_unique<VolatileDisk>(*this, disk_);
}

PosixEnv::~PosixEnv() = default;

void PosixEnv::PowerCut() {
  CHECK(volatile_disk_ != nullptr);
  volatile_disk_->PowerCut(random_);
  kill(getpid(), SIGKILL);
  _exit(137);
}

int PosixEnv::Run() {
  while (!loop_.stopped()) loop_.Turn(1h);
  return exit_code_;
}

Status PosixEnv::RunUntil(const std::function<bool()>& done, Duration budget) {
  Time deadline = Now() + budget;
  while (!done()) {
    if (loop_.stopped()) return {Code::kAborted, options_.name + ": stopped while waiting"};
    Duration left = deadline - Now();
    if (left <= Duration(0)) return {Code::kDeadlineExceeded, "not within " + FormatDuration(budget)};
    loop_.Turn(left);
  }
  return Status::Ok();
}

void PosixEnv::RunFor(Duration time) {
  Time deadline = Now() + time;
  while (!loop_.stopped() && Now() < deadline) loop_.Turn(deadline - Now());
}

void PosixEnv::Stop(int exit_code) {
  if (!failed_) exit_code_ = exit_code;
  loop_.Stop();
}

void PosixEnv::HandleSignals(std::function<void(int)> on_signal, const std::vector<int>& signals) {
  std::vector<int> wanted = signals.empty() ? std::vector<int>{SIGTERM, SIGINT} : signals;
  signals_ = std::make_unique<SignalWatch>(loop_, wanted, std::move(on_signal));
}

WallTime PosixEnv::Wall() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return WallTime(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec));
}

void PosixEnv::Log(Severity severity, std::string_view component, std::string_view message) {
  if (severity < options_.least_severity) return;
  std::string line = FormatLogLine(severity, Wall(), options_.name, component, message) + "\n";
  // One call a line, so that lines of processes that share the descriptor do not mix. A log that
  // cannot be written is lost: there is nowhere to say so.
  ssize_t written = write(options_.log_fd, line.data(), line.size());
  static_cast<void>(written);
}

void PosixEnv::Fail(std::string_view component, std::string_view reason) {
  Log(Severity::kError, component, "fatal: " + std::string(reason));
  failed_ = true;
  exit_code_ = 1;
  loop_.Stop();
}

}  // namespace kp::runtime::posix
