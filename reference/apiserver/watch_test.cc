#include <gtest/gtest.h>

#include <array>

#include "reference/apiserver/test_server.h"

namespace kp::apiserver {
namespace {

constexpr char kMaps[] = "/api/v1/namespaces/default/configmaps";

std::string MapNamed(const std::string& name, const std::string& label = "1") {
  return R"({"metadata":{"name":")" + name + R"(","labels":{"l":")" + label + R"("}}})";
}

// "ADDED a" for each event.
std::vector<std::string> Lines(const TestServer::Reply& watch) {
  std::vector<std::string> out;
  for (const api::Value& event : watch->Events()) {
    out.push_back(event["type"].str() + " " + event["object"]["metadata"]["name"].str());
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(Watch, FollowsChangesFromItsVersionOn) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  const std::string version = t.Do("GET", kMaps)->Json()["metadata"]["resourceVersion"].str();
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true&resourceVersion=" + version);
  t.Do("POST", kMaps, MapNamed("b"));
  t.Patch(std::string(kMaps) + "/b", R"({"data":{"k":"v"}})");
  t.Do("DELETE", std::string(kMaps) + "/b");
  EXPECT_EQ(Lines(watch), (Strings{"ADDED b", "MODIFIED b", "DELETED b"}));
  const auto events = watch->Events();
  EXPECT_EQ(events[2]["object"]["metadata"]["resourceVersion"].AsString(), std::to_string(t.store->revision));
  EXPECT_FALSE(watch->ended);
}

TEST(Watch, WithoutVersionStartsWithWhatIsThere) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true");
  t.Do("POST", kMaps, MapNamed("b"));
  EXPECT_EQ(Lines(watch), (Strings{"ADDED a", "ADDED b"}));
}

TEST(Watch, InitialEventsEndWithAnnotatedBookmark) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  const auto watch = t.Do("GET", std::string(kMaps) +
                                     "?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&"
                                     "resourceVersionMatch=NotOlderThan");
  const auto events = watch->Events();
  ASSERT_EQ(events.size(), 2u) << watch->body;
  EXPECT_EQ(events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"].AsString(), "true");
  EXPECT_EQ(t.Do("GET", std::string(kMaps) + "?watch=true&sendInitialEvents=true")->status, 422);
}

TEST(Watch, SelectorTurnsChangesIntoComingAndGoing) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true&labelSelector=l%3D1");
  t.Do("POST", kMaps, MapNamed("a", "2"));
  t.Patch(std::string(kMaps) + "/a", R"({"metadata":{"labels":{"l":"1"}}})");
  t.Patch(std::string(kMaps) + "/a", R"({"metadata":{"labels":{"l":"3"}}})");
  t.Do("DELETE", std::string(kMaps) + "/a");
  EXPECT_EQ(Lines(watch), (Strings{"ADDED a", "DELETED a"}));
  const api::Value gone = watch->Events()[1]["object"];
  EXPECT_EQ(gone["metadata"]["labels"]["l"].AsString(), "1") << "shown as it was while it belonged";
}

TEST(Watch, OtherNamespacesAreNotSeen) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true");
  t.Do("POST", "/api/v1/namespaces/kube-system/configmaps", MapNamed("a"));
  EXPECT_EQ(Lines(watch), Strings{});
}

TEST(Watch, TooOldVersionIsAnErrorInTheStream) {
  TestServer t;
  t.store->compacted = t.store->revision;
  t.store->CutWatches(Status(Code::kUnavailable, "connection lost"));
  t.env.Run(1s);
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true&resourceVersion=1");
  ASSERT_EQ(watch->Events().size(), 1u);
  EXPECT_EQ(watch->Events()[0]["type"].AsString(), "ERROR");
  EXPECT_EQ(watch->Events()[0]["object"]["code"].AsInt(), 410);
  EXPECT_TRUE(watch->ended);
}

TEST(Watch, LostStoreWatchLeavesNoGapAndNoRepeat) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true");
  t.Do("POST", kMaps, MapNamed("a"));
  t.store->CutWatches(Status(Code::kUnavailable, "connection lost"));
  t.Do("POST", kMaps, MapNamed("b"));
  t.env.Run(1s);
  t.Do("POST", kMaps, MapNamed("c"));
  EXPECT_EQ(Lines(watch), (Strings{"ADDED a", "ADDED b", "ADDED c"}));
}

