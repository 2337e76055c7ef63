// A store that is measured or tortured: one or more members as processes, ours or stock etcd's, and what the kernel
// says they cost.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fixtures/process_child.h"
#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {

enum class StoreKind : unsigned char { kOurs, kEtcd };
inline const char* StoreName(StoreKind kind) { return kind == StoreKind::kOurs ? "kubeproof" : "etcd"; }

// What processes have used since they began; differences of two are what something cost.
struct StoreUsage {
  double cpu_seconds = 0;
  double written_bytes = 0;   // handed to the block layer, as /proc/PID/io counts
  double syncs = 0;           // fsync and fdatasync calls
  double resident_bytes = 0;  // now
  bool syncs_known = false;

  StoreUsage operator-(const StoreUsage& earlier) const;
};

// Counts the sync calls of a process from its tracepoints. Without the right to use them it knows nothing.
class SyncCounter {
 public:
  explicit SyncCounter(int pid);
  ~SyncCounter();
  SyncCounter(const SyncCounter&) = delete;
  SyncCounter& operator=(const SyncCounter&) = delete;
  bool known() const { return !descriptors_.empty(); }
  double Read() const;

 private:
  std::vector<int> descriptors_;
};

struct StoreGroupOptions {
  StoreKind kind = StoreKind::kOurs;
  int members = 1;
  std::string folder;  // data and logs
  // More flags for each member.
  std::vector<std::string> flags;
  // The program; "": this one, or etcd as the path finds it.
  std::string program;
};

class StoreGroup {
 public:
  // All members started and answering linearizable reads. kNotFound: no such program.
  static Result<std::unique_ptr<StoreGroup>> Start(runtime::posix::PosixEnv& env, StoreGroupOptions options);

  size_t size() const { return members_.size(); }
  const std::vector<std::string>& endpoints() const { return endpoints_; }
  // The members' clients addresses with the leader's first, as the members themselves say.
  Result<std::vector<std::string>> LeaderFirst();
  // All members together.
  StoreUsage Usage() const;

  Status Spawn(size_t member);
  void Kill(size_t member);  // SIGKILL, and waited for
  void Signal(size_t member, int signal);
  bool Running(size_t member) const { return members_[member].child != nullptr && members_[member].child->Running(); }
  std::string LogOf(size_t member) const;
  const std::string& DataOf(size_t member) const { return members_[member].data; }
  // Until each running member has answered a linearizable read.
  Status AwaitReady(Duration budget);

 private:
  struct Member {
    std::string data;
    std::vector<std::string> arguments;
    std::unique_ptr<fixtures::ChildProcess> child;
    std::unique_ptr<SyncCounter> syncs;
  };
  StoreGroup(runtime::posix::PosixEnv& env, StoreGroupOptions options) : env_(env), options_(std::move(options)) {}
  Status Lay();
  Status Probe(const std::string& endpoint, Duration budget);

  runtime::posix::PosixEnv& env_;
  StoreGroupOptions options_;
  std::vector<Member> members_;
  std::vector<std::string> endpoints_;
};

}  // namespace kp::cli
