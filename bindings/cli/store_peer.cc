// tidy: allow-file clock, because the processor time of another process is read by its clock
#include "bindings/cli/store_peer.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "reference/base/strings.h"
#include "reference/client/etcd.h"
#include "reference/store/etcd.pb.h"
#include "reference/transport/grpc.h"

namespace kp::cli {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// "VmRSS:      1234 kB" in files of `key: number` lines.
double FieldOf(const std::string& text, std::string_view key) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    double value = 0;
    if (word == key && words >> value) return value;
  }
  return 0;
}

double CpuSecondsOf(int pid) {
  clockid_t clock = 0;
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

std::string FreeAddress(runtime::posix::PosixEnv& env) {
  auto listener = env.network().Listen("127.0.0.1:0", [](std::unique_ptr<runtime::Stream>) {});
  return listener.ok() ? (*listener)->Address() : "127.0.0.1:0";
}

}  // namespace

StoreUsage StoreUsage::operator-(const StoreUsage& earlier) const {
  return {cpu_seconds - earlier.cpu_seconds, written_bytes - earlier.written_bytes, syncs - earlier.syncs,
          resident_bytes, syncs_known};
}

// One counter per thread and call; threads that are made later inherit them.
SyncCounter::SyncCounter(int pid) {
  std::error_code none;
  for (const char* call : {"sys_enter_fsync", "sys_enter_fdatasync"}) {
    const std::string id = ReadText("/sys/kernel/tracing/events/syscalls/" + std::string(call) + "/id");
    const std::optional<int64_t> event = ParseInt(Trim(id));
    if (!event) continue;
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.config = static_cast<uint64_t>(*event);
    attributes.inherit = 1;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", none)) {
      const std::optional<int64_t> thread = ParseInt(task.path().filename().string());
      if (!thread) continue;
      const long fd = syscall(SYS_perf_event_open, &attributes, *thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
      if (fd >= 0) descriptors_.push_back(static_cast<int>(fd));
    }
  }
}

SyncCounter::~SyncCounter() {
  for (const int fd : descriptors_) close(fd);
}

double SyncCounter::Read() const {
  double total = 0;
  for (const int fd : descriptors_) {
    uint64_t count = 0;
    if (read(fd, &count, sizeof count) == sizeof count) total += static_cast<double>(count);
  }
  return total;
}

Result<std::unique_ptr<StoreGroup>> StoreGroup::Start(runtime::posix::PosixEnv& env, StoreGroupOptions options) {
  if (options.program.empty()) {
    options.program = options.kind == StoreKind::kOurs ? "/proc/self/exe" : "/usr/bin/etcd";
  }
  if (!env.disk().Exists(options.program)) {
    return Status(Code::kNotFound, options.program + " is not there (Debian's package etcd-server has it)");
  }
  std::unique_ptr<StoreGroup> group(new StoreGroup(env, std::move(options)));
  if (Status status = group->Lay(); !status.ok()) return status;
  for (size_t i = 0; i < group->size(); ++i) {
    if (Status status = group->Spawn(i); !status.ok()) return status;
  }
  if (Status status = group->AwaitReady(30s); !status.ok()) return status;
  return group;
}

// Both servers take the same flags; etcd has a few more to be quiet.
Status StoreGroup::Lay() {
  std::vector<std::string> peers;
  std::string cluster;
  for (int i = 0; i < options_.members; ++i) {
    endpoints_.push_back(FreeAddress(env_));
    peers.push_back(FreeAddress(env_));
    cluster += (i == 0 ? "m" : ",m") + std::to_string(i) + "=http://" + peers.back();
  }
  for (size_t i = 0; i < peers.size(); ++i) {
    Member member;
    const std::string name = "m" + std::to_string(i);
    member.data = options_.folder + "/" + name;
    const bool ours = options_.kind == StoreKind::kOurs;
    if (ours) member.arguments = {"store", "--die-with-parent"};
    for (const std::string& flag : std::vector<std::string>{
             "--name=" + name, "--data-dir=" + member.data, "--listen-client-urls=http://" + endpoints_[i],
             "--advertise-client-urls=http://" + endpoints_[i], "--listen-peer-urls=http://" + peers[i],
             "--initial-advertise-peer-urls=http://" + peers[i], "--initial-cluster=" + cluster,
             ours ? "--log-level=warn" : "--log-level=error"}) {
      member.arguments.push_back(flag);
    }
    if (!ours) member.arguments.push_back("--logger=zap");
    for (const std::string& flag : options_.flags) member.arguments.push_back(flag);
    members_.push_back(std::move(member));
  }
  return env_.disk().MakeDirectories(options_.folder);
}

