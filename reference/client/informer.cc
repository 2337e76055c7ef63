#include "reference/client/informer.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::client {
namespace {

int64_t VersionOf(const api::Value& object) {
  return ParseInt(object.At({"metadata", "resourceVersion"}).AsString()).value_or(0);
}

}  // namespace

Informer::Informer(runtime::Env& env, KubeClient& client, Resource resource, InformerOptions options)
    : env_(env),
      client_(client),
      resource_(std::move(resource)),
      options_(std::move(options)),
      random_(env.random().Fork("informer/" + resource_.plural)),
      retry_(env) {}

Informer::~Informer() = default;

void Informer::Start() {
  // Version 0 asks for what the server's cache holds: cheap, and the watch brings what is newer.
  List("0");
}

const api::Value& Informer::Get(std::string_view key) const {
  static const auto* null = new api::Value();
  auto found = objects_.find(key);
  return found == objects_.end() ? *null : found->second;
}

void Informer::List(std::string resource_version) {
  ++lists_;
  ListOptions list;
  list.label_selector = options_.label_selector;
  list.field_selector = options_.field_selector;
  list.resource_version = std::move(resource_version);
  client_.List({resource_, options_.ns, "", ""}, list,
               alive_.Wrap([this](api::ApiResult<api::Value> result) { OnList(std::move(result)); }));
}

void Informer::OnList(api::ApiResult<api::Value> result) {
  if (!result.ok()) {
    env_.Log(runtime::Severity::kDebug, "informer", resource_.plural + ": list: " + result.error().ToString());
    return Retry(true);
  }
  int64_t version = VersionOf(*result);
  if (version < version_) {
    // An apiserver that lags behind the one we knew: going back would show deleted objects again.
    return Retry(true);
  }
  relist_ = false;
  backoff_ = Duration(0);
  Objects listed;
  std::string api_version = (*result)["apiVersion"].str();
  std::string kind = (*result)["kind"].str();
  if (kind.ends_with("List")) kind.resize(kind.size() - 4);
  for (const api::Value& item : (*result)["items"].items()) {
    api::Value object = item;
    // Items of a list may leave these out.
    if (!object.Has("kind")) object = object.With("apiVersion", api_version).With("kind", kind);
    listed.emplace(KeyOf(object), object);
  }
  std::vector<std::string> gone;
  for (const auto& [key, object] : objects_) {
    if (!listed.contains(key)) gone.push_back(key);
  }
  for (const std::string& key : gone) {
    if (!KP_MUTANT("informer-keeps-what-is-gone")) Apply(key, api::Value());
  }
  for (auto& [key, object] : listed) {
    const api::Value& known = Get(key);
    if (known.is_null() || VersionOf(known) != VersionOf(object)) Apply(key, object);
  }
  synced_ = true;
  Progressed(version);
  Watch();
}

void Informer::Watch() {
  WatchOptions watch;
  watch.label_selector = options_.label_selector;
  watch.field_selector = options_.field_selector;
  watch.resource_version = std::to_string(version_);
  // Spread, so that the watches of many clients do not end together.
  watch.timeout_seconds = random_.Between(300, 600);
  watch_ = client_.Watch({resource_, options_.ns, "", ""}, watch, this);
  for (auto& connection : connection_) connection(true);
}

void Informer::OnEvent(EventType type, api::Value object) {
  if (type == EventType::kError) {
    // 410: our version was compacted away. Anything else: the same remedy is safe.
    relist_ = true;
    return;
  }
  backoff_ = Duration(0);
  int64_t version = VersionOf(object);
  if (type == EventType::kBookmark) return Progressed(version);
  std::string key = KeyOf(object);
  Apply(key, type == EventType::kDeleted ? api::Value() : std::move(object));
  Progressed(version);
}

void Informer::OnEnd(const api::ApiStatus& status) {
  watch_.reset();
  for (auto& connection : connection_) connection(false);
  if (!status.ok()) {
    env_.Log(runtime::Severity::kDebug, "informer", resource_.plural + ": watch: " + status.ToString());
    if (status.code() == 410) relist_ = true;
  }
  Retry(relist_);
}

void Informer::Retry(bool relist) {
  relist_ = relist;
  Duration wait = backoff_ + Duration(random_.Below(static_cast<uint64_t>(options_.min_backoff.count())));
  backoff_ = std::min(std::max(backoff_ * 2, options_.min_backoff), options_.max_backoff);
  retry_.Start(wait, [this] {
    if (relist_) {
      // Not older than what was seen; after an expiry, the newest.
      List(synced_ ? "" : "0");
    } else {
      Watch();
    }
  });
}

void Informer::Apply(const std::string& key, api::Value now) {
  auto at = objects_.find(key);
  api::Value old = at == objects_.end() ? api::Value() : at->second;
  if (old.is_null() && now.is_null()) return;
  if (now.is_null()) {
    objects_.erase(at);
  } else if (at == objects_.end()) {
    objects_.emplace(key, now);
  } else {
    at->second = now;
  }
  for (auto& handler : handlers_) handler(old, now);
}

void Informer::Progressed(int64_t version) {
  version_ = std::max(version_, version);
  for (auto& progress : progress_) progress();
}

}  // namespace kp::client
