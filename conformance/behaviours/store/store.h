// The store behind the apiserver, called one request after the other.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/context.h"
#include "reference/client/etcd.h"

namespace kp::conformance {

// What a watch has told so far. Under faults one that was cut off goes on behind the last whole revision that it
// has told, as clients of etcd do.
class StoreWatch : private client::EtcdWatchHandler {
 public:
  StoreWatch(Context& t, client::EtcdClient& client, client::EtcdWatchOptions options);

  const std::vector<client::EtcdEvent>& events() const { return events_; }
  // How many pieces each revision came in.
  const std::map<int64_t, size_t>& pieces() const { return pieces_; }
  bool created() const { return created_; }
  bool ended() const { return ended_; }
  const Status& reason() const { return reason_; }
  int64_t compact_revision() const { return compact_revision_; }
  // The largest revision of a notice without events, and how many events had come before it.
  int64_t progress() const { return progress_; }
  size_t events_before_progress() const { return events_before_progress_; }
  void RequestProgress() {
    if (watch_) watch_->RequestProgress();
  }

 private:
  void OnCreated(int64_t revision) override;
  void OnEvents(int64_t revision, const std::vector<client::EtcdEvent>& events) override;
  void OnEnd(const Status& reason, int64_t compact_revision) override;
  void Open() { watch_ = client_.Watch(options_, this); }

  client::EtcdClient& client_;
  client::EtcdWatchOptions options_;
  const bool resumes_;
  runtime::Timer retry_;
  std::vector<client::EtcdEvent> events_;
  std::map<int64_t, size_t> pieces_;
  bool created_ = false;
  bool ended_ = false;
  Status reason_;
  int64_t compact_revision_ = 0;
  int64_t progress_ = 0;
  size_t events_before_progress_ = 0;
  std::unique_ptr<client::EtcdWatch> watch_;
};

// Calls that must succeed end the test when they do not. Under faults they are repeated where that changes
// nothing; an answer that is lost for good makes the test inconclusive.
class Store {
 public:
  explicit Store(Context& t);
  // The same keys, through one member.
  Store(const Store& other, int member);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Keys of this test's own.
  std::string Key(std::string_view name) const { return prefix_ + std::string(name); }
  client::EtcdRange All() const;

  Result<int64_t> TryPut(const std::string& name, const std::string& value, int64_t lease = 0);
  Result<client::EtcdRangeResult> TryRange(const client::EtcdRange& range);
  Status Compact(int64_t revision);
  // The revision of the write.
  int64_t Put(const std::string& name, const std::string& value, int64_t lease = 0);
  // Of keys from `name` up to `end`; "" for the one key. The store's revision then.
  int64_t Delete(const std::string& name, const std::string& end = "");
  client::EtcdWriteResult Write(const std::string& name, int64_t expected, std::optional<std::string> value);
  client::EtcdRangeResult Range(const client::EtcdRange& range);
  std::optional<client::EtcdKeyValue> Get(const std::string& name, int64_t revision = 0);
  int64_t Grant(int64_t ttl_seconds);
  // Of this test's keys, or of `options.key` when it is given. Open when it is returned.
  std::unique_ptr<StoreWatch> Watch(client::EtcdWatchOptions options = {});
  // Of everything that the store holds, from a revision on.
  std::unique_ptr<StoreWatch> WatchAll(int64_t from);
  int64_t Revision();

 private:
  template <typename T>
  Result<T> Await(const std::function<void(Completion<Result<T>>)>& call);
  // The same until there is an answer, under faults.
  template <typename T>
  Result<T> Repeat(const std::function<void(Completion<Result<T>>)>& call);
  client::EtcdWriteResult WriteOnce(const client::EtcdGuardedWrite& write);
  int64_t VersionOf(const std::string& name);  // 0: it is not there
  template <typename T>
  T Must(Result<T> result, const std::string& what);

  Context& t_;
  std::unique_ptr<client::EtcdClient> client_;
  std::string prefix_;
  bool owns_keys_ = true;
};

// The call was refused with this code and this text.
void ExpectRefused(Context& t, const Status& status, Code code, std::string_view text);

}  // namespace kp::conformance
