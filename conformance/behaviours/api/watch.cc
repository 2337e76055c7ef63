// Watches: every change once and in order, from where the client says.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"
#include "reference/api/json.h"
#include "reference/base/strings.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::PatchType;

namespace {

constexpr const char* kMine = "kp=watch";
constexpr std::string_view kInitialEnd = "k8s.io/initial-events-end";

Value Labelled(std::string_view name) { return WithLabels(ConfigMap(name), Obj({{"kp", "watch"}})); }

Value OfData(std::string_view value) { return Obj({{"data", Obj({{"k", value}})}}); }

Value OfLabel(const Value& value) { return Obj({{"metadata", Obj({{"labels", Obj({{"kp", value}})}})}}); }

std::string ListVersion(Context& t) {
  return t.Must(t.List(kConfigMaps), "list").At({"metadata", "resourceVersion"}).str();
}

std::string_view TypeName(client::EventType type) {
  switch (type) {
    case client::EventType::kAdded: return "ADDED";
    case client::EventType::kModified: return "MODIFIED";
    case client::EventType::kDeleted: return "DELETED";
    case client::EventType::kBookmark: return "BOOKMARK";
    case client::EventType::kError: return "ERROR";
  }
  return "";
}

// A watch that is opened again from its start when it breaks off; from the same version it then shows the
// same events.
class Stream {
 public:
  Stream(Context& t, client::WatchOptions options) : t_(t), options_(std::move(options)) { Open(); }

  // All but bookmarks.
  std::vector<WatchRecord> Changes() {
    if (watch_->ended() && watch_->end_status().code() >= 400 && !client::IsUnreachable(watch_->end_status())) {
      t_.Fail("the watch was refused: " + watch_->end_status().ToString());
    }
    if (watch_->ended()) Open();
    std::vector<WatchRecord> changes = watch_->events();
    std::erase_if(changes, [](const WatchRecord& event) { return event.type == client::EventType::kBookmark; });
    return changes;
  }

  std::vector<WatchRecord> Await(size_t count) {
    t_.Eventually("the watch shows " + std::to_string(count) + " changes", [&] { return Changes().size() >= count; });
    return Changes();
  }

  // "ADDED a, DELETED a".
  std::string Text() {
    std::string text;
    for (const WatchRecord& event : Changes()) {
      text += (text.empty() ? "" : ", ") + std::string(TypeName(event.type)) + " " + NameOf(event.object);
    }
    return text;
  }

  const std::vector<WatchRecord>& raw() const { return watch_->events(); }

 private:
  void Open() { watch_ = t_.Watch(kConfigMaps, options_); }

  Context& t_;
  client::WatchOptions options_;
  std::unique_ptr<Watcher> watch_;
};

}  // namespace

BEHAVIOUR("api/watch/delivers-each-change-once-in-order") {
  Stream stream(t, {.label_selector = kMine, .resource_version = ListVersion(t)});
  Stream second(t, {.label_selector = kMine, .resource_version = ListVersion(t)});
  std::vector<std::string> versions;
  versions.push_back(VersionOf(t.MustCreate(kConfigMaps, Labelled("a"))));
  for (int i = 0; i < 20; ++i) {
    versions.push_back(VersionOf(t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData(std::to_string(i)))));
  }
  versions.push_back(VersionOf(t.MustCreate(kConfigMaps, Labelled("b"))));
  t.MustDelete(kConfigMaps, "a");
  std::vector<WatchRecord> changes = stream.Await(versions.size() + 1);
  std::string expected = "ADDED a";
  for (int i = 0; i < 20; ++i) expected += ", MODIFIED a";
  t.ExpectEq(stream.Text(), expected + ", ADDED b, DELETED a", "the changes");
  for (size_t i = 0; i < versions.size(); ++i) t.ExpectEq(VersionOf(changes[i].object), versions[i], "a version");
  t.ExpectEq(changes.back().object.At({"data", "k"}), "19", "the deleted object's last state");
  t.Expect(ParseInt(VersionOf(changes.back().object)).value_or(0) > ParseInt(versions.back()).value_or(0),
           "DELETED carries the version of the delete");
  t.Step("nothing follows, and a second watcher saw the same");
  second.Await(versions.size() + 1);
  t.ExpectEq(second.Text(), stream.Text(), "the changes seen by the second watcher");
  t.Always(
      "no further event", [&] { return stream.Changes().size() == versions.size() + 1; }, 500ms);
}

