#include "reference/scheduler/scheduler.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/client/resources.h"

namespace kp::scheduler {

using api::Obj;
using api::Value;
using client::kNodes;
using client::kPods;

namespace {

// Decisions in one turn of the loop: answers and events get their share of the thread.
constexpr int kDecisionsPerTurn = 100;

bool IsTerminating(const Value& pod) { return !pod.At({"metadata", "deletionTimestamp"}).is_null(); }

// What of a node decides where pods fit; its heartbeat does not.
bool SameForScheduling(const Value& a, const Value& b) {
  return a["spec"] == b["spec"] && a.At({"metadata", "labels"}) == b.At({"metadata", "labels"}) &&
         a.At({"status", "allocatable"}) == b.At({"status", "allocatable"});
}

}  // namespace

Result<std::unique_ptr<Scheduler>> Scheduler::Create(runtime::Env& env, const SchedulerOptions& options) {
  auto client = client::KubeClient::Create(env, options.client);
  if (!client.ok()) return client.status();
  return std::unique_ptr<Scheduler>(new Scheduler(env, options, std::move(*client)));
}

Scheduler::Scheduler(runtime::Env& env, const SchedulerOptions& options, std::unique_ptr<client::KubeClient> client)
    : env_(env),
      options_(options),
      client_(std::move(client)),
      recorder_(env, *client_, options.scheduler_name),
      queue_(options.queue),
      cycle_(options.cycle, env.random().Fork("scheduler/ties")),
      wake_(env) {
  if (!options_.leader_elect) {
    Lead();
    return;
  }
  client::LeaderElectionOptions election;
  election.name = options_.scheduler_name == "default-scheduler" ? "kube-scheduler" : options_.scheduler_name;
  election.identity = options_.identity;
  elector_ = std::make_unique<client::LeaderElector>(
      env_, *client_, election, [this] { Lead(); }, [this] { env_.Fail("scheduler", "leader election lost"); });
  elector_->Start();
}

Scheduler::~Scheduler() = default;

void Scheduler::Lead() {
  pods_ = std::make_unique<client::Informer>(env_, *client_, kPods);
  nodes_ = std::make_unique<client::Informer>(env_, *client_, kNodes);
  nodes_->AddHandler([this](const Value& old, const Value& now) { OnNode(old, now); });
  pods_->AddHandler([this](const Value& old, const Value& now) { OnPod(old, now); });
  // Decisions wait for both lists: half a world has too much room in it.
  nodes_->OnProgress([this] { Wake(); });
  pods_->OnProgress([this] { Wake(); });
  nodes_->Start();
  pods_->Start();
}

void Scheduler::OnNode(const Value& old, const Value& now) {
  if (now.is_null()) return snapshot_.RemoveNode(old.At({"metadata", "name"}).str());
  snapshot_.SetNode(now);
  if (old.is_null() || !SameForScheduling(old, now)) Changed();
}

bool Scheduler::IsOurs(const Value& pod) const {
  if (KP_MUTANT("scheduler-takes-all-pods")) return pod.At({"spec", "nodeName"}).empty();
  return pod.At({"spec", "nodeName"}).empty() && !IsTerminating(pod) &&
         pod.At({"spec", "schedulerName"}).AsString("default-scheduler") == options_.scheduler_name;
}

void Scheduler::OnPod(const Value& old, const Value& now) {
  std::string key = client::KeyOf(now.is_null() ? old : now);
  if (!now.is_null() && OccupiesNode(now)) {
    assumed_.erase(key);
    queue_.Remove(key);
    auto info = std::make_shared<const PodInfo>(now);
    std::string node = info->node;
    snapshot_.AddPod(std::move(info), node);
    return;
  }
  bool occupied = OccupiesNode(old);
  if (occupied || now.is_null()) {
    snapshot_.RemovePod(key);
    assumed_.erase(key);
    if (occupied) Changed();
  }
  if (now.is_null() || !IsOurs(now)) {
    queue_.Remove(key);
    return;
  }
  if (assumed_.contains(key)) return;
  // Our own notes in the status are no reason to try again.
  if (!old.is_null() && old["spec"] == now["spec"] &&
      old.At({"metadata", "labels"}) == now.At({"metadata", "labels"})) {
    return;
  }
  if (!pods_->synced() && KP_MUTANT("scheduler-forgets-waiting-pods")) return;
  queue_.Add(std::make_shared<const PodInfo>(now), env_.Now());
  Wake();
}

void Scheduler::Changed() {
  if (KP_MUTANT("scheduler-never-retries")) return;
  queue_.MoveAll(env_.Now());
  Wake();
}

void Scheduler::Wake() {
  if (posted_) return;
  posted_ = true;
  env_.Post(alive_.Wrap([this] {
    posted_ = false;
    Work();
  }));
}

void Scheduler::Work() {
  if (!pods_->synced() || !nodes_->synced()) return;
  for (int i = 0; i < kDecisionsPerTurn; ++i) {
    std::shared_ptr<const PodInfo> pod = queue_.Pop(env_.Now());
    if (pod == nullptr) break;
    Decision decision = cycle_.Decide(*pod, snapshot_);
    if (decision.node.empty()) {
      TellUnschedulable(*pod, decision.message);
      queue_.AddUnschedulable(std::move(pod), false, env_.Now());
    } else {
      Bind(std::move(pod), decision.node);
    }
  }
  if (queue_.active() > 0) return Wake();
  auto next = queue_.NextWake();
  if (next) wake_.Start(std::max(*next - env_.Now(), Duration(0)), [this] { Wake(); });
}

void Scheduler::Bind(std::shared_ptr<const PodInfo> pod, const std::string& node) {
  snapshot_.AddPod(pod, node);
  assumed_.insert(pod->key);
  auto [ns, name] = client::SplitKey(pod->key);
  auto done = alive_.Wrap([this, pod, node](api::ApiResult<Value> result) { OnBound(pod, node, result); });
  if (options_.bind_by_patch) {
    client_->Patch({kPods, ns, name, ""}, client::PatchType::kStrategic,
                   Obj({{"metadata", Obj({{"uid", pod->uid}})}, {"spec", Obj({{"nodeName", node}})}}), {},
                   std::move(done));
    return;
  }
  Value binding = Obj({{"apiVersion", "v1"},
                       {"kind", "Binding"},
                       {"metadata", Obj({{"name", name}, {"namespace", ns}, {"uid", pod->uid}})},
                       {"target", Obj({{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}})}});
  client_->Create({kPods, ns, name, "binding"}, binding, {}, std::move(done));
}

void Scheduler::OnBound(const std::shared_ptr<const PodInfo>& pod, const std::string& node,
                        const api::ApiResult<Value>& result) {
  if (result.ok()) {
    ++bound_;
    if (KP_MUTANT("scheduler-is-silent")) return;
    recorder_.Record(pod->pod, "Normal", "Scheduled", "Successfully assigned " + pod->key + " to " + node);
    return;
  }
  env_.Log(runtime::Severity::kDebug, "scheduler",
           "bind " + pod->key + " to " + node + ": " + result.error().ToString());
  // The watch may have shown the binding already: the answer alone was lost.
  if (assumed_.erase(pod->key) == 0) return;
  snapshot_.RemovePod(pod->key);
  const Value& current = pods_->Get(pod->key);
  if (current.is_null() || !IsOurs(current) || KP_MUTANT("scheduler-forgets-failed-bindings")) return;
  queue_.AddUnschedulable(std::make_shared<const PodInfo>(current), true, env_.Now());
  // What the failed binding seemed to take is free again.
  Changed();
}

void Scheduler::TellUnschedulable(const PodInfo& pod, const std::string& message) {
  recorder_.Record(pod.pod, "Warning", "FailedScheduling", message);
  const Value& current = pods_->Get(pod.key);
  for (const Value& condition : current.At({"status", "conditions"}).items()) {
    bool same = condition["type"].AsString() == "PodScheduled" && condition["status"].AsString() == "False" &&
                condition["message"].AsString() == message;
    if (same) return;
  }
  Value condition = Obj({{"type", "PodScheduled"},
                         {"status", "False"},
                         {"reason", "Unschedulable"},
                         {"message", message},
                         {"lastTransitionTime", FormatRfc3339(env_.Wall())}});
  auto [ns, name] = client::SplitKey(pod.key);
  Value patch = Obj({{"metadata", Obj({{"uid", pod.uid}})}, {"status", Obj({{"conditions", api::Arr({condition})}})}});
  client_->Patch({kPods, ns, name, "status"}, client::PatchType::kStrategic, patch, {},
                 [](const api::ApiResult<Value>&) {});
}

}  // namespace kp::scheduler