// A cache as a server that is started late has it.
std::string ToldAfter(TestServer& t, int64_t revision) {
  WatchCache late(t.env, *t.store, {.prefix = "/registry/configmaps/"});
  late.Start();
  t.env.Run(1s);
  const auto changes = late.ChangesAfter(revision);
  if (!changes) return "too old";
  std::string told;
  for (const SharedEvent& change : *changes) {
    const api::Value& shown = change->object;
    told += std::array{"+", "~", "-"}[static_cast<size_t>(change->type)] + shown["metadata"]["name"].str() + " " +
            change->previous["metadata"]["labels"]["l"].str() + ">" + shown["metadata"]["labels"]["l"].str() + " ";
  }
  late.CheckInvariants();
  return told;
}

TEST(Watch, ResumesOnARestartedServerWhatTheStoreStillKnows) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a", "2"));
  const int64_t first = t.store->revision;
  t.Patch(std::string(kMaps) + "/a", R"({"metadata":{"labels":{"l":"1"}}})");
  const int64_t second = t.store->revision;
  t.Do("DELETE", std::string(kMaps) + "/a");
  t.Do("POST", kMaps, MapNamed("b"));
  EXPECT_EQ(ToldAfter(t, first), "~a 2>1 -a 1>1 +b >1 ");
  EXPECT_EQ(ToldAfter(t, second), "-a 1>1 +b >1 ");
  t.store->compacted = second;
  EXPECT_EQ(ToldAfter(t, first), "too old");
  EXPECT_EQ(ToldAfter(t, second), "-a 1>1 +b >1 ");
}

TEST(Watch, EndsWhenTheStoreHasForgottenWhatWasMissed) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true");
  t.store->HoldWatches(true);
  t.Do("POST", kMaps, MapNamed("a"));
  t.store->compacted = t.store->revision;
  t.store->CutWatches(Status(Code::kOutOfRange, "compacted"));
  t.store->HoldWatches(false);
  t.env.Run(1s);
  EXPECT_TRUE(watch->ended);
  EXPECT_EQ(t.Do("GET", std::string(kMaps) + "?resourceVersion=0")->Json()["items"].size(), 1u);
}

TEST(Watch, BookmarkNeverPromisesWhatWasNotSent) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true&allowWatchBookmarks=true");
  t.Do("POST", kMaps, MapNamed("a"));
  t.env.Run(61s);
  const auto events = watch->Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1]["type"].AsString(), "BOOKMARK");
  EXPECT_LE(*ParseInt(events[1]["object"]["metadata"]["resourceVersion"].AsString()), t.store->revision);
}

TEST(Watch, EndsInOrderAtItsTimeout) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true&timeoutSeconds=5");
  t.env.Run(6s);
  EXPECT_TRUE(watch->ended);
}

TEST(Watch, SlowClientCatchesUpFromHistory) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true");
  watch->buffered = 100 * 1024 * 1024;
  t.Do("POST", kMaps, MapNamed("a"));
  t.Do("POST", kMaps, MapNamed("b"));
  EXPECT_EQ(Lines(watch), Strings{});
  watch->buffered = 0;
  t.env.Run(1s);
  EXPECT_EQ(Lines(watch), (Strings{"ADDED a", "ADDED b"}));
}

TEST(Watch, ServerSentEventsOnRequest) {
  TestServer t;
  const auto watch = t.Do("GET", std::string(kMaps) + "?watch=true", "", {{"accept", "text/event-stream"}});
  t.Do("POST", kMaps, MapNamed("a"));
  EXPECT_EQ(watch->headers.Get("content-type"), "text/event-stream");
  EXPECT_TRUE(watch->body.starts_with("data: {\"type\":\"ADDED\"")) << watch->body;
  EXPECT_TRUE(watch->body.ends_with("}\n\n"));
}

TEST(Watch, ManyWatchersAreOneStoreWatch) {
  TestServer t;
  const size_t before = t.store->watch_count();
  std::vector<TestServer::Reply> watches;
  for (int i = 0; i < 100; ++i) watches.push_back(t.Do("GET", std::string(kMaps) + "?watch=true"));
  t.Do("POST", kMaps, MapNamed("a"));
  for (const auto& watch : watches) EXPECT_EQ(Lines(watch), Strings{"ADDED a"});
  EXPECT_EQ(t.store->watch_count(), before);
}

}  // namespace
}  // namespace kp::apiserver
