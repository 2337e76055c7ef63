// Lists: pages, versions, selectors.
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"
#include "reference/base/strings.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kPods;
using client::PatchType;

namespace {

const std::string kMine = "kp=list";

Value Labelled(std::string_view name, const Value& labels = Value::EmptyObject()) {
  return WithLabels(ConfigMap(name), labels.With("kp", "list"));
}

std::string ListVersion(const Value& list) { return list.At({"metadata", "resourceVersion"}).str(); }

std::vector<Value> ItemsOf(const Value& list) {
  return std::vector<Value>(list["items"].items().begin(), list["items"].items().end());
}

std::string Selected(Context& t, const std::string& selector) {
  std::string names = NamesOf(t.MustList(kConfigMaps, {.label_selector = selector}));
  std::erase(names, ' ');
  return names;
}

}  // namespace

BEHAVIOUR("api/list/shows-every-acknowledged-write") {
  std::string expected;
  for (char c = 'a'; c <= 'h'; ++c) {
    if (t.UnderFaults()) t.Sleep(500ms);  // until something has failed
    t.MustCreate(kConfigMaps, Labelled(std::string(1, c)));
    expected += c;
    t.ExpectEq(Selected(t, kMine), expected, "the list right after the create");
  }
  t.MustDelete(kConfigMaps, "a");
  t.ExpectEq(Selected(t, kMine), expected.substr(1), "the list right after the delete");
}

BEHAVIOUR("api/list/is-of-its-kind-and-namespace") {
  t.MustCreate(kConfigMaps, Labelled("a"));
  Value list = t.Must(t.List(kConfigMaps), "list");
  t.ExpectEq(list["kind"], "ConfigMapList", "the list's kind");
  t.ExpectEq(list["apiVersion"], "v1", "the list's version");
  t.Expect(ParseInt(ListVersion(list)).value_or(0) > 0, "the list has a resourceVersion");
  for (const Value& item : ItemsOf(list)) t.ExpectEq(item.At({"metadata", "namespace"}), t.ns(), "namespace");
  Value everywhere = t.Must(t.ListAt({kConfigMaps, "", "", ""}, {.label_selector = kMine}), "list all namespaces");
  bool seen = false;
  for (const Value& item : ItemsOf(everywhere)) seen |= item.At({"metadata", "namespace"}).AsString() == t.ns();
  t.Expect(seen, "the list of all namespaces shows this one's object");
  t.Expect(t.Must(t.List(client::kLeases), "list of nothing")["items"].is_array(), "an empty list has items: []");
}

BEHAVIOUR("api/list/pages-show-one-state-of-the-store") {
  // Nothing may come between the whole list and the first page.
  t.EventuallyObject(kConfigMaps, "kube-root-ca.crt", "the namespace has its own map",
                     [](const Value&) { return true; });
  for (char c = 'a'; c <= 'g'; ++c) t.MustCreate(kConfigMaps, ConfigMap("m-" + std::string(1, c)));
  Value whole = t.Must(t.List(kConfigMaps), "list");
  size_t total = whole["items"].size();
  Value page = t.Must(t.List(kConfigMaps, {.limit = 3}), "first page");
  std::string version = ListVersion(page);
  t.Step("write between the pages");
  t.MustDelete(kConfigMaps, "m-g");
  t.MustCreate(kConfigMaps, ConfigMap("m-f2"));
  std::vector<Value> seen = ItemsOf(page);
  for (int pages = 1; !page.At({"metadata", "continue"}).empty(); ++pages) {
    t.Expect(pages < 20, "the pages come to an end");
    t.ExpectEq(page["items"].size(), size_t{3}, "objects on a full page");
    t.ExpectEq(page.At({"metadata", "remainingItemCount"}), total - seen.size(), "remainingItemCount");
    std::string token = page.At({"metadata", "continue"}).str();
    page = t.Must(t.List(kConfigMaps, {.limit = 3, .continue_token = token}), "next page");
    t.ExpectEq(ListVersion(page), version, "resourceVersion of the next page");
    for (const Value& item : ItemsOf(page)) seen.push_back(item);
  }
  t.Expect(page.At({"metadata", "remainingItemCount"}).is_null(), "nothing remains after the last page");
  t.ExpectEq(NamesOf(seen), NamesOf(ItemsOf(whole)), "names over all pages");
}

BEHAVIOUR("api/list/invalid-continue-is-400") {
  t.ExpectError(t.List(kConfigMaps, {.limit = 1, .continue_token = "no-token"}), 400, "BadRequest");
}

BEHAVIOUR("api/list/exact-version-shows-the-past") {
  Value made = t.MustCreate(kConfigMaps, Labelled("a").With("data", Obj({{"k", "old"}})));
  t.MustPatch(kConfigMaps, "a", PatchType::kMerge, Obj({{"data", Obj({{"k", "new"}})}}));
  t.MustCreate(kConfigMaps, Labelled("b"));
  std::vector<Value> past = t.MustList(
      kConfigMaps, {.label_selector = kMine, .resource_version = VersionOf(made), .resource_version_match = "Exact"});
  t.ExpectEq(NamesOf(past), "a", "names at the version of the first create");
  t.ExpectEq(past[0].At({"data", "k"}), "old", "data at that version");
  Value recent = t.Must(
      t.List(kConfigMaps,
             {.label_selector = kMine, .resource_version = VersionOf(made), .resource_version_match = "NotOlderThan"}),
      "list not older than the first create");
  t.Expect(ParseInt(ListVersion(recent)).value_or(0) >= ParseInt(VersionOf(made)).value_or(1),
           "the list is not older than asked: " + ListVersion(recent));
  t.MustList(kConfigMaps, {.resource_version = "0"});
}

