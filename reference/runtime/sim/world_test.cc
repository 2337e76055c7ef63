#include "reference/runtime/sim/world.h"

#include <gtest/gtest.h>

#include <ctime>

#include "reference/runtime/sim/test_peer.h"

namespace kp::runtime::sim {
namespace {

// Dials its peers, greets them at drawn intervals and answers greetings.
class Gossip : public Actor, public StreamHandler {
 public:
  Gossip(Env& env, std::vector<std::string> peers) : env_(env), timer_(env), random_(env.random().Fork("gossip")) {
    auto listener =
        env.network().Listen("0.0.0.0:70", [this](std::unique_ptr<Stream> stream) { Keep(std::move(stream)); });
    CHECK(listener.ok()) << listener.error().ToString();
    listener_ = std::move(*listener);
    for (const std::string& peer : peers) {
      env.network().Dial(peer + ":70", 1s, alive_.Wrap([this](Result<std::unique_ptr<Stream>> stream) {
        if (stream.ok()) Keep(std::move(*stream));
      }));
    }
    Tick();
  }
  void OnData(std::string_view bytes) override { heard += bytes.size(); }
  void OnClose(const Status&) override {}

  uint64_t heard = 0;

 private:
  void Keep(std::unique_ptr<Stream> stream) {
    stream->SetHandler(this);
    streams_.push_back(std::move(stream));
  }
  void Tick() {
    if (!streams_.empty()) streams_[random_.Below(streams_.size())]->Write(std::string(200, 'x'));
    timer_.Start(Duration(random_.Between(50'000'000, 150'000'000)), [this] { Tick(); });
  }

