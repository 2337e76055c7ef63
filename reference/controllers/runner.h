// Runs one controller: turns changes into keys, keys into plans, plans into requests.
//
// A key is worked on by one plan at a time, and is held after its writes until the local copies show
// them (the write barrier): a controller never decides on a world older than its own last decision.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference/client/event_recorder.h"
#include "reference/client/informer.h"
#include "reference/client/work_queue.h"
#include "reference/controllers/controller.h"

namespace kp::controllers {

// The informers of one process, shared by its controllers, and the view over them.
class Informers {
 public:
  Informers(runtime::Env& env, client::KubeClient& client) : env_(env), client_(client) {}
  // Made at first use; before Start.
  client::Informer& For(const client::Resource& resource);
  client::Informer* Find(const client::Resource& resource);
  void Start();
  bool Synced() const;
  // As of now.
  const View& view() {
    view_.set_steady(env_.Now());
    return view_;
  }

 private:
  runtime::Env& env_;
  client::KubeClient& client_;
  View view_;
  std::map<client::Resource, std::unique_ptr<client::Informer>> informers_;
};

class ControllerRunner {
 public:
  // Subscribes to the informers it needs; Informers::Start comes later.
  ControllerRunner(runtime::Env& env, client::KubeClient& client, Informers& informers,
                   std::unique_ptr<Controller> controller);

  const Controller& controller() const { return *controller_; }
  bool Idle() const { return queue_.Idle() && jobs_.empty(); }

 private:
  // One key under way.
  struct Job {
    Plan plan;
    size_t next = 0;     // first write not sent
    size_t batch = 1;    // of the next creates
    size_t pending = 0;  // sent, not answered
    bool failed = false;
    size_t guards = 0;  // reads under way
    std::string error;
    // What the copies must show before the key is free.
    std::map<client::Resource, int64_t> versions;
    struct Gone {
      client::Resource resource;
      std::string key;
      std::string uid;
    };
    std::vector<Gone> gone;
  };

  void OnChange(const client::Resource& resource, const api::Value& old, const api::Value& now);
  void Work();
  void Begin(const std::string& key);
  void OnGuard(const std::string& key, const Absent& guard, const api::ApiResult<api::Value>& result);
  void SendMore(const std::string& key);
  void Send(const std::string& key, const Write& write);
  void OnAnswer(const std::string& key, const Write& write, const api::ApiResult<api::Value>& result);
  void Note(Job& job, const Write& write, const api::Value& answer);
  void Tell(const EventNote& event, const api::Value& written);
  bool Caught(const Job& job);
  void CheckBarriers();
  void End(const std::string& key);

  runtime::Env& env_;
  client::KubeClient& client_;
  Informers& informers_;
  std::unique_ptr<Controller> controller_;
  client::EventRecorder recorder_;
  client::WorkQueue queue_;
  std::map<std::string, Job> jobs_;
  std::set<std::string> barred_;  // answered in full, waiting for the copies
  Alive alive_;
};

}  // namespace kp::controllers