BEHAVIOUR("api/watch/resumes-from-any-version") {
  std::vector<std::string> versions = {VersionOf(t.MustCreate(kConfigMaps, Labelled("a")))};
  for (int i = 0; i < 5; ++i) {
    versions.push_back(VersionOf(t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData(std::to_string(i)))));
  }
  for (size_t from = 0; from + 1 < versions.size(); ++from) {
    Stream stream(t, {.label_selector = kMine, .resource_version = versions[from]});
    std::vector<WatchRecord> changes = stream.Await(versions.size() - 1 - from);
    t.ExpectEq(changes.size(), versions.size() - 1 - from, "changes after version " + versions[from]);
    for (size_t i = 0; i < changes.size(); ++i) {
      t.Expect(changes[i].type == client::EventType::kModified, "it is MODIFIED");
      t.ExpectEq(VersionOf(changes[i].object), versions[from + 1 + i], "its version");
    }
  }
}

BEHAVIOUR("api/watch/without-version-starts-with-what-is-there") {
  t.MustCreate(kConfigMaps, Labelled("a"));
  t.MustCreate(kConfigMaps, Labelled("b"));
  Stream stream(t, {.label_selector = kMine});
  stream.Await(2);
  t.ExpectEq(stream.Text(), "ADDED a, ADDED b", "what is there");
  t.MustCreate(kConfigMaps, Labelled("c"));
  stream.Await(3);
  t.ExpectEq(stream.Text(), "ADDED a, ADDED b, ADDED c", "and what comes");
}

BEHAVIOUR("api/watch/bookmark-ends-the-initial-events") {
  t.MustCreate(kConfigMaps, Labelled("a"));
  Value last = t.MustCreate(kConfigMaps, Labelled("b"));
  Stream stream(t, {.label_selector = kMine, .send_initial_events = true});
  auto ended = [&] {
    stream.Changes();
    return !stream.raw().empty() && stream.raw().back().type == client::EventType::kBookmark;
  };
  t.Eventually("a bookmark after the initial events", ended);
  t.ExpectEq(stream.Text(), "ADDED a, ADDED b", "before the bookmark");
  const Value& bookmark = stream.raw().back().object;
  t.ExpectEq(bookmark["kind"], "ConfigMap", "the bookmark's kind");
  t.ExpectEq(bookmark.At({"metadata", "annotations", kInitialEnd}), "true", "the annotation initial-events-end");
  t.Expect(ParseInt(VersionOf(bookmark)).value_or(0) >= ParseInt(VersionOf(last)).value_or(1),
           "the bookmark's version covers what was sent: " + VersionOf(bookmark));
  t.Step("go on from the bookmark");
  Stream next(t, {.label_selector = kMine, .resource_version = VersionOf(bookmark)});
  t.MustCreate(kConfigMaps, Labelled("c"));
  next.Await(1);
  t.ExpectEq(next.Text(), "ADDED c", "after the bookmark");
}

BEHAVIOUR("api/watch/initial-events-need-bookmarks-and-a-match") {
  std::string path = PathTo(t, kConfigMaps) + "?watch=true&timeoutSeconds=1&sendInitialEvents=true";
  for (const char* rest : {"", "&allowWatchBookmarks=true", "&resourceVersionMatch=NotOlderThan"}) {
    Exchange answer = MustSend(t, "GET", path + rest, 422);
    t.ExpectEq(answer.body["reason"], "Invalid", "the reason");
  }
  MustSend(t, "GET", path + "&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan", 200);
}