std::string StoreGroup::LogOf(size_t member) const { return options_.folder + "/m" + std::to_string(member) + ".log"; }

Status StoreGroup::Spawn(size_t index) {
  Member& member = members_[index];
  auto child = fixtures::ChildProcess::Start(options_.program, member.arguments, {.output_file = LogOf(index)});
  if (!child.ok()) return child.status();
  member.child = std::move(*child);
  return {};
}

void StoreGroup::Kill(size_t index) {
  members_[index].syncs = nullptr;
  members_[index].child = nullptr;  // its destructor kills and waits
}

void StoreGroup::Signal(size_t index, int signal) {
  if (members_[index].child) members_[index].child->Signal(signal);
}

Status StoreGroup::Probe(const std::string& endpoint, Duration budget) {
  auto client = client::EtcdClient::Create(env_, {.endpoints = {endpoint}, .tls = {}, .timeout = 2s});
  if (!client.ok()) return client.status();
  const Time deadline = env_.Now() + budget;
  Status last(Code::kDeadlineExceeded, "no answer");
  while (env_.Now() < deadline) {
    auto answer = std::make_shared<std::optional<Status>>();
    (*client)->Range({.key = "ready"},
                     [answer](const Result<client::EtcdRangeResult>& result) { *answer = result.status(); });
    (void)env_.RunUntil([&] { return answer->has_value(); }, 3s);
    if (answer->has_value() && (*answer)->ok()) return {};
    if (answer->has_value()) last = **answer;
    env_.RunFor(1ms);
  }
  return {Code::kDeadlineExceeded, endpoint + " does not serve: " + last.ToString()};
}

Status StoreGroup::AwaitReady(Duration budget) {
  for (size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].child) continue;
    if (Status status = Probe(endpoints_[i], budget); !status.ok()) {
      return {status.code(), status.message() + "; its log is " + LogOf(i)};
    }
    if (!members_[i].syncs) members_[i].syncs = std::make_unique<SyncCounter>(members_[i].child->pid());
  }
  return {};
}

Result<std::vector<std::string>> StoreGroup::LeaderFirst() {
  std::vector<std::string> order = endpoints_;
  for (size_t i = 0; i < order.size(); ++i) {
    auto channel = transport::GrpcChannel::Create(env_, {.http = {.endpoints = {order[i]}, .tls = {}}});
    if (!channel.ok()) return channel.status();
    auto answer = std::make_shared<std::optional<Result<std::string>>>();
    (*channel)->Unary("/etcdserverpb.Maintenance/Status", "", {}, 2s,
                      [answer](Result<std::string> reply) { answer->emplace(std::move(reply)); });
    (void)env_.RunUntil([&] { return answer->has_value(); }, 3s);
    if (!answer->has_value() || !(*answer)->ok()) continue;
    etcdserverpb::StatusResponse status;
    if (!status.ParseFromString(***answer) || status.leader() != status.header().member_id()) continue;
    std::swap(order[0], order[i]);
    return order;
  }
  return Status(Code::kUnavailable, "no member says that it leads");
}

StoreUsage StoreGroup::Usage() const {
  StoreUsage total;
  total.syncs_known = true;
  for (const Member& member : members_) {
    if (!member.child) continue;
    const std::string proc = "/proc/" + std::to_string(member.child->pid());
    total.cpu_seconds += CpuSecondsOf(member.child->pid());
    total.written_bytes += FieldOf(ReadText(proc + "/io"), "write_bytes:");
    total.resident_bytes += FieldOf(ReadText(proc + "/status"), "VmRSS:") * 1024;
    total.syncs_known = total.syncs_known && member.syncs && member.syncs->known();
    if (member.syncs) total.syncs += member.syncs->Read();
  }
  return total;
}

}  // namespace kp::cli
