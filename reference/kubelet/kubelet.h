// kubelet: keeps a Node object and its Lease, and runs the pods that are bound to it.
//
// Pods come by watch; when the watch is lost, they are polled until it is back (RM-2.1-03).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "reference/client/event_recorder.h"
#include "reference/client/informer.h"
#include "reference/kubelet/node_status.h"
#include "reference/kubelet/pod_worker.h"
#include "reference/kubelet/runtime.h"

namespace kp::kubelet {

struct KubeletOptions {
  client::KubeClientOptions client;
  NodeOptions node;
  Duration lease_period = 10s;
  Duration status_period = 5min;  // an unchanged status is written again after this
  Duration mend_period = 10s;     // one that others have changed, at the latest after this
  Duration poll_period = 5s;      // while the watch is lost
};

class Kubelet {
 public:
  static Result<std::unique_ptr<Kubelet>> Create(runtime::Env& env, const KubeletOptions& options,
                                                 std::unique_ptr<ContainerRuntime> runtime);
  ~Kubelet();

  bool registered() const { return !node_uid_.empty(); }
  size_t pods() const { return pods_.size(); }

 private:
  // A pod and what is under way for it.
  struct Run {
    explicit Run(const api::Value& pod) : worker(pod) {}
    PodWorker worker;
    runtime::TimerId wake;
    api::Value written;  // the status last accepted by the server
    bool writing = false;
    bool again = false;  // changed while a write was under way
    bool gone = false;   // the API object is deleted
    bool finished = false;
  };

  Kubelet(runtime::Env& env, const KubeletOptions& options, std::unique_ptr<client::KubeClient> client,
          std::unique_ptr<ContainerRuntime> runtime);
  void Register();
  void OnNode(const api::ApiResult<api::Value>& node);
  void WriteNodeStatus();
  void OnOwnNode(const api::Value& node);
  void RenewLease();
  void OnPod(const api::Value& old, const api::Value& now);
  void OnConnection(bool connected);
  void Poll();
  void Step(const std::string& uid);
  void Perform(const std::string& uid, const Action& action);
  void Pull(const std::string& uid, const std::string& container);
  void StartContainer(const std::string& uid, const std::string& container);
  void RunHook(const std::string& uid, const Action& action, bool post_start);
  void Probe(const std::string& uid, const Action& action);
  void WriteStatus(const std::string& uid);
  void Finish(const std::string& uid);
  Clock Now() const { return {env_.Now(), env_.Wall()}; }

  // Calls `f` when the pod is still here, then looks at it again.
  template <typename F>
  auto Then(const std::string& uid, F f) {
    return alive_.Wrap([this, uid, f = std::move(f)](auto&&... args) {
      auto at = pods_.find(uid);
      if (at == pods_.end()) return;
      f(at->second->worker, args...);
      Step(uid);
    });
  }

  runtime::Env& env_;
  KubeletOptions options_;
  std::unique_ptr<client::KubeClient> client_;
  std::unique_ptr<ContainerRuntime> runtime_;
  client::EventRecorder recorder_;
  std::unique_ptr<client::Informer> informer_;
  std::unique_ptr<client::Informer> node_informer_;   // of this node alone
  std::map<std::string, std::unique_ptr<Run>> pods_;  // by uid
  std::string node_uid_;
  api::Value lease_;
  Duration register_wait_;
  runtime::Timer register_timer_;
  runtime::Timer lease_timer_;
  runtime::Timer status_timer_;
  int status_tries_ = 0;  // in a row that others came before
  runtime::Timer mend_timer_;
  runtime::Timer poll_timer_;
  bool polling_ = false;
  Alive alive_;
};

}  // namespace kp::kubelet
