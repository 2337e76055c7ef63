#include "reference/client/kube.h"

#include "reference/api/json.h"
#include "reference/base/strings.h"
#include "reference/transport/http.h"

namespace kp::client {
namespace {

using api::ApiResult;
using api::ApiStatus;
using api::Value;
using transport::Headers;
using transport::HttpClientRequest;
using transport::HttpResponse;

// Appends "?a=b&c=d" with what is set.
class Query {
 public:
  void Add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += text_.empty() ? "?" : "&";
    text_ += name;
    text_ += "=";
    text_ += PercentEncode(value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string_view ContentTypeOf(PatchType type) {
  switch (type) {
    case PatchType::kJson: return "application/json-patch+json";
    case PatchType::kMerge: return "application/merge-patch+json";
    case PatchType::kStrategic: return "application/strategic-merge-patch+json";
    case PatchType::kApply: return "application/apply-patch+yaml";
  }
  return "";
}

Query QueryOf(const ListOptions& options) {
  Query query;
  query.Add("labelSelector", options.label_selector);
  query.Add("fieldSelector", options.field_selector);
  query.Add("resourceVersion", options.resource_version);
  query.Add("resourceVersionMatch", options.resource_version_match);
  if (options.limit > 0) query.Add("limit", std::to_string(options.limit));
  query.Add("continue", options.continue_token);
  return query;
}

Query QueryOf(const WatchOptions& options) {
  Query query;
  query.Add("watch", "true");
  query.Add("labelSelector", options.label_selector);
  query.Add("fieldSelector", options.field_selector);
  query.Add("resourceVersion", options.resource_version);
  if (options.allow_bookmarks) query.Add("allowWatchBookmarks", "true");
  if (options.send_initial_events) {
    query.Add("sendInitialEvents", "true");
    query.Add("resourceVersionMatch", "NotOlderThan");
  }
  if (options.timeout_seconds > 0) query.Add("timeoutSeconds", std::to_string(options.timeout_seconds));
  return query;
}

Query QueryOf(const WriteOptions& options) {
  Query query;
  if (options.dry_run) query.Add("dryRun", "All");
  query.Add("fieldManager", options.field_manager);
  query.Add("fieldValidation", options.field_validation);
  return query;
}

Value BodyOf(const DeleteOptions& options) {
  Value body = api::Obj({{"apiVersion", "v1"}, {"kind", "DeleteOptions"}});
  switch (options.propagation) {
    case Propagation::kDefault: break;
    case Propagation::kBackground: body = body.With("propagationPolicy", "Background"); break;
    case Propagation::kForeground: body = body.With("propagationPolicy", "Foreground"); break;
    case Propagation::kOrphan: body = body.With("propagationPolicy", "Orphan"); break;
  }
  if (options.grace_period_seconds >= 0) body = body.With("gracePeriodSeconds", options.grace_period_seconds);
  if (!options.precondition_uid.empty()) {
    body = body.With({"preconditions", "uid"}, options.precondition_uid);
  }
  if (!options.precondition_resource_version.empty()) {
    body = body.With({"preconditions", "resourceVersion"}, options.precondition_resource_version);
  }
  return body;
}

ApiStatus StatusOf(int code, const std::string& body) {
  Result<Value> parsed = api::ParseJson(body);
  if (parsed.ok() && (*parsed)["kind"].AsString() == "Status") return ApiStatus::FromValue(*parsed);
  return ApiStatus::FromHttp(code, body);
}

ApiResult<Value> ObjectOf(const Result<HttpResponse>& response) {
  if (!response.ok()) return Unreachable(response.status());
  if (response->status >= 400) return StatusOf(response->status, response->body);
  Result<Value> parsed = api::ParseJson(response->body);
  if (!parsed.ok()) return Unreachable(Status(Code::kDataLoss, "answer is no JSON: " + parsed.status().message()));
  return *parsed;
}

EventType EventTypeOf(std::string_view name) {
  if (name == "ADDED") return EventType::kAdded;
  if (name == "MODIFIED") return EventType::kModified;
  if (name == "DELETED") return EventType::kDeleted;
  if (name == "BOOKMARK") return EventType::kBookmark;
  return EventType::kError;
}

// Cuts the stream into lines, one event each.
class WatchCall : public KubeWatch, private transport::HttpStreamHandler {
 public:
  explicit WatchCall(KubeWatchHandler* handler) : handler_(handler) {}

  void Open(transport::HttpClient& client, HttpClientRequest request) {
    call_ = client.Stream(std::move(request), this);
  }

 private:
  void OnHeaders(int status, const Headers&) override { status_ = status; }

  void OnData(std::string_view bytes) override {
    buffer_ += bytes;
    if (status_ != 200) return;
    // The handler may destroy this watch in the middle of a batch.
    std::weak_ptr<char> alive = token_;
    size_t start = 0;
    for (;;) {
      size_t end = buffer_.find('\n', start);
      if (end == std::string::npos) break;
      Result<Value> event = api::ParseJson(std::string_view(buffer_).substr(start, end - start));
      start = end + 1;
      if (!event.ok()) continue;
      handler_->OnEvent(EventTypeOf((*event)["type"].AsString()), (*event)["object"]);
      if (alive.expired()) return;
    }
    buffer_.erase(0, start);
  }

  void OnEnd(const Status& status) override {
    if (!status.ok()) return handler_->OnEnd(Unreachable(status));
    if (status_ >= 400) return handler_->OnEnd(StatusOf(status_, buffer_));
    handler_->OnEnd(ApiStatus());
  }

  KubeWatchHandler* handler_;
  std::string buffer_;
  int status_ = 0;
  std::shared_ptr<char> token_ = std::make_shared<char>();
  std::unique_ptr<transport::HttpCall> call_;
};

class HttpKubeClient : public KubeClient {
 public:
  HttpKubeClient(std::unique_ptr<transport::HttpClient> http, const KubeClientOptions& options)
      : http_(std::move(http)),
        token_(options.bearer_token),
        user_(options.impersonate_user),
        groups_(options.impersonate_groups),
        timeout_(options.timeout) {}

  void Get(const ObjectRef& ref, ObjectDone done) override { Call("GET", PathOf(ref), "", "", std::move(done)); }

  void List(const ObjectRef& ref, const ListOptions& options, ObjectDone done) override {
    Call("GET", PathOf(ref) + QueryOf(options).text(), "", "", std::move(done));
  }

  void Create(const ObjectRef& ref, const Value& object, const WriteOptions& options, ObjectDone done) override {
    Call("POST", PathOf(ref) + QueryOf(options).text(), "application/json", api::ToJson(object), std::move(done));
  }

  void Update(const ObjectRef& ref, const Value& object, const WriteOptions& options, ObjectDone done) override {
    Call("PUT", PathOf(ref) + QueryOf(options).text(), "application/json", api::ToJson(object), std::move(done));
  }

  void Patch(const ObjectRef& ref, PatchType type, const Value& patch, const WriteOptions& options,
             ObjectDone done) override {
    Call("PATCH", PathOf(ref) + QueryOf(options).text(), ContentTypeOf(type), api::ToJson(patch), std::move(done));
  }

  void Delete(const ObjectRef& ref, const DeleteOptions& options, ObjectDone done) override {
    Call("DELETE", PathOf(ref), "application/json", api::ToJson(BodyOf(options)), std::move(done));
  }

  std::unique_ptr<KubeWatch> Watch(const ObjectRef& ref, const WatchOptions& options,
                                   KubeWatchHandler* handler) override {
    auto watch = std::make_unique<WatchCall>(handler);
    watch->Open(*http_, MakeRequest("GET", PathOf(ref) + QueryOf(options).text(), "", "application/json", ""));
    return watch;
  }

  void Raw(const std::string& method, const std::string& target, const std::string& content_type,
           const std::string& accept, std::string body, Completion<ApiResult<HttpResponse>> done) override {
    http_->Send(MakeRequest(method, target, content_type, accept, std::move(body)),
                [done = std::move(done)](Result<HttpResponse> response) {
                  if (response.ok()) return done(std::move(*response));
                  done(Unreachable(response.status()));
                });
  }

 private:
  HttpClientRequest MakeRequest(std::string method, std::string target, std::string_view content_type,
                                std::string_view accept, std::string body) {
    HttpClientRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    request.timeout = timeout_;
    if (!accept.empty()) request.headers.Add("accept", std::string(accept));
    if (!content_type.empty()) request.headers.Add("content-type", std::string(content_type));
    if (!token_.empty()) request.headers.Add("authorization", "Bearer " + token_);
    if (!user_.empty()) request.headers.Add("impersonate-user", user_);
    for (const std::string& group : groups_) request.headers.Add("impersonate-group", group);
    return request;
  }

  void Call(std::string method, std::string target, std::string_view content_type, std::string body, ObjectDone done) {
    http_->Send(MakeRequest(std::move(method), std::move(target), content_type, "application/json", std::move(body)),
                [done = std::move(done)](Result<HttpResponse> response) { done(ObjectOf(response)); });
  }

  std::unique_ptr<transport::HttpClient> http_;
  std::string token_;
  std::string user_;
  std::vector<std::string> groups_;
  Duration timeout_;
};

}  // namespace

Result<std::unique_ptr<KubeClient>> KubeClient::Create(runtime::Env& env, const KubeClientOptions& options) {
  transport::HttpClientOptions http;
  http.endpoints = options.servers;
  http.tls = options.tls;
  http.http2 = options.http2;
  http.user_agent = options.user_agent;
  if (http.tls.alpn.empty())
    http.tls.alpn = http.http2 ? std::vector<std::string>{"h2", "http/1.1"} : std::vector<std::string>{"http/1.1"};
  auto client = transport::HttpClient::Create(env, http);
  if (!client.ok()) return client.status();
  return std::unique_ptr<KubeClient>(new HttpKubeClient(std::move(*client), options));
}

ApiStatus Unreachable(const Status& transport_error) {
  return ApiStatus(599, "Unreachable", transport_error.ToString());
}

bool IsUnreachable(const ApiStatus& status) { return status.reason() == "Unreachable"; }

std::string PathOf(const ObjectRef& ref) {
  std::string path = ref.resource.group.empty() ? "/api/" + ref.resource.version
                                                : "/apis/" + ref.resource.group + "/" + ref.resource.version;
  if (ref.resource.namespaced && !ref.ns.empty()) path += "/namespaces/" + PercentEncode(ref.ns);
  path += "/" + ref.resource.plural;
  if (!ref.name.empty()) path += "/" + PercentEncode(ref.name);
  if (!ref.subresource.empty()) path += "/" + ref.subresource;
  return path;
}

}  // namespace kp::client
