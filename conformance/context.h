// What a behaviour's test is given: a cluster, a namespace of its own, and plain sequential calls.
//
//   BEHAVIOUR("api/object/create-twice-conflicts") {
//     t.Step("create a ConfigMap, then create it again");
//     t.MustCreate(kConfigMaps, Obj({{"metadata", Obj({{"name", "a"}})}}));
//     t.ExpectError(t.Create(kConfigMaps, Obj({{"metadata", Obj({{"name", "a"}})}})), 409, "AlreadyExists");
//   }
//
// A failed expectation ends the test by an exception. While faults are injected, calls are repeated until
// they get an answer, with idempotency: a create that was carried out the first time succeeds. `Once`
// gives raw answers instead.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/timeline.h"
#include "fixtures/cluster.h"
#include "reference/client/resources.h"

namespace kp::conformance {

// Thrown by expectations. kInapplicable and kInconclusive are no failures.
struct TestEnd {
  enum class Kind : unsigned char { kFailed, kInapplicable, kInconclusive };
  Kind kind;
  std::string message;
};

struct StepRecord {
  Duration at;  // since the test's start, in the cluster's time
  std::string text;
};

struct WatchRecord {
  client::EventType type;
  api::Value object;
};

// A watch whose events are kept. Ended by destruction.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual const std::vector<WatchRecord>& events() const = 0;
  virtual bool ended() const = 0;
  virtual const api::ApiStatus& end_status() const = 0;
};

class Context {
 public:
  using ApiResult = api::ApiResult<api::Value>;

  Context(fixtures::Cluster& cluster, std::string id, uint64_t seed);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  fixtures::Cluster& cluster() { return cluster_; }
  // A namespace of this test's own, made at first use (its default ServiceAccount awaited), deleted at the end.
  const std::string& ns();
  // A name that no other test uses, for cluster-scoped objects: "<stem>-<random>".
  std::string UniqueName(std::string_view stem);
  Random& random() { return random_; }

  // ---- narration ----
  void Step(std::string text);

  // ---- calls; namespaced resources are those of ns() ----
  ApiResult Get(const client::Resource& resource, const std::string& name, const std::string& subresource = "");
  ApiResult List(const client::Resource& resource, const client::ListOptions& options = {});
  ApiResult Create(const client::Resource& resource, const api::Value& object,
                   const client::WriteOptions& options = {});
  ApiResult Update(const client::Resource& resource, const api::Value& object, const std::string& subresource = "",
                   const client::WriteOptions& options = {});
  ApiResult Patch(const client::Resource& resource, const std::string& name, client::PatchType type,
                  const api::Value& patch, const std::string& subresource = "",
                  const client::WriteOptions& options = {});
  ApiResult Delete(const client::Resource& resource, const std::string& name,
                   const client::DeleteOptions& options = {});
  // Any ref: another namespace, a subresource POST (bindings, evictions, tokens).
  ApiResult CreateAt(const client::ObjectRef& ref, const api::Value& object, const client::WriteOptions& options = {});
  ApiResult GetAt(const client::ObjectRef& ref);
  ApiResult ListAt(const client::ObjectRef& ref, const client::ListOptions& options);
  ApiResult DeleteAt(const client::ObjectRef& ref, const client::DeleteOptions& options = {});
  // A raw HTTP exchange: status, headers, body.
  api::ApiResult<transport::HttpResponse> Raw(const std::string& method, const std::string& target,
                                              const std::string& content_type = "", const std::string& accept = "",
                                              const std::string& body = "");
  std::unique_ptr<Watcher> Watch(const client::Resource& resource, const client::WatchOptions& options = {});

  // The same that must succeed; the object. Cluster-scoped ones made here are deleted at the end.
  api::Value MustGet(const client::Resource& resource, const std::string& name);
  api::Value MustCreate(const client::Resource& resource, const api::Value& object);
  api::Value MustUpdate(const client::Resource& resource, const api::Value& object);
  api::Value MustPatch(const client::Resource& resource, const std::string& name, client::PatchType type,
                       const api::Value& patch);
  void MustDelete(const client::Resource& resource, const std::string& name, const client::DeleteOptions& options = {});
  std::vector<api::Value> MustList(const client::Resource& resource, const client::ListOptions& options = {});
  api::Value Must(ApiResult result, std::string_view what);

