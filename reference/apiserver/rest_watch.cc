#include <algorithm>

#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;

namespace {

// Watches that name no time live between these, so that they do not all end together.
constexpr int64_t kMinTimeoutSeconds = 1800;

ApiStatus CheckInitialEvents(const transport::HttpRequest& request) {
  const std::string_view asked = request.Query("sendInitialEvents");
  const std::string_view match = request.Query("resourceVersionMatch");
  api::FieldCauses causes;
  if (asked.empty() && !match.empty()) {
    causes.push_back(api::ForbiddenCause(
        "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  }
  if (!asked.empty() && match != "NotOlderThan") {
    causes.push_back(api::ForbiddenCause("resourceVersionMatch",
                                         "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (QueryFlag(request, "sendInitialEvents") && !QueryFlag(request, "allowWatchBookmarks")) {
    causes.push_back(
        api::ForbiddenCause("allowWatchBookmarks", "sendInitialEvents requires allowWatchBookmarks to be set"));
  }
  if (causes.empty()) return {};
  return ApiStatus::Invalid("meta.k8s.io", "ListOptions", "", std::move(causes));
}

}  // namespace

void Rest::Watch(const SharedCall& call) {
  const transport::HttpRequest& http = call->request;
  ApiResult<Selection> selection = Selection::Parse(*call->kind, call->info.ns, http);
  if (!selection.ok()) return call->Answer(selection.error());
  if (!call->info.name.empty()) {
    selection->fields = *api::FieldSelector::Parse("metadata.name=" + call->info.name);
  }
  if (http.Query("fieldSelector").starts_with("metadata.name=") && KP_MUTANT("watch-of-one-shows-all")) {
    selection->fields = {};
  }
  if (ApiStatus status = CheckInitialEvents(http); !status.ok()) return call->Answer(status);
  ApiResult<int64_t> revision = ParseResourceVersion(http.Query("resourceVersion"));
  if (!revision.ok()) return call->Answer(revision.error());
  WatchRequest request{.selection = *selection, .form = call->form, .revision = *revision};
  request.bookmarks = QueryFlag(http, "allowWatchBookmarks");
  request.mark_initial_end = QueryFlag(http, "sendInitialEvents");
  const std::optional<int64_t> seconds = ParseInt(http.Query("timeoutSeconds"));
  request.timeout = std::chrono::seconds(
      seconds && *seconds > 0 ? *seconds : random_.Between(kMinTimeoutSeconds, 2 * kMinTimeoutSeconds));
  request.form.include = http.HasQuery("includeObject") ? std::string(http.Query("includeObject")) : "Metadata";
  // false: the changes alone, whatever the version.
  const bool no_initial = !http.Query("sendInitialEvents").empty() && !request.mark_initial_end;
  if (*revision > 0 && !request.mark_initial_end) return StartWatch(call, std::move(request));
  ListOptions options{.revision = *revision};
  if (http.Query("resourceVersion") == "0")
    options.freshness = Freshness::kAny;
  else if (*revision > 0)
    options.freshness = Freshness::kNotOlderThan;
  lister_.List(request.selection, options,
               alive_.Wrap([this, call, request, no_initial](ApiResult<ListPage> page) mutable {
                 if (!page.ok()) return call->Answer(page.error());
                 request.revision = page->revision;
                 if (!no_initial && !KP_MUTANT("apiserver-watch-hides-the-present"))
                   request.initial = std::move(page->items);
                 StartWatch(call, std::move(request));
               }));
}

void Rest::StartWatch(const SharedCall& call, WatchRequest request) {
  const uint64_t id = ++last_watch_;
  WatchCache& cache = storage_.Cache(*call->kind);
  auto end = alive_.Wrap([this, id] { watches_.erase(id); });
  auto stream = std::make_unique<WatchStream>(env_, cache, std::move(request), call->responder, std::move(end));
  WatchStream* started = stream.get();
  watches_[id] = std::move(stream);
  if (call->on_answered) std::exchange(call->on_answered, nullptr)(200);
  started->Start();
}

}  // namespace kp::apiserver
