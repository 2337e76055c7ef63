#include "reference/runtime/sim/world.h"

#include <utility>

namespace kp::runtime::sim {

World::World(WorldOptions options) : options_(options), scheduler_(options.seed), fabric_(scheduler_, options.network) {
  scheduler_.log().KeepEntries(options.kept_draws);
  log_ = {options.least_severity, [this](const std::string& line) { KeepLogLine(line); }};
}

World::~World() {
  // Like a crash of everything: dead first, so that no destructor has an effect.
  for (auto& env : envs_) env->state().alive = false;
  for (auto& [name, process] : processes_) process.actor.reset();
  for (auto& env : envs_) scheduler_.Purge(env->state());
}

SimEnv& World::Spawn(const std::string& name, const std::string& host_ip, ActorFactory factory) {
  CHECK(!processes_.contains(name)) << name << " was spawned before";
  Host& host = fabric_.AddHost(host_ip);
  fabric_.AddName(name, host);
  Process& process = processes_[name];
  process.machine = std::make_unique<Machine>(scheduler_, name, host);
  process.factory = std::move(factory);
  Start(process);
  return *process.env;
}

void World::Start(Process& process) {
  CHECK(scheduler_.current() == nullptr) << "a simulated process cannot start another";
  Machine& machine = *process.machine;
  auto id = static_cast<uint32_t>(envs_.size() + 1);
  envs_.push_back(std::make_unique<SimEnv>(scheduler_, fabric_, machine, id, log_));
  ++machine.lives;
  process.env = envs_.back().get();
  process.status = ProcessStatus::kRunning;
  process.failure.clear();
  if (process.factory) process.actor = process.factory(*process.env);
  ReapFailed();
}

void World::End(Process& process, CrashKind kind) {
  CHECK(scheduler_.current() == nullptr) << "a simulated process cannot end another";
  ProcessState& state = process.env->state();
  state.alive = false;
  fabric_.OnProcessEnded(state, process.machine->host,
                         kind == CrashKind::kVanish ? PeersSee::kSilence : PeersSee::kReset);
  process.actor.reset();
  scheduler_.Purge(state);
  if (kind == CrashKind::kKill) {
    process.machine->device.Kill();
  } else {
    process.machine->device.PowerCut();
  }
}

void World::Crash(const std::string& name, CrashKind kind) {
  Process& process = Find(name);
  if (process.status == ProcessStatus::kCrashed || process.status == ProcessStatus::kFailed) return;
  scheduler_.log().Note(scheduler_.now(), "crash", name);
  ++scheduler_.counters().crashes;
  End(process, kind);
  process.status = ProcessStatus::kCrashed;
}

void World::Restart(const std::string& name) {
  Process& process = Find(name);
  CHECK(process.status == ProcessStatus::kCrashed || process.status == ProcessStatus::kFailed) << name << " runs";
  scheduler_.log().Note(scheduler_.now(), "restart", name);
  fabric_.OnProcessBack(process.machine->host);
  Start(process);
}

void World::Pause(const std::string& name) {
  Process& process = Find(name);
  if (process.status != ProcessStatus::kRunning) return;
  process.status = ProcessStatus::kPaused;
  process.env->state().paused = true;
}

void World::Resume(const std::string& name) {
  Process& process = Find(name);
  if (process.status != ProcessStatus::kPaused) return;
  process.status = ProcessStatus::kRunning;
  process.env->state().paused = false;
  scheduler_.Resume(process.env->state());
}

void World::ReapFailed() {
  for (auto& [name, process] : processes_) {
    if (process.env == nullptr || !process.env->state().alive || !process.env->state().failing) continue;
    ++scheduler_.counters().failures;
    End(process, CrashKind::kKill);
    process.status = ProcessStatus::kFailed;
    process.failure = process.env->failure();
    if (on_failure_) on_failure_(name, process.failure);
  }
}

bool World::Step() {
  if (!scheduler_.Step()) return false;
  if (scheduler_.take_failed()) ReapFailed();
  return true;
}

void World::RunFor(Duration time) {
  Time end = scheduler_.now() + time;
  uint64_t last_event = scheduler_.counters().events + options_.most_events;
  while (!scheduler_.idle() && scheduler_.NextTime() <= end) {
    Step();
    CHECK(scheduler_.counters().events < last_event) << "livelock at " << Seconds(elapsed()) << " s";
  }
  scheduler_.AdvanceTo(end);
}

Status World::RunUntil(const std::function<bool()>& done, Duration budget) {
  Time end = scheduler_.now() + budget;
  uint64_t last_event = scheduler_.counters().events + options_.most_events;
  while (!done()) {
    if (scheduler_.idle() || scheduler_.NextTime() > end) {
      scheduler_.AdvanceTo(end);
      return {Code::kDeadlineExceeded, "not within " + FormatDuration(budget) + " of virtual time"};
    }
    if (scheduler_.counters().events >= last_event) {
      return {Code::kResourceExhausted, "not within " + std::to_string(options_.most_events) + " events: a livelock?"};
    }
    Step();
  }
  return Status::Ok();
}

ProcessStatus World::status(const std::string& name) const { return Find(name).status; }
const std::string& World::failure(const std::string& name) const { return Find(name).failure; }
SimEnv& World::env(const std::string& name) { return *Find(name).env; }

std::vector<std::string> World::processes() const {
  std::vector<std::string> names;
  for (const auto& [name, process] : processes_) names.push_back(name);
  return names;
}

World::Process& World::Find(const std::string& name) {
  auto found = processes_.find(name);
  CHECK(found != processes_.end()) << "no process is called " << name;
  return found->second;
}

const World::Process& World::Find(const std::string& name) const { return const_cast<World*>(this)->Find(name); }

void World::KeepLogLine(const std::string& line) {
  if (extra_sink_) extra_sink_(line);
  if (options_.kept_log_lines == 0) return;
  if (log_lines_.size() >= options_.kept_log_lines) log_lines_.pop_front();
  log_lines_.push_back(line);
}

}  // namespace kp::runtime::sim