BEHAVIOUR("api/list/version-of-the-future-is-504") {
  int64_t now = ParseInt(ListVersion(t.Must(t.List(kConfigMaps), "list"))).value_or(0);
  t.Once([&] {
    auto answer = t.List(kConfigMaps, {.resource_version = std::to_string(now + 1'000'000)});
    api::ApiStatus status = t.MustFail(answer, 504, "Timeout", "Too large resource version");
    t.Expect(status.HasCause("ResourceVersionTooLarge"), "cause ResourceVersionTooLarge: " + status.ToString());
    t.ExpectEq(status.retry_after_seconds(), 1, "retryAfterSeconds");
  });
}

BEHAVIOUR("api/list/impossible-versions-are-refused") {
  ExpectCause(t, t.MustFail(t.List(kConfigMaps, {.resource_version_match = "Exact"}), 422, "Invalid"),
              "resourceVersionMatch", "FieldValueForbidden");
  ExpectCause(
      t, t.MustFail(t.List(kConfigMaps, {.resource_version = "5", .resource_version_match = "Newest"}), 422, "Invalid"),
      "resourceVersionMatch", "FieldValueNotSupported");
  ExpectCause(
      t, t.MustFail(t.List(kConfigMaps, {.resource_version = "0", .resource_version_match = "Exact"}), 422, "Invalid"),
      "resourceVersionMatch", "FieldValueForbidden");
}

BEHAVIOUR("api/selector/label-requirements") {
  t.MustCreate(kConfigMaps, Labelled("a", Obj({{"env", "prod"}, {"tier", "web"}})));
  t.MustCreate(kConfigMaps, Labelled("b", Obj({{"env", "prod"}})));
  t.MustCreate(kConfigMaps, Labelled("c", Obj({{"env", "test"}, {"tier", "db"}})));
  t.MustCreate(kConfigMaps, Labelled("d"));
  struct Row {
    const char* selector;
    const char* names;
  };
  for (const Row& row : std::initializer_list<Row>{{"env=prod", "ab"},
                                                   {"env==prod", "ab"},
                                                   {"env!=prod", "cd"},
                                                   {"env in (prod,test)", "abc"},
                                                   {"env notin (prod)", "cd"},
                                                   {"tier", "ac"},
                                                   {"!tier", "bd"},
                                                   {"env=prod,!tier", "b"},
                                                   {"env=prod,env=test", ""}}) {
    t.ExpectEq(Selected(t, kMine + "," + row.selector), row.names, row.selector);
  }
  for (const char* wrong : {"env in prod", "=x", "a b", "env in (a", "kp=list,,"}) {
    t.ExpectError(t.List(kConfigMaps, {.label_selector = wrong}), 400, "BadRequest");
  }
}

BEHAVIOUR("api/selector/fields") {
  t.MustCreate(kConfigMaps, Labelled("a"));
  t.MustCreate(kConfigMaps, Labelled("b"));
  auto names = [&](const std::string& fields) {
    return NamesOf(t.MustList(kConfigMaps, {.label_selector = kMine, .field_selector = fields}));
  };
  t.ExpectEq(names("metadata.name=a"), "a", "metadata.name=a");
  t.ExpectEq(names("metadata.name!=a"), "b", "metadata.name!=a");
  t.ExpectEq(names("metadata.name=a,metadata.namespace=" + t.ns()), "a", "name and namespace");
  t.ExpectEq(names("metadata.namespace=elsewhere"), "", "another namespace");
  Value pod = Pod("p", Obj({{"kp", "list"}})).With({"spec", "nodeSelector"}, Obj({{"no", "node"}}));
  t.MustCreate(kPods, pod);
  auto pods = [&](const std::string& fields) { return NamesOf(t.MustList(kPods, {.field_selector = fields})); };
  t.ExpectEq(pods("status.phase=Pending,spec.restartPolicy=Always,spec.nodeName="), "p", "fields of pods");
  t.ExpectEq(pods("status.phase!=Pending"), "", "no other phase");
}

BEHAVIOUR("api/selector/unknown-field-is-400") {
  t.MustCreate(kConfigMaps, ConfigMap("a", Obj({{"k", "v"}})));
  t.ExpectError(t.List(kConfigMaps, {.field_selector = "data.k=v"}), 400, "BadRequest");
  t.ExpectError(t.List(kPods, {.field_selector = "spec.containers=x"}), 400, "BadRequest");
  t.ExpectError(t.List(kConfigMaps, {.field_selector = "metadata.name"}), 400, "BadRequest");
}

}  // namespace kp::conformance
