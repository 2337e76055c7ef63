// kube-scheduler: watches pods and nodes, decides, binds.
//
// A decided pod is assumed on its node at once, before the server has the binding: the next decision counts
// it. The assumption ends when the watch shows the binding, or the binding fails.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "reference/client/event_recorder.h"
#include "reference/client/informer.h"
#include "reference/client/leader_election.h"
#include "reference/scheduler/cycle.h"
#include "reference/scheduler/queue.h"

namespace kp::scheduler {

struct SchedulerOptions {
  client::KubeClientOptions client;
  std::string identity;  // in the lease; unique per process
  bool leader_elect = true;
  std::string scheduler_name = "default-scheduler";
  CycleOptions cycle;
  QueueOptions queue;
  // RM-1.3-12: bind by PATCH of spec.nodeName instead of the binding subresource.
  bool bind_by_patch = false;
};

class Scheduler {
 public:
  static Result<std::unique_ptr<Scheduler>> Create(runtime::Env& env, const SchedulerOptions& options);
  ~Scheduler();

  bool leading() const { return pods_ != nullptr; }
  uint64_t bound() const { return bound_; }

 private:
  Scheduler(runtime::Env& env, const SchedulerOptions& options, std::unique_ptr<client::KubeClient> client);
  void Lead();
  void OnNode(const api::Value& old, const api::Value& now);
  void OnPod(const api::Value& old, const api::Value& now);
  bool IsOurs(const api::Value& pod) const;
  void Changed();
  void Wake();
  void Work();
  void Bind(std::shared_ptr<const PodInfo> pod, const std::string& node);
  void OnBound(const std::shared_ptr<const PodInfo>& pod, const std::string& node,
               const api::ApiResult<api::Value>& result);
  void TellUnschedulable(const PodInfo& pod, const std::string& message);

  runtime::Env& env_;
  SchedulerOptions options_;
  std::unique_ptr<client::KubeClient> client_;
  std::unique_ptr<client::LeaderElector> elector_;
  std::unique_ptr<client::Informer> pods_;
  std::unique_ptr<client::Informer> nodes_;
  client::EventRecorder recorder_;
  Snapshot snapshot_;
  Queue queue_;
  Cycle cycle_;
  std::set<std::string> assumed_;  // keys of pods whose binding is under way
  runtime::Timer wake_;
  bool posted_ = false;
  uint64_t bound_ = 0;
  Alive alive_;
};

}  // namespace kp::scheduler
