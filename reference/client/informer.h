// A local copy of one resource, kept by list and watch (client-go's reflector, store and informer in one).
//
// Handlers see each change once, in the server's order: (null, object) added, (old, object) changed,
// (old, null) deleted. After a lost watch the informer watches on from where it was; when that is too old
// (410) it lists again and reports the difference.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/client/kube.h"
#include "reference/client/object_key.h"

namespace kp::client {

struct InformerOptions {
  std::string ns;  // "": all
  std::string label_selector;
  std::string field_selector;
  Duration min_backoff = 100ms;
  Duration max_backoff = 10s;
};

class Informer : private KubeWatchHandler {
 public:
  using Handler = std::function<void(const api::Value& old, const api::Value& now)>;
  using Objects = std::map<std::string, api::Value, std::less<>>;

  Informer(runtime::Env& env, KubeClient& client, Resource resource, InformerOptions options = {});
  ~Informer() override;

  // Before Start.
  void AddHandler(Handler handler) { handlers_.push_back(std::move(handler)); }
  void Start();

  bool synced() const { return synced_; }
  // A watch is established: what is here is fresh but for the way of an event.
  bool watching() const { return watch_ != nullptr; }
  const Objects& objects() const { return objects_; }
  // Null when absent.
  const api::Value& Get(std::string_view key) const;
  const Resource& resource() const { return resource_; }
  // Everything up to this version has been seen.
  int64_t version() const { return version_; }
  // Called after each applied event or list; for those who wait for a version.
  void OnProgress(std::function<void()> progress) { progress_.push_back(std::move(progress)); }
  // Called with true when a watch is established and false when it is lost.
  void OnConnection(std::function<void(bool)> connection) { connection_.push_back(std::move(connection)); }

  uint64_t lists() const { return lists_; }

 private:
  void OnEvent(EventType type, api::Value object) override;
  void OnEnd(const api::ApiStatus& status) override;
  void List(std::string resource_version);
  void OnList(api::ApiResult<api::Value> result);
  void Watch();
  void Retry(bool relist);
  void Apply(const std::string& key, api::Value now);
  void Progressed(int64_t version);

  runtime::Env& env_;
  KubeClient& client_;
  Resource resource_;
  InformerOptions options_;
  Random random_;
  Objects objects_;
  std::vector<Handler> handlers_;
  std::vector<std::function<void()>> progress_;
  std::vector<std::function<void(bool)>> connection_;
  std::unique_ptr<KubeWatch> watch_;
  runtime::Timer retry_;
  Duration backoff_{};
  bool synced_ = false;
  bool relist_ = true;
  int64_t version_ = 0;
  uint64_t lists_ = 0;
  Alive alive_;
};

}  // namespace kp::client
