// What several members promise together.
#include <map>

#include "conformance/behaviour.h"
#include "conformance/behaviours/store/store.h"

namespace kp::conformance {

namespace {

constexpr int kMembers = 3;

std::string Member(int i) { return "store-" + std::to_string(i); }

// Values that were acknowledged, and those whose outcome is not known.
struct Written {
  std::map<std::string, std::string> acknowledged;
  int unknown = 0;
};

// Puts keys until `count` were acknowledged. A put without answer may or may not have been done.
void Write(Context& t, Store& store, const std::string& stem, int count, Written& written) {
  Time deadline = t.cluster().env().Now() + 60s;
  for (int done = 0, tries = 0; done < count; ++tries) {
    std::string name = stem + std::to_string(tries);
    if (store.TryPut(name, name).ok()) {
      written.acknowledged[name] = name;
      ++done;
    } else {
      ++written.unknown;
      t.Sleep(100ms);
    }
    if (t.cluster().env().Now() > deadline) t.Fail("no write is acknowledged any more");
  }
}

void ExpectAllThere(Context& t, Store& store, const Written& written) {
  auto all = std::make_shared<std::map<std::string, std::string>>();
  t.Eventually("the store can be read", [&] {
    auto range = store.TryRange(store.All());
    if (!range.ok()) return false;
    all->clear();
    for (const client::EtcdKeyValue& kv : range->kvs) (*all)[kv.key] = kv.value;
    return true;
  });
  for (const auto& [name, value] : written.acknowledged) {
    auto found = all->find(store.Key(name));
    t.Expect(found != all->end() && found->second == value, "the acknowledged write of " + name + " is there");
  }
}

}  // namespace

BEHAVIOUR("store/members/read-through-any-is-fresh") {
  Store store(t);
  std::vector<std::unique_ptr<Store>> members;
  for (int i = 0; i < kMembers; ++i) members.push_back(std::make_unique<Store>(store, i));
  for (int i = 0; i < 30; ++i) {
    if (t.UnderFaults()) t.Sleep(100ms);  // until something has failed
    std::string value = std::to_string(i);
    int64_t revision = members[static_cast<size_t>(i % kMembers)]->Put("a", value);
    for (int j = 1; j < kMembers; ++j) {
      client::EtcdRangeResult read = members[static_cast<size_t>((i + j) % kMembers)]->Range({.key = store.Key("a")});
      t.Expect(!read.kvs.empty() && read.kvs[0].value == value, "the write just done is read through another member");
      t.Expect(read.revision >= revision, "and its revision is in the answer");
    }
  }
}

BEHAVIOUR("store/members/watch-through-any-tells-all") {
  Store store(t);
  std::vector<std::unique_ptr<Store>> members;
  std::vector<std::unique_ptr<StoreWatch>> watches;
  for (int i = 0; i < kMembers; ++i) {
    members.push_back(std::make_unique<Store>(store, i));
    watches.push_back(members.back()->Watch());
  }
  std::vector<int64_t> wanted;
  for (int i = 0; i < 12; ++i)
    wanted.push_back(members[static_cast<size_t>(i % kMembers)]->Put("a", std::to_string(i)));
  for (int i = 0; i < kMembers; ++i) {
    const StoreWatch& watch = *watches[static_cast<size_t>(i)];
    t.Eventually(Member(i) + " has told all", [&] { return watch.events().size() >= wanted.size(); });
    std::vector<int64_t> told;
    for (const client::EtcdEvent& event : watch.events()) told.push_back(event.kv.mod_revision);
    t.Expect(told == wanted, Member(i) + " has told them in order");
  }
}

BEHAVIOUR("store/members/nothing-acknowledged-is-lost-with-a-leader") {
  Store store(t);
  fixtures::FaultPort* faults = t.cluster().faults();
  Written written;
  Write(t, store, "before-", 10, written);
  // Whoever leads is among them; with each kill but one the leadership may change.
  for (int i = 0; i < kMembers; ++i) {
    t.Step("kill " + Member(i) + " in the middle of writing");
    Status killed = faults->Kill(Member(i));
    t.Expect(killed.ok(), "it is killed: " + killed.ToString());
    Write(t, store, "without-" + std::to_string(i) + "-", 10, written);
    ExpectAllThere(t, store, written);
    (void)faults->Restart(Member(i));
    Write(t, store, "with-" + std::to_string(i) + "-", 5, written);
    t.Sleep(3s);
  }
  ExpectAllThere(t, store, written);
}

BEHAVIOUR("store/members/all-killed-at-once-lose-nothing") {
  Store store(t);
  fixtures::FaultPort* faults = t.cluster().faults();
  Written written;
  for (int round = 0; round < 3; ++round) {
    Write(t, store, "round-" + std::to_string(round) + "-", 10, written);
    t.Step("kill all members");
    for (int i = 0; i < kMembers; ++i) (void)faults->Kill(Member(i));
    t.Sleep(200ms);
    for (int i = 0; i < kMembers; ++i) (void)faults->Restart(Member(i));
    ExpectAllThere(t, store, written);
  }
}

BEHAVIOUR("store/members/without-majority-nothing-is-acknowledged") {
  Store store(t);
  fixtures::FaultPort* faults = t.cluster().faults();
  // Each in turn, so that a leader is left alone too, who may believe for a while that it still leads.
  for (int left = 0; left < kMembers; ++left) {
    t.Step("leave " + Member(left) + " alone");
    store.Put("a", "before");
    for (int i = 0; i < kMembers; ++i) {
      if (i != left) (void)faults->Kill(Member(i));
    }
    Store last(store, left);
    t.Expect(!last.TryPut("a", "after").ok(), "a write without majority is not acknowledged");
    t.Expect(!last.TryRange({.key = store.Key("a")}).ok(), "a linearizable read without majority is not answered");
    client::EtcdRange local{.key = store.Key("a"), .serializable = true};
    auto read = last.TryRange(local);
    t.Expect(read.ok() && !read->kvs.empty() && read->kvs[0].value == "before", "a serializable read is answered");
    t.Step("the majority comes back");
    for (int i = 0; i < kMembers; ++i) {
      if (i != left) (void)faults->Restart(Member(i));
    }
    t.Eventually(
        "writes are acknowledged again", [&] { return store.TryPut("b", "1").ok(); }, 60s);
  }
}

}  // namespace kp::conformance