  // Runs `calls` with a client of another identity in place of the admin's.
  void As(const fixtures::Identity& identity, const std::function<void()>& calls);
  // Runs `calls` without repetition: each call is one request. Faults rest meanwhile, for a raw answer of a
  // server that is being killed is no verdict on it.
  void Once(const std::function<void()>& calls);

  // Runs `calls`, whose expectations stand on how fast the cluster is. One that fails is no verdict where a
  // fault overlapped: the test is inconclusive then.
  void InTime(const std::function<void()>& calls);
  // From now on no fault ends containers by killing what runs them. For tests of a container's life: one that ends
  // with its node is another story.
  void KeepContainersAlive();
  // Runs `chore` now and then every `period` while the test waits for something, to its end. It must not wait itself.
  void Every(Duration period, std::function<void()> chore);

  // ---- expectations ----
  [[noreturn]] void Fail(std::string message);
  void Expect(bool holds, std::string_view what);
  void ExpectEq(const api::Value& actual, const api::Value& expected, std::string_view what);
  // An error with this code and reason ("" any); `text` must be part of the message.
  void ExpectError(const ApiResult& result, int code, std::string_view reason, std::string_view text = "");
  // The same; the error, for a closer look at its causes.
  api::ApiStatus MustFail(const ApiResult& result, int code, std::string_view reason, std::string_view text = "");
  // Waits until `holds` is true. Faults end before the deadline starts to run.
  void Eventually(std::string_view what, const std::function<bool()>& holds, Duration within = 30s);
  // Holds now and stays true for `during`.
  void Always(std::string_view what, const std::function<bool()>& holds, Duration during = 2s);
  // Waits until the object is there and `holds` is true of it; the object. Reads by GET.
  api::Value EventuallyObject(const client::Resource& resource, const std::string& name, std::string_view what,
                              const std::function<bool(const api::Value&)>& holds, Duration within = 30s);
  // The object answers 404.
  void EventuallyGone(const client::Resource& resource, const std::string& name, Duration within = 30s);
  // The test cannot say anything here (a capability is missing).
  [[noreturn]] void NotApplicable(std::string why);
  // A fault took an answer that the test cannot do without.
  [[noreturn]] void Inconclusive(std::string why);
  bool UnderFaults() const { return static_cast<bool>(gate_); }

  void Sleep(Duration time);

  const std::vector<StepRecord>& steps() const { return steps_; }
  const std::string& id() const { return id_; }

  // Set by whoever injects faults. With it, calls are repeated until they get an answer and watches resumed
  // where they broke. `settle` lets faults work on for a while, ends them and waits until the cluster is whole;
  // Eventually and Once call it before they begin and `resume` when they are done.
  struct FaultGate {
    std::function<bool()> settle;  // false: the cluster did not recover
    std::function<void()> resume;
    std::function<void(std::string_view component)> spare;  // processes of it are not killed any more
    std::function<bool(Time)> overlapped;                   // something was broken at or after this time
    explicit operator bool() const { return static_cast<bool>(settle); }
  };
  void SetFaultGate(FaultGate gate) { gate_ = std::move(gate); }
  const std::vector<Sighting>& sightings() const { return timeline_.sightings(); }

 private:
  using Call = std::function<void(client::ObjectDone)>;
  ApiResult Do(const std::string& what, const Call& call);
  ApiResult Await(const Call& call);
  client::KubeClient& client() { return identity_client_ ? *identity_client_ : cluster_.client(); }
  client::ObjectRef Ref(const client::Resource& resource, std::string name, std::string subresource = "");
  void CleanUp();
  struct Chore;
  // Settles now, resumes when the result is destroyed. Nested ones do nothing.
  class Truce;
  Duration Elapsed() { return cluster_.env().Now() - started_; }

  fixtures::Cluster& cluster_;
  std::string id_;
  Random random_;
  Time started_;
  std::string ns_;
  std::vector<StepRecord> steps_;
  std::vector<client::ObjectRef> made_;  // cluster-scoped, to be deleted
  std::unique_ptr<client::KubeClient> identity_client_;
  Timeline timeline_;
  FaultGate gate_;
  std::vector<std::unique_ptr<Chore>> chores_;
  bool in_truce_ = false;
  bool once_ = false;
};

}  // namespace kp::conformance
