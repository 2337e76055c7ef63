// A client of the Kubernetes API: objects as api::Value, one call per verb.
//
// Calls are not repeated here. Errors carry the server's Status; when no answer came it is Unreachable(), and
// a write may or may not have been carried out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/api/value.h"
#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/transport/http.h"

namespace kp::client {

// A REST resource: group "" is the core group.
struct Resource {
  std::string group;
  std::string version;
  std::string plural;
  bool namespaced = true;

  auto operator<=>(const Resource&) const = default;
  // "v1" or "apps/v1".
  std::string GroupVersion() const { return group.empty() ? version : group + "/" + version; }
};

// One object or collection. An empty name is the collection; an empty ns of a namespaced resource is all
// namespaces.
struct ObjectRef {
  Resource resource;
  std::string ns;
  std::string name;
  std::string subresource;
};

enum class PatchType : unsigned char { kJson, kMerge, kStrategic, kApply };
enum class Propagation : unsigned char { kDefault, kBackground, kForeground, kOrphan };

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  std::string resource_version_match;
  int64_t limit = 0;
  std::string continue_token;
};

struct WatchOptions {
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;
  bool allow_bookmarks = true;
  bool send_initial_events = false;
  int64_t timeout_seconds = 0;  // 0: the server's choice
};

struct DeleteOptions {
  Propagation propagation = Propagation::kDefault;
  int64_t grace_period_seconds = -1;  // -1: not given
  std::string precondition_uid;
  std::string precondition_resource_version;
};

struct WriteOptions {
  bool dry_run = false;
  std::string field_manager;
  std::string field_validation;  // "", "Strict", "Warn", "Ignore"
};

enum class EventType : unsigned char { kAdded, kModified, kDeleted, kBookmark, kError };

class KubeWatchHandler {
 public:
  virtual ~KubeWatchHandler() = default;
  virtual void OnEvent(EventType type, api::Value object) = 0;
  // The last call: OK at an orderly end; an error when the request was refused or the connection lost.
  virtual void OnEnd(const api::ApiStatus& status) = 0;
};

class KubeWatch {
 public:
  virtual ~KubeWatch() = default;  // cancels
};

struct KubeClientOptions {
  std::vector<std::string> servers;  // "127.0.0.1:6443"; tried in turn
  transport::TlsOptions tls;
  std::string bearer_token;
  // Acts as somebody else by impersonation headers; the credentials need verb impersonate.
  std::string impersonate_user;
  std::vector<std::string> impersonate_groups;
  std::string user_agent = "kubeproof";
  bool http2 = true;
  Duration timeout = 30s;
};

using ObjectDone = Completion<api::ApiResult<api::Value>>;

class KubeClient {
 public:
  static Result<std::unique_ptr<KubeClient>> Create(runtime::Env& env, const KubeClientOptions& options);
  virtual ~KubeClient() = default;

  virtual void Get(const ObjectRef& ref, ObjectDone done) = 0;
  virtual void List(const ObjectRef& ref, const ListOptions& options, ObjectDone done) = 0;
  virtual void Create(const ObjectRef& ref, const api::Value& object, const WriteOptions& options, ObjectDone done) = 0;
  virtual void Update(const ObjectRef& ref, const api::Value& object, const WriteOptions& options, ObjectDone done) = 0;
  virtual void Patch(const ObjectRef& ref, PatchType type, const api::Value& patch, const WriteOptions& options,
                     ObjectDone done) = 0;
  // The object as it is being deleted, or a Status.
  virtual void Delete(const ObjectRef& ref, const DeleteOptions& options, ObjectDone done) = 0;
  virtual std::unique_ptr<KubeWatch> Watch(const ObjectRef& ref, const WatchOptions& options,
                                           KubeWatchHandler* handler) = 0;
  // Any request: for discovery, /metrics and tests of the protocol. The answer is status, headers, body.
  virtual void Raw(const std::string& method, const std::string& target, const std::string& content_type,
                   const std::string& accept, std::string body,
                   Completion<api::ApiResult<transport::HttpResponse>> done) = 0;
};

// The error of a call that got no answer: code 599, which no server sends, and reason "Unreachable".
api::ApiStatus Unreachable(const Status& transport_error);
bool IsUnreachable(const api::ApiStatus& status);

// "/apis/apps/v1/namespaces/default/deployments/web/scale".
std::string PathOf(const ObjectRef& ref);

}  // namespace kp::client
