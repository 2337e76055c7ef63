// A pod worker with its runtime played by hand, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/kubelet/pod_status.h"
#include "reference/kubelet/pod_worker.h"

namespace kp::kubelet {

inline api::Value TestContainer(std::string_view name) { return api::Obj({{"name", name}, {"image", "i"}}); }

inline api::Value TestPod(std::initializer_list<api::Value> containers, std::string_view restart_policy = "Always") {
  return api::Obj({{"metadata", api::Obj({{"name", "p"}, {"namespace", "d"}, {"uid", "u"}})},
                   {"spec", api::Obj({{"containers", api::Arr(containers)},
                                      {"restartPolicy", restart_policy},
                                      {"terminationGracePeriodSeconds", 30}})},
                   {"status", api::Obj({{"startTime", "2025-01-01T00:00:00Z"}})}});
}

// Time moves by hand; all actions are kept and nothing is carried out by itself.
class TestWorker {
 public:
  explicit TestWorker(api::Value pod) : worker(std::move(pod)) {}

  Clock clock() const { return {now, *ParseRfc3339("2025-01-01T00:00:00Z") + now.time_since_epoch()}; }
  // What is to be done now, as "start c", "stop c 30s", "event Killing".
  std::vector<std::string> Step() {
    wake.reset();
    std::vector<std::string> words;
    for (const Action& action : worker.Step(clock(), wake)) words.push_back(Word(action));
    return words;
  }
  // From its pull to its run.
  void Run(const std::string& container) {
    worker.OnPulled(container, true, "", clock());
    worker.OnStarted(container, true, container + "-" + std::to_string(++runs), "", clock());
  }
  void Exit(const std::string& container, int code) {
    worker.OnExit(worker.state().containers.at(container).id, code, code == 0 ? "Completed" : "Error", clock());
  }
  // Sandbox and first containers, in one go.
  void RunAll() {
    Step();
    worker.OnSandbox(true, "s", "10.0.0.9", clock());
    for (const std::string& word : Step()) {
      if (word.starts_with("pull ")) Run(word.substr(5));
    }
    Step();
  }
  void Delete(int64_t grace) {
    worker.SetPod(worker.pod()
                      .With({"metadata", "deletionTimestamp"}, "2025-01-01T00:00:00Z")
                      .With({"metadata", "deletionGracePeriodSeconds"}, grace));
  }
  api::Value Status() { return PodStatusOf(worker, "10.0.0.1", clock().wall); }
  // Written as a kubelet would: later states build on it.
  api::Value Report() {
    api::Value status = Status();
    worker.SetPod(worker.pod().With("status", status));
    return status;
  }

  Time now{};
  PodWorker worker;
  std::optional<Time> wake;
  int runs = 0;

 private:
  static std::string Word(const Action& action) {
    switch (action.kind) {
      case Action::Kind::kRunSandbox: return "sandbox";
      case Action::Kind::kRemoveSandbox: return "remove sandbox";
      case Action::Kind::kPull: return "pull " + action.container;
      case Action::Kind::kStart: return "start " + action.container;
      case Action::Kind::kStop: return "stop " + action.container + " " + FormatDuration(action.grace);
      case Action::Kind::kPreStop: return "hook " + action.container;
      case Action::Kind::kPostStart: return "post-start " + action.container;
      case Action::Kind::kProbe: return action.probe + " " + action.container;
      case Action::Kind::kEvent: return "event " + action.reason;
      case Action::Kind::kFinish: return "finish";
    }
    return "";
  }
};

}  // namespace kp::kubelet
