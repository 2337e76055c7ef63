// Versions of the past: how far back the server remembers, and how watches learn of the present.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"
#include "reference/base/strings.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::PatchType;

namespace {

Value OfData(std::string_view value) { return Obj({{"data", Obj({{"k", value}})}}); }

// Makes the store forget all before its present.
void CompactStore(Context& t) {
  int64_t now = ParseInt(VersionOf(t.Must(t.List(kConfigMaps), "list"))).value_or(0);
  auto store = t.cluster().StoreClient();
  if (!store.ok()) t.NotApplicable("the store cannot be reached: " + store.status().message());
  auto compacted = std::make_shared<std::optional<Status>>();
  (*store)->Compact(now, [compacted](const Status& status) { *compacted = status; });
  t.Eventually("the store is compacted", [&] { return compacted->has_value(); });
  t.Expect((*compacted)->ok(), "the compaction succeeds: " + (*compacted)->ToString());
}

}  // namespace

BEHAVIOUR("api/list/forgotten-versions-are-410") {
  Value old = t.MustCreate(kConfigMaps, ConfigMap("a", Obj({{"k", "1"}})));
  t.MustCreate(kConfigMaps, ConfigMap("b"));
  Value page = t.Must(t.List(kConfigMaps, {.limit = 1}), "first page");
  std::string token = page.At({"metadata", "continue"}).str();
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData("2"));
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData("3"));
  CompactStore(t);
  client::ListOptions exact{.resource_version = VersionOf(old), .resource_version_match = "Exact"};
  t.ExpectError(t.List(kConfigMaps, exact), 410, "Expired");
  t.Step("go on with a page of a version that is forgotten");
  client::ListOptions next{.limit = 1, .continue_token = token};
  api::ApiStatus status = t.MustFail(t.List(kConfigMaps, next), 410, "Expired");
  t.Expect(!status.continue_token().empty(), "the answer has a token for going on inconsistently");
  next.continue_token = status.continue_token();
  Value rest = t.Must(t.List(kConfigMaps, next), "go on with that token");
  t.Expect(rest["items"].size() == 1 && NameOf(rest["items"][0]) != NameOf(page["items"][0]),
           "it goes on behind the page before");
}

BEHAVIOUR("api/watch/forgotten-version-is-410-in-the-stream") {
  Value old = t.MustCreate(kConfigMaps, ConfigMap("a", Obj({{"k", "1"}})));
  for (const char* value : {"2", "3"}) t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData(value));
  CompactStore(t);
  // A server that was there keeps the latest changes in memory; one that starts anew knows what the store knows.
  fixtures::FaultPort* faults = t.cluster().faults();
  if (faults == nullptr) t.NotApplicable("the server cannot be started anew");
  t.Step("start the API server anew");
  t.Expect(faults->Kill("apiserver-0").ok() && faults->Restart("apiserver-0").ok(), "the API server starts anew");
  t.Eventually("it answers", [&] { return t.List(kConfigMaps).ok(); });
  auto watch = t.Watch(kConfigMaps, {.resource_version = VersionOf(old)});
  t.Eventually("the watch tells of an error", [&] { return !watch->events().empty(); });
  const WatchRecord& event = watch->events().front();
  t.Expect(event.type == client::EventType::kError, "the event is ERROR");
  api::ApiStatus status = api::ApiStatus::FromValue(event.object);
  t.ExpectEq(status.code(), 410, "its code");
  t.ExpectEq(status.reason(), "Expired", "its reason");
  t.Eventually("the stream ends", [&] { return watch->ended(); });
}

BEHAVIOUR("api/watch/bookmarks-cover-what-was-sent-and-no-more") {
  std::string version = VersionOf(t.Must(t.List(kConfigMaps), "list"));
  auto watch = t.Watch(kConfigMaps, {.resource_version = version});
  Value first = t.MustCreate(kConfigMaps, ConfigMap("a"));
  Value bookmark;
  t.Eventually(
      "a bookmark comes",
      [&] {
        if (watch->ended()) watch = t.Watch(kConfigMaps, {.resource_version = version});
        for (const WatchRecord& event : watch->events()) {
          if (event.type == client::EventType::kBookmark) bookmark = event.object;
        }
        return !bookmark.is_null();
      },
      120s);
  t.ExpectEq(bookmark["kind"], "ConfigMap", "the bookmark's kind");
  t.Expect(NameOf(bookmark).empty() && !bookmark.Has("data"), "it carries nothing but its version");
  t.Expect(ParseInt(VersionOf(bookmark)).value_or(0) >= ParseInt(VersionOf(first)).value_or(1),
           "its version covers the change that was sent: " + VersionOf(bookmark));
  auto next = t.Watch(kConfigMaps, {.resource_version = VersionOf(bookmark)});
  t.MustCreate(kConfigMaps, ConfigMap("b"));
  t.Eventually("a watch from the bookmark tells of the next change", [&] {
    if (next->ended()) next = t.Watch(kConfigMaps, {.resource_version = VersionOf(bookmark)});
    for (const WatchRecord& event : next->events()) {
      if (event.type != client::EventType::kBookmark) return NameOf(event.object) == "b";
    }
    return false;
  });
}

}  // namespace kp::conformance
