// Runs jobs in processes of their own, several at a time. Whatever a job does - a failed CHECK, a crash, an
// endless loop - it is one job's end, never the run's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {

struct JobEnd {
  enum class Kind : unsigned char {
    kDone,      // `output` is what the job returned
    kCrashed,   // `reason` says by which signal or exit code
    kTimedOut,  // it ran longer than the deadline and was killed
  };
  Kind kind = Kind::kCrashed;
  std::string output;
  std::string reason;
  std::string stderr_tail;  // the last lines that it wrote to stderr or stdout
  Duration duration{};      // of the wall clock
};

struct JobPoolOptions {
  int workers = 2;
  Duration deadline = 120s;  // of each job
};

class JobPool {
 public:
  // The index of a job to start now; nothing when there is none left.
  using Next = std::function<std::optional<size_t>()>;
  // Runs in the worker; its text goes to OnEnd.
  using Work = std::function<std::string(size_t)>;
  using OnEnd = std::function<void(size_t, JobEnd)>;

  JobPool(runtime::posix::PosixEnv& env, JobPoolOptions options);
  ~JobPool();
  JobPool(const JobPool&) = delete;
  JobPool& operator=(const JobPool&) = delete;

  // Until `next` has no more and all have ended, or Stop. False when stopped: what ran then was killed and
  // is not reported.
  bool Run(const Next& next, const Work& work, const OnEnd& on_end);
  // From a signal handler of the Env, a timer or `on_end`.
  void Stop() { stopped_ = true; }

 private:
  class Worker;
  void Start(size_t index, const Work& work);

  runtime::posix::PosixEnv& env_;
  JobPoolOptions options_;
  std::map<size_t, std::unique_ptr<Worker>> running_;
  bool stopped_ = false;
};

}  // namespace kp::cli
