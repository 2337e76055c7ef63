#include "reference/kubelet/sim_runtime.h"

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::kubelet {
namespace {

constexpr Duration kSandboxTime = 2ms;
constexpr Duration kStartTime = 1ms;
constexpr Duration kPullTime = 5ms;
constexpr Duration kStopTime = 1ms;

std::vector<std::string> Words(const api::Value& list) {
  std::vector<std::string> words;
  for (const api::Value& word : list.items()) words.push_back(word.str());
  return words;
}

}  // namespace

SimRuntime::SimRuntime(runtime::Env& env, std::string node_ip)
    : env_(env), node_ip_(std::move(node_ip)), random_(env.random().Fork("sim-runtime")) {}

void SimRuntime::SetPodCidr(const std::string& cidr) {
  std::string base = cidr.substr(0, cidr.rfind('.') + 1);
  if (base.empty() || base == cidr_base_) return;
  cidr_base_ = base;
  next_host_ = 2;
}

// Goes round the /24, skipping what is in use: an address is not given again at once.
std::string SimRuntime::NextAddress() {
  for (int tries = 0; tries < 253; ++tries) {
    std::string address = cidr_base_ + std::to_string(next_host_);
    next_host_ = next_host_ >= 254 ? 2 : next_host_ + 1;
    if (KP_MUTANT("runtime-gives-one-address-to-all")) return cidr_base_ + "2";
    if (addresses_.insert(address).second) return address;
  }
  return "";
}

void SimRuntime::RunSandbox(const SandboxConfig& config, Completion<Result<Sandbox>> done) {
  bool host = config.host_network;
  env_.After(kSandboxTime, alive_.Wrap([this, host, done = std::move(done)] {
    if (cidr_base_.empty() && !host) {
      // As a CNI plugin that is not set up: the pod waits. An address of our own making could be another node's.
      return done(Status(Code::kUnavailable, "network is not ready: the node has no pod subnet"));
    }
    Sandbox sandbox{HexEncode(random_.Bytes(32)), host ? node_ip_ : NextAddress()};
    if (sandbox.ip.empty()) return done(Status(Code::kResourceExhausted, "no address left in the pod subnet"));
    sandboxes_[sandbox.id] = sandbox.ip;
    done(sandbox);
  }));
}

void SimRuntime::RemoveSandbox(const std::string& id, Completion<Status> done) {
  for (auto at = containers_.begin(); at != containers_.end();) {
    if (at->second.sandbox_id == id) {
      env_.Cancel(at->second.timer);
      env_.Cancel(at->second.kill_timer);
      at = containers_.erase(at);
    } else {
      ++at;
    }
  }
  auto sandbox = sandboxes_.find(id);
  if (sandbox != sandboxes_.end()) {
    addresses_.erase(sandbox->second);
    sandboxes_.erase(sandbox);
  }
  env_.Post(alive_.Wrap([done = std::move(done)] { done(Status::Ok()); }));
}

void SimRuntime::PullImage(const std::string& image, Completion<Status> done) {
  env_.After(kPullTime, alive_.Wrap([this, image, done = std::move(done)] {
    if (image.find("missing") != std::string::npos) {
      return done(Status(Code::kNotFound, "failed to pull image " + Quote(image) + ": not found"));
    }
    images_.insert(image);
    done(Status::Ok());
  }));
}

void SimRuntime::StartContainer(const ContainerConfig& config, Completion<Result<std::string>> done) {
  env_.After(kStartTime, alive_.Wrap([this, config, done = std::move(done)] {
    if (!sandboxes_.contains(config.sandbox_id)) return done(Status(Code::kNotFound, "sandbox is gone"));
    std::string id = HexEncode(random_.Bytes(32));
    Container& container = containers_[id];
    container.sandbox_id = config.sandbox_id;
    container.script = ReadScript(config.command, config.args);
    // Told first: the exit of a program that ends at once comes after its start.
    done(id);
    auto started = containers_.find(id);
    if (started == containers_.end() || !started->second.script.ends_after) return;
    started->second.timer = env_.After(*started->second.script.ends_after, alive_.Wrap([this, id] {
      auto at = containers_.find(id);
      if (at != containers_.end()) Exit(id, at->second.script.exit_code, at->second.script.reason);
    }));
  }));
}

void SimRuntime::StopContainer(const std::string& id, Duration grace) {
  auto at = containers_.find(id);
  if (at == containers_.end()) return;
  auto kill = alive_.Wrap([this, id] { Exit(id, 137, "Error"); });
  if (grace <= Duration(0) || at->second.script.ignores_sigterm) {
    env_.Cancel(at->second.kill_timer);
    at->second.kill_timer = env_.After(std::max(grace, Duration(0)), kill);
    return;
  }
  env_.Cancel(at->second.kill_timer);
  at->second.kill_timer = env_.After(kStopTime, alive_.Wrap([this, id] { Exit(id, 0, ""); }));
}

void SimRuntime::Exit(const std::string& id, int code, std::string reason) {
  auto at = containers_.find(id);
  if (at == containers_.end()) return;
  env_.Cancel(at->second.timer);
  env_.Cancel(at->second.kill_timer);
  containers_.erase(at);
  if (reason.empty()) reason = code == 0 ? "Completed" : "Error";
  if (on_exit_) on_exit_({id, code, reason, env_.Wall()});
}

void SimRuntime::Probe(const std::string& id, const api::Value& probe, Completion<bool> done) {
  auto at = containers_.find(id);
  bool success = false;
  if (at != containers_.end()) {
    if (probe.Has("exec")) {
      Script script = ReadScript(Words(probe["exec"]["command"]), {});
      Duration limit = std::chrono::seconds(probe["timeoutSeconds"].AsInt(1));
      success = script.exit_code == 0 && script.ends_after.value_or(Duration(0)) <= limit;
    } else {
      success = at->second.script.serves;
    }
  }
  env_.Post(alive_.Wrap([success, done = std::move(done)] { done(success); }));
}

void SimRuntime::RunHook(const std::string& id, const api::Value& handler, Completion<Status> done) {
  Duration takes{};
  Status status;
  if (!containers_.contains(id)) status = Status(Code::kNotFound, "container is gone");
  if (handler.Has("exec")) {
    Script script = ReadScript(Words(handler["exec"]["command"]), {});
    takes = script.ends_after.value_or(Duration(0));
    if (script.exit_code != 0) {
      status = Status(Code::kUnknown, "command exited with " + std::to_string(script.exit_code));
    }
  } else if (handler.Has("sleep")) {
    takes = std::chrono::seconds(handler["sleep"]["seconds"].AsInt());
  }
  env_.After(takes, alive_.Wrap([status, done = std::move(done)] { done(status); }));
}

}  // namespace kp::kubelet