BEHAVIOUR("api/watch/selector-shows-comers-and-goers") {
  Stream stream(t, {.label_selector = kMine, .resource_version = ListVersion(t)});
  t.MustCreate(kConfigMaps, ConfigMap("a", Obj({{"k", "0"}})));
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfLabel("watch"));
  Value in = t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData("1"));
  Value out = t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfLabel(nullptr).With("data", Obj({{"k", "2"}})));
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData("3"));
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfLabel("watch"));
  t.MustDelete(kConfigMaps, "a");
  std::vector<WatchRecord> changes = stream.Await(5);
  t.ExpectEq(stream.Text(), "ADDED a, MODIFIED a, DELETED a, ADDED a, DELETED a", "the changes");
  t.ExpectEq(VersionOf(changes[1].object), VersionOf(in), "the version of MODIFIED");
  t.ExpectEq(VersionOf(changes[2].object), VersionOf(out), "the version of the DELETED that tells of the leave");
  t.ExpectEq(changes[2].object.At({"data", "k"}), "1", "it shows the object as it last belonged");
}

BEHAVIOUR("api/watch/of-one-object-by-field-selector") {
  Stream stream(t, {.field_selector = "metadata.name=b", .resource_version = ListVersion(t)});
  t.MustCreate(kConfigMaps, ConfigMap("a"));
  t.MustCreate(kConfigMaps, ConfigMap("b"));
  t.MustDelete(kConfigMaps, "a");
  t.MustDelete(kConfigMaps, "b");
  stream.Await(2);
  t.ExpectEq(stream.Text(), "ADDED b, DELETED b", "the changes");
}

BEHAVIOUR("api/watch/ends-in-order-after-its-time") {
  std::string version = ListVersion(t);
  t.MustCreate(kConfigMaps, Labelled("a"));
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, OfData("1"));
  std::string query = "?watch=true&timeoutSeconds=1&labelSelector=kp%3Dwatch&resourceVersion=" + version;
  Exchange answer = MustSend(t, "GET", PathTo(t, kConfigMaps) + query, 200);
  t.Expect(answer.headers.Get("content-type").starts_with("application/json"), "the stream is application/json");
  std::string types;
  for (std::string_view line : Split(answer.text, '\n')) {
    if (line.empty()) continue;
    Result<Value> event = api::ParseJson(line);
    t.Expect(event.ok(), "a line is one JSON document: " + std::string(line));
    t.ExpectEq((*event)["object"]["kind"], "ConfigMap", "the kind of the object in an event");
    types += (*event)["type"].str() + " ";
  }
  t.ExpectEq(types, "ADDED MODIFIED ", "the events, one a line");
}

BEHAVIOUR("api/watch/version-that-is-no-number-is-refused") {
  // Upstream's code for it is not documented, and has been 400, 422 and 500.
  t.Once([&] {
    for (const char* query : {"?watch=true&timeoutSeconds=1&resourceVersion=x", "?resourceVersion=x"}) {
      Exchange answer = Send(t, "GET", PathTo(t, kConfigMaps) + query);
      t.Expect(answer.status >= 400, "the request is refused: " + answer.text);
      t.ExpectEq(answer.body["kind"], "Status", "the answer");
    }
  });
}

BEHAVIOUR("api/watch/as-server-sent-events") {
  std::string version = ListVersion(t);
  t.MustCreate(kConfigMaps, Labelled("a"));
  std::string query = "?watch=true&timeoutSeconds=1&labelSelector=kp%3Dwatch&resourceVersion=" + version;
  Exchange answer = MustSend(t, "GET", PathTo(t, kConfigMaps) + query, 200, {.accept = "text/event-stream"});
  t.Expect(answer.headers.Get("content-type").starts_with("text/event-stream"), "the stream is text/event-stream");
  size_t data = answer.text.find("data: ");
  t.Expect(data != std::string::npos, "there is a data line: " + answer.text);
  std::string line = answer.text.substr(data + 6, answer.text.find('\n', data) - data - 6);
  Result<Value> event = api::ParseJson(line);
  t.Expect(event.ok(), "its data is JSON: " + line);
  t.ExpectEq((*event)["type"], "ADDED", "the event's type");
  t.ExpectEq(NameOf((*event)["object"]), "a", "the event's object");
  t.Expect(answer.text.find("\n\n", data) != std::string::npos, "a blank line ends the event");
}

}  // namespace kp::conformance
