#include <algorithm>

#include "conformance/behaviour.h"
#include "conformance/behaviours/store/store.h"

namespace kp::conformance {

using client::EtcdEvent;

namespace {

// "=v1" for a put, "-" for a deletion, with its revision: what a watch must tell.
struct Change {
  int64_t revision;
  std::string what;
  bool operator==(const Change&) const = default;
};

std::vector<Change> ChangesOf(const std::vector<EtcdEvent>& events) {
  std::vector<Change> changes;
  for (const EtcdEvent& event : events) {
    changes.push_back({event.kv.mod_revision, event.is_delete ? "-" : "=" + event.kv.value});
  }
  return changes;
}

std::string ToText(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes) text += std::to_string(change.revision) + change.what + " ";
  return text;
}

}  // namespace

BEHAVIOUR("store/watch/from-a-revision-in-order-without-gaps") {
  Store store(t);
  std::vector<Change> made;
  auto change = [&](int i) {
    std::string name = "k" + std::to_string(i % 3);
    std::string value = "v" + std::to_string(i);
    bool there = store.Get(name).has_value();
    if (i % 5 == 4 && there) {
      made.push_back({store.Delete(name), "-"});
    } else {
      made.push_back({store.Put(name, value), "=" + value});
    }
  };
  for (int i = 0; i < 20; ++i) change(i);
  std::vector<Change> wanted(made.begin() + 7, made.end());
  auto watch = store.Watch({.start_revision = wanted[0].revision});
  for (int i = 20; i < 30; ++i) {
    change(i);
    wanted.push_back(made.back());
  }
  t.Eventually("the watch has told as much", [&] { return watch->events().size() >= wanted.size(); });
  std::vector<Change> told = ChangesOf(watch->events());
  t.Expect(told == wanted, "told as it was done: " + ToText(wanted) + "; told: " + ToText(told));
}

BEHAVIOUR("store/watch/tells-the-former-value") {
  Store store(t);
  auto watch = store.Watch({.prev_kv = true});
  store.Put("a", "1");
  store.Put("a", "2");
  store.Delete("a");
  t.Eventually("three events came", [&] { return watch->events().size() == 3; });
  const std::vector<EtcdEvent>& events = watch->events();
  t.Expect(!events[0].previous.has_value(), "a creation has no former value");
  t.Expect(events[1].previous && events[1].previous->value == "1", "a change tells the value before");
  t.Expect(events[2].is_delete && events[2].previous && events[2].previous->value == "2",
           "a deletion tells the last value");
}

BEHAVIOUR("store/watch/tells-a-revision-in-one-piece") {
  Store store(t);
  for (const char* name : {"a", "b", "c", "d"}) store.Put(name, "1");
  auto watch = store.Watch();
  int64_t revision = store.Delete("a", "d");
  t.Eventually("the deletions came", [&] { return watch->events().size() >= 3; });
  t.ExpectEq(watch->events().size(), size_t{3}, "number of events");
  for (const EtcdEvent& event : watch->events()) t.ExpectEq(event.kv.mod_revision, revision, "revision of each");
  t.ExpectEq(watch->pieces().at(revision), size_t{1}, "number of pieces");
}

BEHAVIOUR("store/watch/progress-means-all-before-was-told") {
  Store store(t);
  auto watch = store.Watch();
  for (int i = 0; i < 5; ++i) {
    // One before the write too: it must not reach the write's revision.
    const int64_t before = store.Revision();
    t.Eventually("a notice of what there is", [&] {
      if (watch->progress() < before) watch->RequestProgress();
      return watch->progress() >= before;
    });
    int64_t revision = store.Put("a", std::to_string(i));
    // A notice may be late, never early.
    t.Eventually("a notice reaches the revision", [&] {
      if (watch->progress() < revision) watch->RequestProgress();
      return watch->progress() >= revision;
    });
    t.Expect(watch->events_before_progress() >= static_cast<size_t>(i) + 1,
             "the event of revision " + std::to_string(revision) + " came before the notice");
  }
}

BEHAVIOUR("store/watch/keeps-to-its-range") {
  Store store(t);
  auto watch = store.Watch({.key = store.Key("b"), .range_end = store.Key("d")});
  auto one = store.Watch({.key = store.Key("b")});
  for (const char* name : {"a", "b", "bb", "c", "d"}) store.Put(name, name);
  t.Eventually("three keys lie in the range", [&] { return watch->events().size() == 3 && one->events().size() == 1; });
  t.Always(
      "and no more", [&] { return watch->events().size() == 3 && one->events().size() == 1; }, 300ms);
  t.ExpectEq(one->events()[0].kv.value, "b", "the one key");
}

}  // namespace kp::conformance
