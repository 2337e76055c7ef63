#include "bindings/cli/job_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "reference/base/check.h"

namespace kp::cli {
namespace {

// A stack trace and some log lines; a worker may write more than anybody reads.
constexpr size_t kKeptStderr = 8192;

struct Pipe {
  int read_end;
  int write_end;
};

Pipe MakePipe() {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0) << "pipe2: " << std::strerror(errno);
  return {ends[0], ends[1]};
}

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(1);  // nobody reads any more
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

// The signals that the parent takes as events are a worker's end again; Ctrl-C, which reaches every process
// of the terminal's group, is the parent's affair.
void BecomeWorker(pid_t parent, int stderr_fd) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(stderr_fd, STDOUT_FILENO);
  dup2(stderr_fd, STDERR_FILENO);
}

std::string DescribeExit(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = sigabbrev_np(number);
    return name == nullptr ? "signal " + std::to_string(number) : std::string("SIG") + name;
  }
  return "exit code " + std::to_string(WEXITSTATUS(status)) + " without a result";
}

}  // namespace

// One job's process, seen from the parent.
class JobPool::Worker : public runtime::posix::FdHandler {
 public:
  Worker(runtime::posix::PosixEnv& env, pid_t pid, int output, int errors, Duration deadline)
      : env_(env), pid_(pid), started_(env.Now()), deadline_timer_(env) {
    fds_ = {output, errors, static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};
    CHECK(fds_[kPid] >= 0) << "pidfd_open: " << std::strerror(errno);
    for (int fd : {output, errors}) fcntl(fd, F_SETFL, O_NONBLOCK);
    for (size_t i = 0; i < fds_.size(); ++i) tokens_.push_back(env.loop().Watch(fds_[i], POLLIN, this));
    deadline_timer_.Start(deadline, [this] {
      end_.kind = JobEnd::Kind::kTimedOut;
      kill(-pid_, SIGKILL);
    });
  }

  ~Worker() override {
    if (!ended_) {
      kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    for (size_t i = 0; i < fds_.size(); ++i) Forget(i);
  }

  void OnReady(uint32_t) override {
    // Asked before reading: what it wrote before its end is then there to be read.
    siginfo_t info{};
    const bool exited = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
    Drain(kOutput, end_.output);
    Drain(kErrors, end_.stderr_tail);
    if (end_.stderr_tail.size() > 2 * kKeptStderr) end_.stderr_tail.erase(0, end_.stderr_tail.size() - kKeptStderr);
    if (exited && !ended_) Finish();
  }

  bool ended() const { return ended_; }
  JobEnd TakeEnd() { return std::move(end_); }

 private:
  static constexpr size_t kOutput = 0;
  static constexpr size_t kErrors = 1;
  static constexpr size_t kPid = 2;

  void Drain(size_t which, std::string& into) {
    char buffer[16384];
    while (fds_[which] >= 0) {
      const ssize_t got = read(fds_[which], buffer, sizeof(buffer));
      if (got > 0) {
        into.append(buffer, static_cast<size_t>(got));
      } else if (got == 0) {
        Forget(which);
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  void Forget(size_t which) {
    if (fds_[which] < 0) return;
    env_.loop().Unwatch(fds_[which], tokens_[which]);
    close(std::exchange(fds_[which], -1));
  }

  void Finish() {
    int status = 0;
    waitpid(pid_, &status, 0);
    kill(-pid_, SIGKILL);  // whatever it left behind in its group
    ended_ = true;
    deadline_timer_.Stop();
    end_.duration = env_.Now() - started_;
    if (end_.kind == JobEnd::Kind::kTimedOut) {
      end_.reason = "killed at its deadline";
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      end_.kind = JobEnd::Kind::kDone;
    } else {
      end_.reason = DescribeExit(status);
    }
  }

  runtime::posix::PosixEnv& env_;
  pid_t pid_;
  Time started_;
  std::vector<int> fds_;
  std::vector<uint64_t> tokens_;
  runtime::Timer deadline_timer_;
  JobEnd end_;
  bool ended_ = false;
};

JobPool::JobPool(runtime::posix::PosixEnv& env, JobPoolOptions options) : env_(env), options_(options) {
  CHECK(options_.workers > 0);
}

JobPool::~JobPool() = default;

void JobPool::Start(size_t index, const Work& work) {
  const Pipe output = MakePipe();
  const Pipe errors = MakePipe();
  std::fflush(nullptr);  // else a worker that crashes might print the parent's text again
  const pid_t parent = getpid();
  const pid_t pid = fork();
  CHECK(pid >= 0) << "fork: " << std::strerror(errno);
  if (pid == 0) {
    BecomeWorker(parent, errors.write_end);
    WriteAll(output.write_end, work(index));
    std::fflush(nullptr);
    _exit(0);  // not exit: the parent's objects are the parent's to destroy
  }
  setpgid(pid, pid);  // here too, so that a kill of the group never comes before the group
  close(output.write_end);
  close(errors.write_end);
  running_.emplace(index, std::make_unique<Worker>(env_, pid, output.read_end, errors.read_end, options_.deadline));
}

bool JobPool::Run(const Next& next, const Work& work, const OnEnd& on_end) {
  bool exhausted = false;
  while (!stopped_) {
    while (!exhausted && running_.size() < static_cast<size_t>(options_.workers)) {
      const std::optional<size_t> index = next();
      if (index) {
        Start(*index, work);
      } else {
        exhausted = true;
      }
    }
    if (running_.empty()) return true;
    auto ended = running_.end();
    const auto find_ended = [&] {
      for (ended = running_.begin(); ended != running_.end() && !ended->second->ended(); ++ended) {
      }
      return ended != running_.end() || stopped_;
    };
    const Status status = env_.RunUntil(find_ended, 1h);
    if (status.code() == Code::kAborted) stopped_ = true;
    if (ended == running_.end() || stopped_) continue;
    const size_t index = ended->first;
    JobEnd end = ended->second->TakeEnd();
    running_.erase(ended);
    on_end(index, std::move(end));
    exhausted = false;  // an end may make room for jobs that waited for it
  }
  running_.clear();
  return false;
}

}  // namespace kp::cli
