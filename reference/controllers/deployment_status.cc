#include "reference/controllers/deployment_status.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/controllers/deployment_sets.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {

using api::Obj;
using api::Value;

Value DeploymentCondition(std::string_view type, std::string_view status, std::string_view reason, std::string message,
                          WallTime now) {
  return Obj({{"type", type},
              {"status", status},
              {"reason", reason},
              {"message", message},
              {"lastUpdateTime", FormatRfc3339(now)},
              {"lastTransitionTime", FormatRfc3339(now)}});
}

namespace {

struct Counts {
  int64_t replicas = 0;
  int64_t updated = 0;
  int64_t ready = 0;
  int64_t available = 0;
  int64_t old() const { return replicas - updated; }
};

Counts CountsOf(const Value& status) {
  return {status["replicas"].AsInt(), status["updatedReplicas"].AsInt(), status["readyReplicas"].AsInt(),
          status["availableReplicas"].AsInt()};
}

// Sets or refreshes a condition. An equal status and reason leave the old one as it is: a settled
// Deployment's status does not change.
Value Put(const Value& conditions, const Value& condition) {
  for (const Value& old : conditions.items()) {
    if (old["type"] == condition["type"] && old["status"] == condition["status"] &&
        old["reason"] == condition["reason"]) {
      return conditions;
    }
  }
  return WithCondition(conditions, condition);
}

Value Replace(const Value& conditions, const Value& condition) { return WithCondition(conditions, condition); }

bool MadeProgress(const Counts& before, const Counts& now) {
  return now.updated > before.updated || now.old() < before.old() || now.ready > before.ready ||
         now.available > before.available;
}

// What is left of the progress deadline; zero or less when it has passed. Nothing when it does not run.
std::optional<Duration> DeadlineLeft(const Value& deployment, const Value& progressing, WallTime now) {
  if (progressing.is_null() || progressing["reason"].AsString() == "NewReplicaSetAvailable") return std::nullopt;
  auto since = ParseRfc3339(progressing["lastUpdateTime"].AsString());
  if (!since.ok()) return std::nullopt;
  const std::chrono::seconds deadline(deployment.At({"spec", "progressDeadlineSeconds"}).AsInt(600));
  // Never more than all of it: the clock may have been set meanwhile.
  return std::min<Duration>(*since + deadline - now, deadline);
}

Value WithProgress(const Value& deployment, const Value& status, const Value& new_set, const Value& conditions,
                   WallTime now, Plan& plan) {
  const Value& progressing = ConditionOf(deployment, "Progressing");
  std::string set_name = new_set.is_null() ? "" : new_set.At({"metadata", "name"}).str();
  std::string subject = new_set.is_null() ? "Deployment " + Quote(deployment.At({"metadata", "name"}).AsString())
                                          : "ReplicaSet " + Quote(set_name);
  std::string_view reason = progressing["reason"].AsString();
  bool timed_out = reason == "ProgressDeadlineExceeded";
  if (deployment.At({"spec", "paused"}).AsBool()) {
    if (timed_out) return conditions;
    return Put(conditions,
               DeploymentCondition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now));
  }
  if (reason == "DeploymentPaused") {
    return Put(conditions,
               DeploymentCondition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now));
  }
  Counts before = CountsOf(deployment["status"]);
  Counts counts = CountsOf(status);
  bool was_complete = counts.replicas == counts.updated && !progressing.is_null() &&
                      progressing["reason"].AsString() == "NewReplicaSetAvailable";
  if (was_complete) return conditions;
  if (IsComplete(deployment, status)) {
    return Replace(conditions, DeploymentCondition("Progressing", "True", "NewReplicaSetAvailable",
                                                   subject + " has successfully progressed.", now));
  }
  if (MadeProgress(before, counts)) {
    return Replace(conditions,
                   DeploymentCondition("Progressing", "True", "ReplicaSetUpdated", subject + " is progressing.", now));
  }
  if (!new_set.is_null() && (progressing.is_null() || reason == "NewReplicaSetAvailable")) {
    return Replace(conditions, DeploymentCondition("Progressing", "True", "NewReplicaSetCreated",
                                                   "Created new replica set " + Quote(set_name), now));
  }
  std::optional<Duration> left = DeadlineLeft(deployment, progressing, now);
  if (!left || KP_MUTANT("deployment-no-progress-deadline")) return conditions;
  if (*left <= Duration(0)) {
    return Put(conditions, DeploymentCondition("Progressing", "False", "ProgressDeadlineExceeded",
                                               subject + " has timed out progressing.", now));
  }
  plan.requeue_after = std::min(plan.requeue_after.value_or(Duration::max()), *left + 1s);
  return conditions;
}

Value WithAvailability(const Value& deployment, const Value& status, const Value& conditions, WallTime now) {
  int64_t least = SpecReplicas(deployment) - BoundsOf(deployment).max_unavailable;
  if (status["availableReplicas"].AsInt() >= least || KP_MUTANT("deployment-is-always-available")) {
    return Put(conditions, DeploymentCondition("Available", "True", "MinimumReplicasAvailable",
                                               "Deployment has minimum availability.", now));
  }
  return Put(conditions, DeploymentCondition("Available", "False", "MinimumReplicasUnavailable",
                                             "Deployment does not have minimum availability.", now));
}

}  // namespace

bool IsComplete(const Value& deployment, const Value& status) {
  if (KP_MUTANT("deployment-is-never-complete")) return false;
  int64_t wanted = SpecReplicas(deployment);
  Counts counts = CountsOf(status);
  return counts.updated == wanted && counts.replicas == wanted && counts.available == wanted &&
         status["observedGeneration"].AsInt() >= deployment.At({"metadata", "generation"}).AsInt();
}

Value DeploymentStatus(const Value& deployment, const std::vector<Value>& all, const Value& new_set, WallTime now,
                       Plan& plan) {
  Counts counts;
  for (const Value& set : all) {
    counts.replicas += set.At({"status", "replicas"}).AsInt();
    counts.ready += set.At({"status", "readyReplicas"}).AsInt();
    counts.available += set.At({"status", "availableReplicas"}).AsInt();
  }
  counts.updated = new_set.At({"status", "replicas"}).AsInt();
  Value status = Obj({{"observedGeneration", deployment.At({"metadata", "generation"})}});
  auto put = [&](std::string_view name, int64_t count) {
    if (count > 0) status = status.With(name, count);
  };
  put("replicas", counts.replicas);
  put("updatedReplicas", counts.updated);
  put("readyReplicas", counts.ready);
  put("availableReplicas", counts.available);
  put("unavailableReplicas", SumSpecReplicas(all) - counts.available);
  if (deployment["status"].Has("collisionCount")) {
    status = status.With("collisionCount", deployment["status"]["collisionCount"]);
  }
  Value conditions = deployment["status"]["conditions"];
  conditions = WithAvailability(deployment, status, conditions, now);
  if (deployment["spec"].Has("progressDeadlineSeconds")) {
    conditions = WithProgress(deployment, status, new_set, conditions, now, plan);
  }
  return status.With("conditions", conditions);
}

}  // namespace kp::controllers