  Env& env_;
  Alive alive_;
  Timer timer_;
  Random random_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

std::unique_ptr<World> GossipWorld(uint64_t seed, int count, size_t kept_draws) {
  auto world = std::make_unique<World>(WorldOptions{.seed = seed, .kept_draws = kept_draws});
  std::vector<std::string> peers;
  for (int i = 0; i < count; ++i) {
    std::string name = "n" + std::to_string(i);
    world->Spawn(name, "10.0.0." + std::to_string(i + 1),
                 [peers](Env& env) { return std::make_unique<Gossip>(env, peers); });
    peers.push_back(name);
  }
  return world;
}

// With one of everything that draws.
std::unique_ptr<World> TroubledWorld(uint64_t seed) {
  auto world = GossipWorld(seed, 4, 1'000'000);
  world->RunFor(1s);
  PartitionId cut = world->network().Partition({"n0"}, {"n1", "n2"}, Direction::kBoth);
  world->network().SetLoss("n2", "n3", 0.3);
  world->RunFor(2s);
  world->Crash("n3");
  world->network().Heal(cut);
  world->RunFor(1s);
  world->Restart("n3");
  world->RunFor(2s);
  return world;
}

TEST(World, SameSeedSameTranscript) {
  auto first = TroubledWorld(11);
  auto second = TroubledWorld(11);
  EXPECT_EQ(FirstDifference(first->draw_log(), second->draw_log()), std::nullopt);
  EXPECT_EQ(first->draw_log().entries(), second->draw_log().entries());
  EXPECT_GT(first->draw_log().count(), 100U);
}

TEST(World, OtherSeedOtherTranscriptAndTheFirstDifferenceIsNamed) {
  auto first = TroubledWorld(11);
  auto second = TroubledWorld(12);
  auto difference = FirstDifference(first->draw_log(), second->draw_log());
  ASSERT_TRUE(difference.has_value());
  EXPECT_TRUE(difference->starts_with("entry 0: 0.000000000s draw ")) << *difference;
}

TEST(World, DrawsOfOneProcessDoNotDisturbAnother) {
  World plain({.seed = 5});
  World disturbed({.seed = 5});
  disturbed.Spawn("noisy", "10.0.0.9").random().Next();
  EXPECT_EQ(plain.Spawn("a", "10.0.0.1").random().Next(), disturbed.Spawn("a", "10.0.0.1").random().Next());
}

TEST(World, RestartedProcessDrawsAnew) {
  World world({.seed = 5});
  uint64_t before = world.Spawn("a", "10.0.0.1").random().Next();
  world.Crash("a");
  world.Restart("a");
  EXPECT_NE(world.env("a").random().Next(), before);
}

TEST(World, TimersFireInOrderUnlessCancelledAndPostsComeFirst) {
  World world({});
  Env& env = world.Spawn("a", "10.0.0.1");
  std::string order;
  env.After(2s, [&] { order += "2"; });
  TimerId cancelled = env.After(3s, [&] { order += "3"; });
  env.After(1s, [&] {
    order += "1";
    env.Cancel(cancelled);
    env.After(0s, [&] { order += "t"; });
    env.Post([&] { order += "p"; });
  });
  world.RunFor(5s);
  EXPECT_EQ(order, "1pt2");
  EXPECT_EQ(world.elapsed(), 5s);
}

TEST(World, ResumedProcessSeesInputBeforeTimersThatTheInputCancels) {
  World world({});
  Env& a = world.Spawn("a", "10.0.0.1");
  Env& b = world.Spawn("b", "10.0.0.2");
  std::unique_ptr<TestPeer> server;
  std::unique_ptr<TestPeer> client;
  auto listener =
      b.network().Listen(":80", [&](auto stream) { server = std::make_unique<TestPeer>(std::move(stream)); });
  a.network().Dial("b:80", 1s, [&](auto stream) { client = std::make_unique<TestPeer>(std::move(*stream)); });
  ASSERT_TRUE(world.RunUntil([&] { return server && client; }, 1s).ok());
  std::string seen;
  b.After(1s, [&] { seen = "timer after " + server->received; });
  world.Pause("b");
  world.RunFor(2s);
  client->stream->Write("heartbeat");
  world.RunFor(2s);
  EXPECT_EQ(seen, "");
  world.Resume("b");
  world.RunFor(0s);
  EXPECT_EQ(seen, "timer after heartbeat");
  EXPECT_GE(world.counters().paused_events, 2U);
}

TEST(World, TimerCancelledAfterResumeDoesNotFire) {
  World world({});
  Env& env = world.Spawn("a", "10.0.0.1");
  bool fired = false;
  TimerId election;
  env.After(1s, [&] { env.Cancel(election); });
  election = env.After(2s, [&] { fired = true; });
  world.Pause("a");
  world.RunFor(5s);
  world.Resume("a");
  world.RunFor(5s);
  EXPECT_FALSE(fired);
}

TEST(World, WallClockSkewLeavesMonotonicTimeAlone) {
  World world({});
  Env& env = world.Spawn("a", "10.0.0.1");
  Time before = env.Now();
  EXPECT_EQ(FormatRfc3339(env.Wall()), "2025-01-01T00:00:00Z");
  world.SetWallOffset("a", -1h);
  EXPECT_EQ(FormatRfc3339(env.Wall()), "2024-12-31T23:00:00Z");
  EXPECT_EQ(env.Now(), before);
  EXPECT_EQ(FormatRfc3339(world.TrueWall()), "2025-01-01T00:00:00Z");
}

TEST(World, DeadProcessHasNoEffects) {
  World world({});
  Env& env = world.Spawn("a", "10.0.0.1");
  bool ran = false;
  env.After(1s, [&] { ran = true; });
  world.Crash("a");
  env.Post([&] { ran = true; });
  env.After(1s, [&] { ran = true; });
  EXPECT_EQ(env.network().Listen(":1", [](auto) {}).status().code(), Code::kUnavailable);
  world.Restart("a");
  world.RunFor(5s);
  EXPECT_FALSE(ran);
}

TEST(World, CrashDropsWhatPendingTasksHold) {
  World world({});
  Env& env = world.Spawn("a", "10.0.0.1");
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watch = held;
  env.After(1s, [held] {});
  env.Post([held] {});
  held.reset();
  world.Crash("a");
  EXPECT_TRUE(watch.expired());
}

TEST(World, FailEndsTheProcessAfterTheCallback) {
  World world({});
  std::string told;
  world.set_on_failure([&](const std::string& name, const std::string& reason) { told = name + ": " + reason; });
  Env& env = world.Spawn("a", "10.0.0.1");
  bool ran = false;
  env.After(1s, [&] {
    env.Fail("wal", "sync failed");
    env.Post([&] { ran = true; });
  });
  env.After(1s, [&] { ran = true; });
  world.RunFor(5s);
  EXPECT_FALSE(ran);
  EXPECT_EQ(told, "a: wal: sync failed");
  EXPECT_EQ(world.status("a"), ProcessStatus::kFailed);
  EXPECT_TRUE(world.log_lines().back().ends_with("a wal: fatal: sync failed")) << world.log_lines().back();
}

TEST(World, LivelockEndsWithAnError) {
  World world({.most_events = 1000});
  Env& env = world.Spawn("a", "10.0.0.1");
  std::function<void()> again = [&] { env.Post(again); };
  again();
  EXPECT_EQ(world.RunUntil([] { return false; }, 1s).code(), Code::kResourceExhausted);
}

// Not a check: prints the cost of an event, and how much faster than real time an idle cluster's
// worth of traffic runs.
TEST(World, PrintsItsSpeed) {
  auto world = GossipWorld(1, 15, 0);
  std::clock_t begun = std::clock();
  world->RunFor(60s);
  double cpu = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  const Counters& counters = world->counters();
  std::printf("[ measured ] %.0f virtual s per CPU s; %.0f events/s of CPU; %.0f messages per virtual s\n", 60 / cpu,
              static_cast<double>(counters.events) / cpu, static_cast<double>(counters.messages) / 60);
}

}  // namespace
}  // namespace kp::runtime::sim
