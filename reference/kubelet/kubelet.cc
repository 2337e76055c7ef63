#include "reference/kubelet/kubelet.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/client/resources.h"
#include "reference/kubelet/pod_status.h"

namespace kp::kubelet {

using api::Obj;
using api::Value;
using client::kLeases;
using client::kNodes;
using client::kPods;

namespace {

// Most kubelets start before their server does: the first waits are part of every start.
constexpr Duration kFirstRegisterWait = 20ms;
constexpr Duration kLongestRegisterWait = 500ms;
// As upstream's nodeStatusUpdateRetry.
constexpr int kMostStatusTries = 5;

std::string NsOf(const Value& pod) { return pod.At({"metadata", "namespace"}).str(); }
std::string NameOf(const Value& pod) { return pod.At({"metadata", "name"}).str(); }
std::string UidOf(const Value& pod) { return pod.At({"metadata", "uid"}).str(); }

std::vector<std::string> Words(const Value& list) {
  std::vector<std::string> words;
  for (const Value& word : list.items()) words.push_back(word.str());
  return words;
}

Value SpecOf(const Value& pod, const std::string& container) {
  for (std::string_view list : {"initContainers", "containers"}) {
    for (const Value& spec : pod["spec"][list].items()) {
      if (spec["name"].AsString() == container) return spec;
    }
  }
  return Value();
}

}  // namespace

Result<std::unique_ptr<Kubelet>> Kubelet::Create(runtime::Env& env, const KubeletOptions& options,
                                                 std::unique_ptr<ContainerRuntime> runtime) {
  if (options.node.name.empty()) return Status(Code::kInvalidArgument, "the node needs a name");
  auto client = client::KubeClient::Create(env, options.client);
  if (!client.ok()) return client.status();
  return std::unique_ptr<Kubelet>(new Kubelet(env, options, std::move(*client), std::move(runtime)));
}

Kubelet::Kubelet(runtime::Env& env, const KubeletOptions& options, std::unique_ptr<client::KubeClient> client,
                 std::unique_ptr<ContainerRuntime> runtime)
    : env_(env),
      options_(options),
      client_(std::move(client)),
      runtime_(std::move(runtime)),
      recorder_(env, *client_, "kubelet", options.node.name),
      register_wait_(kFirstRegisterWait),
      register_timer_(env),
      lease_timer_(env),
      status_timer_(env),
      mend_timer_(env),
      poll_timer_(env) {
  runtime_->OnExit([this](const ContainerExit& exit) {
    for (auto& [uid, run] : pods_) {
      run->worker.OnExit(exit.id, exit.exit_code, exit.reason, Now());
      bool its = std::any_of(run->worker.state().containers.begin(), run->worker.state().containers.end(),
                             [&](const auto& entry) { return entry.second.id == exit.id; });
      if (!its) continue;
      std::string found = uid;
      env_.Post(alive_.Wrap([this, found] { Step(found); }));
    }
  });
  client::InformerOptions pods;
  pods.field_selector = "spec.nodeName=" + options_.node.name;
  informer_ = std::make_unique<client::Informer>(env_, *client_, kPods, pods);
  informer_->AddHandler([this](const Value& old, const Value& now) { OnPod(old, now); });
  informer_->OnConnection([this](bool connected) { OnConnection(connected); });
  client::InformerOptions own_node;
  own_node.field_selector = "metadata.name=" + options_.node.name;
  node_informer_ = std::make_unique<client::Informer>(env_, *client_, kNodes, own_node);
  node_informer_->AddHandler([this](const Value&, const Value& now) { OnOwnNode(now); });
  Register();
}

Kubelet::~Kubelet() = default;

// ---- node ----

void Kubelet::Register() {
  client_->Get({kNodes, "", options_.node.name, ""}, alive_.Wrap([this](api::ApiResult<Value> result) {
    if (result.ok() || result.error().code() != 404) return OnNode(result);
    client_->Create({kNodes, "", "", ""}, NewNode(options_.node), {},
                    alive_.Wrap([this](api::ApiResult<Value> created) { OnNode(created); }));
  }));
}

void Kubelet::OnNode(const api::ApiResult<Value>& node) {
  if (!node.ok()) {
    env_.Log(runtime::Severity::kDebug, "kubelet", "register: " + node.error().ToString());
    register_timer_.Start(register_wait_, [this] { Register(); });
    register_wait_ = std::min(register_wait_ * 3 / 2, kLongestRegisterWait);
    return;
  }
  register_wait_ = kFirstRegisterWait;
  bool first = node_uid_.empty();
  node_uid_ = UidOf(*node);
  runtime_->SetPodCidr(node->At({"spec", "podCIDR"}).str());
  WriteNodeStatus();
  if (!first) return;
  RenewLease();
  informer_->Start();
  node_informer_->Start();
}

void Kubelet::WriteNodeStatus() {
  client_->Get({kNodes, "", options_.node.name, ""}, alive_.Wrap([this](api::ApiResult<Value> node) {
    if (!node.ok()) {
      bool gone = node.error().code() == 404;
      // Somebody deleted it: a running kubelet is a node.
      return status_timer_.Start(gone ? 1s : 2s, [this, gone] { gone ? Register() : WriteNodeStatus(); });
    }
    runtime_->SetPodCidr(node->At({"spec", "podCIDR"}).str());
    bool has_subnet = !node->At({"spec", "podCIDR"}).empty();
    Value status = NodeStatus(*node, options_.node, runtime_->Version(), env_.Wall());
    client_->Update(
        {kNodes, "", options_.node.name, "status"}, node->With("status", status), {},
        alive_.Wrap([this, has_subnet](api::ApiResult<Value> written) {
          // Controllers write to a new node just when it first tells that it is ready.
          if (!written.ok() && written.error().IsConflict() && ++status_tries_ < kMostStatusTries) {
            return WriteNodeStatus();
          }
          status_tries_ = 0;
          // The subnet comes from the control plane a moment later.
          Duration wait = !written.ok() ? Duration(500ms) : has_subnet ? options_.status_period : Duration(100ms);
          status_timer_.Start(wait, [this] { WriteNodeStatus(); });
        }));
  }));
}

// A control plane that did not hear of this node for a while has marked it Unknown; a status that nothing
// here has changed would stay so until it is due again.
void Kubelet::OnOwnNode(const Value& node) {
  if (node.is_null() || KP_MUTANT("kubelet-leaves-a-foreign-status")) return;
  const Value wanted = NodeStatus(node, options_.node, runtime_->Version(), env_.Wall());
  if (SameNodeStatus(node["status"], wanted)) return mend_timer_.Stop();
  if (!mend_timer_.pending()) mend_timer_.Start(options_.mend_period, [this] { WriteNodeStatus(); });
}

void Kubelet::RenewLease() {
  auto done = alive_.Wrap([this](api::ApiResult<Value> result) {
    if (result.ok()) {
      lease_ = *result;
      if (KP_MUTANT("kubelet-never-renews-its-lease")) return;
      return lease_timer_.Start(options_.lease_period, [this] { RenewLease(); });
    }
    // Unknown, gone or changed by somebody: read it before the next try.
    bool exists = result.error().IsAlreadyExists() || result.error().IsConflict();
    lease_ = Value();
    if (!exists) return lease_timer_.Start(1s, [this] { RenewLease(); });
    client_->Get({kLeases, "kube-node-lease", options_.node.name, ""}, alive_.Wrap([this](api::ApiResult<Value> now) {
      if (now.ok()) lease_ = *now;
      lease_timer_.Start(now.ok() ? Duration(1ms) : Duration(1s), [this] { RenewLease(); });
    }));
  });
  Value fresh = NodeLease(options_.node, node_uid_, env_.Wall());
  if (lease_.is_null()) {
    client_->Create({kLeases, "kube-node-lease", "", ""}, fresh, {}, std::move(done));
  } else {
    client_->Update({kLeases, "kube-node-lease", options_.node.name, ""}, lease_.With("spec", fresh["spec"]), {},
                    std::move(done));
  }
}

// ---- pods ----

void Kubelet::OnPod(const Value& old, const Value& now) {
  std::string uid = UidOf(now.is_null() ? old : now);
  // A pod of the same name made anew: the old one ends first.
  if (!old.is_null() && !now.is_null() && UidOf(old) != uid) OnPod(old, Value());
  auto at = pods_.find(uid);
  if (now.is_null()) {
    if (at == pods_.end()) return;
    Run& run = *at->second;
    run.gone = true;
    // Deleted without waiting for us (grace period 0): what runs is killed now.
    Value killed = run.worker.pod()
                       .With({"metadata", "deletionTimestamp"}, FormatRfc3339(env_.Wall()))
                       .With({"metadata", "deletionGracePeriodSeconds"}, 0);
    run.worker.SetPod(killed);
    return Step(uid);
  }
  if (at == pods_.end()) {
    std::string_view phase = now.At({"status", "phase"}).AsString();
    bool ended = phase == "Succeeded" || phase == "Failed";
    bool terminating = !now.At({"metadata", "deletionTimestamp"}).is_null();
    if (ended && !terminating) return;
    at = pods_.emplace(uid, std::make_unique<Run>(now)).first;
    at->second->written = now["status"];
  } else {
    PodWorker& worker = at->second->worker;
    Value next = now.With("status", WithConditionsOfOthers(worker.pod()["status"], now["status"]));
    if (KP_MUTANT("kubelet-keeps-the-first-spec")) next = next.With("spec", worker.pod()["spec"]);
    worker.SetPod(next);
  }
  Step(uid);
}

void Kubelet::OnConnection(bool connected) {
  polling_ = !connected;
  if (connected) return poll_timer_.Stop();
  poll_timer_.Start(options_.poll_period, [this] { Poll(); });
}

// A plain GET of this node's pods: what a watch would have told, later and dearer.
void Kubelet::Poll() {
  client::ListOptions list;
  list.field_selector = "spec.nodeName=" + options_.node.name;
  client_->List({kPods, "", "", ""}, list, alive_.Wrap([this](api::ApiResult<Value> result) {
    if (!polling_) return;
    if (result.ok()) {
      for (const Value& pod : (*result)["items"].items()) OnPod(Value(), pod);
    }
    poll_timer_.Start(options_.poll_period, [this] { Poll(); });
  }));
}

void Kubelet::Step(const std::string& uid) {
  auto at = pods_.find(uid);
  if (at == pods_.end()) return;
  Run& run = *at->second;
  std::optional<Time> wake;
  std::vector<Action> actions = run.worker.Step(Now(), wake);
  env_.Cancel(run.wake);
  run.wake = {};
  if (wake) {
    Duration wait = std::max(*wake - env_.Now(), Duration(0));
    run.wake = env_.After(wait, alive_.Wrap([this, uid] {
      auto due = pods_.find(uid);
      if (due != pods_.end()) due->second->wake = {};
      Step(uid);
    }));
  }
  for (const Action& action : actions) Perform(uid, action);
  WriteStatus(uid);
  // The last status goes before the object does.
  if (run.finished && !run.writing) Finish(uid);
}

void Kubelet::Perform(const std::string& uid, const Action& action) {
  auto at = pods_.find(uid);
  if (at == pods_.end()) return;
  const PodWorker& worker = at->second->worker;
  const Value& pod = worker.pod();
  switch (action.kind) {
    case Action::Kind::kRunSandbox:
      return runtime_->RunSandbox({NsOf(pod), NameOf(pod), uid, pod["spec"]["hostNetwork"].AsBool()},
                                  Then(uid, [this](PodWorker& w, const Result<Sandbox>& sandbox) {
                                    w.OnSandbox(sandbox.ok(), sandbox.ok() ? sandbox->id : "",
                                                sandbox.ok() ? sandbox->ip : "", Now());
                                  }));
    case Action::Kind::kRemoveSandbox:
      return runtime_->RemoveSandbox(worker.state().sandbox_id,
                                     Then(uid, [](PodWorker& w, const Status&) { w.OnSandboxRemoved(); }));
    case Action::Kind::kPull: return Pull(uid, action.container);
    case Action::Kind::kStart: return StartContainer(uid, action.container);
    case Action::Kind::kStop:
      return runtime_->StopContainer(worker.state().containers.at(action.container).id, action.grace);
    case Action::Kind::kPreStop: return RunHook(uid, action, false);
    case Action::Kind::kPostStart: return RunHook(uid, action, true);
    case Action::Kind::kProbe: return Probe(uid, action);
    case Action::Kind::kEvent: return recorder_.Record(pod, action.type, action.reason, action.message);
    case Action::Kind::kFinish: at->second->finished = true; return;
  }
}

void Kubelet::Pull(const std::string& uid, const std::string& container) {
  const Value& pod = pods_.at(uid)->worker.pod();
  Value spec = SpecOf(pod, container);
  std::string image = spec["image"].str();
  std::string_view policy = spec["imagePullPolicy"].AsString("IfNotPresent");
  bool present = runtime_->HasImage(image);
  auto pulled = Then(uid, [this, uid, container, image](PodWorker& w, const Status& status) {
    if (status.ok() || KP_MUTANT("kubelet-runs-without-image")) {
      recorder_.Record(w.pod(), "Normal", "Pulled", "Container image " + Quote(image) + " already present on machine");
      w.OnPulled(container, true, "", Now());
      return StartContainer(uid, container);
    }
    recorder_.Record(w.pod(), "Warning", "Failed", "Failed to pull image " + Quote(image) + ": " + status.message());
    w.OnPulled(container, false, status.message(), Now());
  });
  if (policy == "Never" && !present) {
    Status never(Code::kNotFound,
                 "ErrImageNeverPull: Container image " + Quote(image) + " is not present with pull policy of Never");
    return env_.Post([pulled, never]() mutable { pulled(never); });
  }
  if (present && policy != "Always") return env_.Post([pulled]() mutable { pulled(Status::Ok()); });
  runtime_->PullImage(image, pulled);
}

void Kubelet::StartContainer(const std::string& uid, const std::string& container) {
  const PodWorker& worker = pods_.at(uid)->worker;
  Value spec = SpecOf(worker.pod(), container);
  ContainerConfig config{worker.state().sandbox_id, container, spec["image"].str(), Words(spec["command"]),
                         Words(spec["args"])};
  auto started = Then(uid, [this, uid, container](PodWorker& w, const Result<std::string>& id) {
    w.OnStarted(container, id.ok(), id.ok() ? *id : "", id.ok() ? "" : id.status().message(), Now());
    if (!id.ok()) return recorder_.Record(w.pod(), "Warning", "Failed", "Error: " + id.status().message());
    recorder_.Record(w.pod(), "Normal", "Started", "Started container " + container);
    if (!SpecOf(w.pod(), container)["lifecycle"]["postStart"].is_null()) {
      RunHook(uid, {Action::Kind::kPostStart, container, "", {}, "", "", ""}, true);
    }
  });
  runtime_->StartContainer(config, started);
}

void Kubelet::RunHook(const std::string& uid, const Action& action, bool post_start) {
  const PodWorker& worker = pods_.at(uid)->worker;
  std::string container = action.container;
  Value hook = SpecOf(worker.pod(), container)["lifecycle"][post_start ? "postStart" : "preStop"];
  std::string id = worker.state().containers.at(container).id;
  runtime_->RunHook(id, hook, Then(uid, [this, container, post_start, id](PodWorker& w, const Status& status) {
                      w.OnHook(container, post_start, status.ok());
                      if (status.ok()) return;
                      std::string reason = post_start ? "FailedPostStartHook" : "FailedPreStopHook";
                      recorder_.Record(w.pod(), "Warning", reason, reason + ": " + status.message());
                      // A container whose postStart hook fails is killed (core/v1 Lifecycle).
                      if (post_start) runtime_->StopContainer(id, Duration(0));
                    }));
}

void Kubelet::Probe(const std::string& uid, const Action& action) {
  const PodWorker& worker = pods_.at(uid)->worker;
  std::string container = action.container;
  std::string kind = action.probe;
  Value probe = SpecOf(worker.pod(), container)[kind];
  std::string id = worker.state().containers.at(container).id;
  runtime_->Probe(
      id, probe, Then(uid, [this, container, kind](PodWorker& w, bool ok) {
        if (!ok) {
          std::string name = kind == "readinessProbe" ? "Readiness" : kind == "livenessProbe" ? "Liveness" : "Startup";
          recorder_.Record(w.pod(), "Warning", "Unhealthy", name + " probe failed");
        }
        w.OnProbe(container, kind, ok, Now());
      }));
}

// One write at a time per pod; what changes meanwhile is written next.
void Kubelet::WriteStatus(const std::string& uid) {
  Run& run = *pods_.at(uid);
  if (run.gone || (KP_MUTANT("kubelet-forgets-the-last-status") && run.worker.IsTerminating())) return;
  if (run.writing) {
    run.again = true;
    return;
  }
  Value status = PodStatusOf(run.worker, options_.node.ip, env_.Wall());
  run.worker.SetPod(run.worker.pod().With("status", status));
  if (status == run.written) return;
  run.writing = true;
  const Value& pod = run.worker.pod();
  // The uid keeps the patch from a pod of the same name made anew.
  Value patch = Obj({{"metadata", Obj({{"uid", uid}})}, {"status", PodStatusPatch(status)}});
  client_->Patch({kPods, NsOf(pod), NameOf(pod), "status"}, client::PatchType::kStrategic, patch, {},
                 alive_.Wrap([this, uid, status](api::ApiResult<Value> result) {
                   auto at = pods_.find(uid);
                   if (at == pods_.end()) return;
                   Run& done = *at->second;
                   done.writing = false;
                   if (result.ok()) {
                     done.written = status;
                   } else if (result.error().IsNotFound() || result.error().IsConflict()) {
                     done.again = false;
                     return;  // the watch tells what became of it
                   }
                   if (KP_MUTANT("kubelet-tells-a-status-once")) done.written = status;
                   if (!result.ok()) {
                     env_.After(1s, alive_.Wrap([this, uid] { Step(uid); }));
                     return;
                   }
                   if (!done.again) return;
                   done.again = false;
                   Step(uid);
                 }));
}

// All containers have ended and the last status is told: the object may go.
void Kubelet::Finish(const std::string& uid) {
  Run& run = *pods_.at(uid);
  if (run.gone) {
    env_.Cancel(run.wake);
    pods_.erase(uid);
    return;
  }
  const Value& pod = run.worker.pod();
  client::DeleteOptions options;
  options.grace_period_seconds = 0;
  options.precondition_uid = uid;
  client_->Delete({kPods, NsOf(pod), NameOf(pod), ""}, options, alive_.Wrap([this, uid](api::ApiResult<Value> result) {
    auto at = pods_.find(uid);
    if (at == pods_.end()) return;
    bool gone = result.ok() || result.error().IsNotFound() || result.error().IsConflict();
    if (!gone) {
      env_.After(500ms, alive_.Wrap([this, uid] {
        if (pods_.contains(uid)) Finish(uid);
      }));
      return;
    }
    env_.Cancel(at->second->wake);
    pods_.erase(at);
  }));
}

}  // namespace kp::kubelet
