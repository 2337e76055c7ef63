// `kubeproof up` as a user meets it: from exec until a client sees a Ready node, and the memory of all its processes.
#include <fstream>
#include <sstream>

#include "bindings/cli/bench.h"
#include "bindings/cli/component.h"
#include "fixtures/process_child.h"
#include "reference/base/strings.h"
#include "reference/client/resources.h"

namespace kp::cli {
namespace {

constexpr Duration kPatience = 30s;

std::string ReadProc(int pid, const std::string& file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<int> WithDescendants(int pid) {
  std::vector<int> pids = {pid};
  for (size_t i = 0; i < pids.size(); ++i) {
    std::istringstream children(ReadProc(pids[i], "task/" + std::to_string(pids[i]) + "/children"));
    for (int child = 0; children >> child;) pids.push_back(child);
  }
  return pids;
}

// In MB of 1000 kB; the kernel counts in units of 1024.
double ProportionalSetSize(int pid) {
  double kilobytes = 0;
  for (int each : WithDescendants(pid)) {
    std::istringstream lines(ReadProc(each, "smaps_rollup"));
    for (std::string word; lines >> word;) {
      if (word != "Pss:") continue;
      double size = 0;
      lines >> size;
      kilobytes += size;
    }
  }
  return kilobytes * 1.024 / 1000;
}

int ReadyNodes(const api::Value& list) {
  int ready = 0;
  for (const api::Value& node : list["items"].items()) {
    for (const api::Value& condition : node.At({"status", "conditions"}).items()) {
      ready += condition["type"].AsString() == "Ready" && condition["status"].AsString() == "True" ? 1 : 0;
    }
  }
  return ready;
}

// As `kubectl get nodes`, again and again.
bool AwaitNode(runtime::posix::PosixEnv& env, client::KubeClient& client, Time deadline) {
  while (env.Now() < deadline) {
    auto answer = std::make_shared<std::optional<int>>();
    client.List({client::kNodes, "", "", ""}, {},
                [answer](const api::ApiResult<api::Value>& list) { *answer = list.ok() ? ReadyNodes(*list) : 0; });
    (void)env.RunUntil([&] { return answer->has_value(); }, 5s);
    if (answer->value_or(0) >= 1) return true;
    env.RunFor(1ms);
  }
  return false;
}

struct Round {
  double seconds = 0;
  double megabytes = 0;
  double processes = 0;
};

Result<Round> OneRound(const std::string& folder) {
  runtime::posix::PosixEnv env({.name = "bench"});
  const std::string path = folder + "/kubeconfig";
  if (env.disk().Exists(path)) (void)env.disk().Remove(path);
  const Time begin = env.Now();
  const Time deadline = begin + kPatience;
  auto up = fixtures::ChildProcess::Start("/proc/self/exe", {"up", "--nodes=1", "--members=1", "--kubeconfig=" + path},
                                          {.output_file = folder + "/up.log"});
  if (!up.ok()) return up.status();
  Result<client::KubeClientOptions> options = Status(Code::kNotFound, "");
  while (env.Now() < deadline && (*up)->Running() && !options.ok()) {
    if (env.disk().Exists(path)) options = ReadKubeconfig(env.disk(), path);
    env.RunFor(1ms);
  }
  if (!options.ok()) return Status(Code::kDeadlineExceeded, "`up` has not written its kubeconfig");
  auto client = client::KubeClient::Create(env, *options);
  if (!client.ok()) return client.status();
  if (!AwaitNode(env, **client, deadline)) return Status(Code::kDeadlineExceeded, "no node is Ready");
  Round round;
  round.seconds = Seconds(env.Now() - begin);
  round.processes = static_cast<double>(WithDescendants((*up)->pid()).size());
  // Once all of them have done their first work.
  env.RunFor(2s);
  round.megabytes = ProportionalSetSize((*up)->pid());
  (*up)->Signal(SIGTERM);
  (void)env.RunUntil([&] { return !(*up)->Running(); }, 10s);
  return round;
}

}  // namespace

Result<Measures> BenchUp(const BenchOptions& options) {
  Result<std::string> folder = fixtures::MakeTemporaryFolder("kubeproof-bench-");
  if (!folder.ok()) return folder.status();
  Measure time{"exec to a Ready node, 1 member, 1 node", "s", Target::kBelow, 1, {}};
  Measure memory{"proportional set size of all processes", "MB", Target::kBelow, 100, {}};
  Measure processes{"processes", "", Target::kNone, 0, {}};
  Status failed;
  for (int i = 0; i < options.rounds && failed.ok(); ++i) {
    Result<Round> round = OneRound(*folder);
    if (!round.ok()) {
      failed = round.status();
      break;
    }
    time.rounds.push_back(round->seconds);
    memory.rounds.push_back(round->megabytes);
    processes.rounds.push_back(round->processes);
  }
  fixtures::RemoveTemporaryFolder(*folder);
  if (!failed.ok()) return failed;
  return Measures{time, memory, processes};
}

}  // namespace kp::cli
