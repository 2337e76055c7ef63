// A Deployment on real processes: from the request until a watch has shown all pods Running.
#include <set>

#include "bindings/cli/bench.h"
#include "fixtures/process_cluster.h"
#include "reference/client/resources.h"

namespace kp::cli {
namespace {

using api::Arr;
using api::Obj;
using api::Value;
using client::kDeployments;
using client::kPods;

class RunningPods : public client::KubeWatchHandler {
 public:
  void OnEvent(client::EventType type, Value pod) override {
    const std::string name = pod.At({"metadata", "name"}).str();
    if (type == client::EventType::kDeleted) {
      running_.erase(name);
      all_.erase(name);
    } else if (type == client::EventType::kAdded || type == client::EventType::kModified) {
      all_.insert(name);
      if (pod.At({"status", "phase"}).AsString() == "Running") running_.insert(name);
    }
  }
  void OnEnd(const api::ApiStatus&) override { ended_ = true; }
  size_t running() const { return running_.size(); }
  size_t all() const { return all_.size(); }
  bool ended() const { return ended_; }

 private:
  std::set<std::string> running_;
  std::set<std::string> all_;
  bool ended_ = false;
};

Value Web(int replicas) {
  const Value labels = Obj({{"app", "bench"}});
  const Value container = Obj({{"name", "main"}, {"image", "kubeproof/testpod"}});
  const Value pod_template =
      Obj({{"metadata", Obj({{"labels", labels}})},
           {"spec", Obj({{"containers", Arr({container})}, {"terminationGracePeriodSeconds", 1}})}});
  return Obj(
      {{"apiVersion", "apps/v1"},
       {"kind", "Deployment"},
       {"metadata", Obj({{"name", "bench"}})},
       {"spec",
        Obj({{"replicas", replicas}, {"selector", Obj({{"matchLabels", labels}})}, {"template", pod_template}})}});
}

Status AnswerOf(fixtures::Cluster& cluster, const std::function<void(client::ObjectDone)>& call) {
  auto answer = std::make_shared<std::optional<Status>>();
  call([answer](const api::ApiResult<Value>& result) {
    *answer = result.ok() ? Status::Ok() : Status(Code::kAborted, result.error().ToString());
  });
  if (!cluster.Pump([&] { return answer->has_value(); }, 30s)) return {Code::kDeadlineExceeded, "no answer"};
  return **answer;
}

Result<double> OneRound(fixtures::ProcessCluster& cluster, const RunningPods& pods, int replicas) {
  const client::ObjectRef ref{kDeployments, "default", "bench", ""};
  const Time begin = cluster.env().Now();
  Status created = AnswerOf(cluster, [&](client::ObjectDone done) {
    cluster.client().Create({kDeployments, "default", "", ""}, Web(replicas), {}, std::move(done));
  });
  if (!created.ok()) return created;
  const auto wanted = static_cast<size_t>(replicas);
  if (!cluster.Pump([&] { return pods.running() >= wanted || pods.ended(); }, 60s) || pods.ended()) {
    return Status(Code::kDeadlineExceeded, std::to_string(pods.running()) + " of " + std::to_string(replicas) +
                                               " pods are Running; see " + cluster.folder());
  }
  const double seconds = Seconds(cluster.env().Now() - begin);
  Status deleted = AnswerOf(cluster, [&](client::ObjectDone done) {
    cluster.client().Delete(ref, {.propagation = client::Propagation::kBackground}, std::move(done));
  });
  if (!deleted.ok()) return deleted;
  if (!cluster.Pump([&] { return pods.all() == 0; }, 120s)) {
    return Status(Code::kDeadlineExceeded, std::to_string(pods.all()) + " pods do not go");
  }
  return seconds;
}

}  // namespace

Result<Measures> BenchDeployment(const BenchOptions& options) {
  const int replicas = options.quick ? 5 : 100;
  auto cluster = fixtures::ProcessCluster::Start({.program = "/proc/self/exe", .nodes = 3});
  if (!cluster.ok()) return cluster.status();
  if (Status ready = (*cluster)->AwaitReady(60s); !ready.ok()) return ready;
  RunningPods pods;
  const auto watch = (*cluster)->client().Watch({kPods, "default", "", ""}, {.send_initial_events = true}, &pods);
  Measure time{std::to_string(replicas) + " pods to all Running, 3 nodes", "s", Target::kBelow, 1, {}};
  for (int i = 0; i < options.rounds; ++i) {
    Result<double> seconds = OneRound(**cluster, pods, replicas);
    if (!seconds.ok()) return seconds.status();
    time.rounds.push_back(*seconds);
  }
  return Measures{time};
}

}  // namespace kp::cli
