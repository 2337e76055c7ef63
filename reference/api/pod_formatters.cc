// READY, STATUS and RESTARTS of a pod. Source: printPod in
// k8s.io/kubernetes/pkg/printers/internalversion/printers.go.
#include <algorithm>
#include <optional>

#include "reference/api/table_formatters.h"

namespace kp::api {
namespace {

bool HasTrueCondition(const Value& pod, std::string_view type) {
  for (const Value& condition : pod["status"]["conditions"].items()) {
    if (condition["type"].AsString() == type) return condition["status"].AsString() == "True";
  }
  return false;
}

bool IsSidecar(const Value& pod, std::string_view name) {
  for (const Value& container : pod["spec"]["initContainers"].items()) {
    if (container["name"].AsString() == name) return container["restartPolicy"].AsString() == "Always";
  }
  return false;
}

std::string ExitText(const Value& terminated) {
  if (!terminated["reason"].empty()) return terminated["reason"].str();
  int64_t signal = terminated["signal"].AsInt();
  return signal != 0 ? "Signal:" + std::to_string(signal)
                     : "ExitCode:" + std::to_string(terminated["exitCode"].AsInt());
}

class Restarts {
 public:
  void Add(const Value& status) {
    count_ += status["restartCount"].AsInt();
    const Value& finished = status["lastState"]["terminated"]["finishedAt"];
    // RFC 3339 in UTC sorts as text.
    if (finished.AsString() > last_.AsString()) last_ = finished;
  }
  std::string Text(WallTime now) const {
    std::string text = std::to_string(count_);
    if (count_ != 0 && !last_.empty()) text += " (" + AgeSince(last_, now) + " ago)";
    return text;
  }

 private:
  int64_t count_ = 0;
  Value last_;
};

class Summary {
 public:
  Summary(const Value& pod, WallTime now) : pod_(pod), now_(now) {}

  PodSummary Make() {
    StartFromPhase();
    bool initializing = VisitInitContainers();
    if (!initializing || HasTrueCondition(pod_, "Initialized")) VisitContainers();
    bool deleted = pod_["metadata"].Has("deletionTimestamp");
    std::string_view phase = pod_["status"]["phase"].AsString();
    if (deleted && pod_["status"]["reason"].AsString() == "NodeLost") {
      reason_ = "Unknown";
    } else if (deleted && phase != "Succeeded" && phase != "Failed") {
      reason_ = "Terminating";
    }
    return {std::to_string(ready_) + "/" + std::to_string(total_), reason_, restarts_.Text(now_)};
  }

 private:
  void StartFromPhase() {
    const Value& status = pod_["status"];
    reason_ = status["reason"].empty() ? status["phase"].str() : status["reason"].str();
    for (const Value& condition : status["conditions"].items()) {
      if (condition["type"].AsString() == "PodScheduled" && condition["reason"].AsString() == "SchedulingGated") {
        reason_ = "SchedulingGated";
      }
    }
    total_ = pod_["spec"]["containers"].size();
    for (const Value& container : pod_["spec"]["initContainers"].items()) {
      if (container["restartPolicy"].AsString() == "Always") ++total_;
    }
  }

  // True while some init container has not done its part.
  bool VisitInitContainers() {
    size_t index = 0;
    for (const Value& status : pod_["status"]["initContainerStatuses"].items()) {
      restarts_.Add(status);
      bool sidecar = IsSidecar(pod_, status["name"].AsString());
      if (sidecar) sidecar_restarts_.Add(status);
      std::optional<std::string> reason = InitReason(status, sidecar, index++);
      if (!reason) continue;
      reason_ = *reason;
      return true;
    }
    return false;
  }

  std::optional<std::string> InitReason(const Value& status, bool sidecar, size_t index) {
    const Value& terminated = status["state"]["terminated"];
    std::string_view waiting = status["state"]["waiting"]["reason"].AsString();
    if (!terminated.is_null() && terminated["exitCode"].AsInt() == 0) return std::nullopt;
    if (sidecar && status["started"].AsBool()) {
      if (status["ready"].AsBool()) ++ready_;
      return std::nullopt;
    }
    if (!terminated.is_null()) return "Init:" + ExitText(terminated);
    if (!waiting.empty() && waiting != "PodInitializing") return "Init:" + std::string(waiting);
    return "Init:" + std::to_string(index) + "/" + std::to_string(pod_["spec"]["initContainers"].size());
  }

  void VisitContainers() {
    restarts_ = sidecar_restarts_;
    bool has_running = false;
    const Value& statuses = pod_["status"]["containerStatuses"];
    // From the last to the first, so that the first container's state is what is shown.
    for (size_t i = statuses.size(); i > 0; --i) {
      const Value& status = statuses[i - 1];
      restarts_.Add(status);
      const Value& state = status["state"];
      if (!state["waiting"]["reason"].empty()) {
        reason_ = state["waiting"]["reason"].str();
      } else if (state.Has("terminated")) {
        reason_ = ExitText(state["terminated"]);
      } else if (status["ready"].AsBool() && state.Has("running")) {
        has_running = true;
        ++ready_;
      }
    }
    if (reason_ == "Completed" && has_running) reason_ = HasTrueCondition(pod_, "Ready") ? "Running" : "NotReady";
  }

  const Value& pod_;
  WallTime now_;
  std::string reason_;
  size_t total_ = 0;
  size_t ready_ = 0;
  Restarts restarts_;
  Restarts sidecar_restarts_;
};

}  // namespace

PodSummary SummarizePod(const Value& pod, WallTime now) { return Summary(pod, now).Make(); }

}  // namespace kp::api
