// Three members in the simulator.
#include <gtest/gtest.h>

#include <algorithm>

#include "reference/client/etcd.h"
#include "reference/runtime/sim/world.h"
#include "reference/store/server.h"

namespace kp::store {
namespace {

using runtime::sim::CrashKind;
using runtime::sim::Direction;
using runtime::sim::ProcessStatus;
using runtime::sim::World;

constexpr const char* kNames[] = {"store-0", "store-1", "store-2"};

ServerOptions OptionsOf(int i, uint64_t snapshot_count) {
  const auto url = [](int n, const char* port) { return "http://10.0.0." + std::to_string(n + 1) + ":" + port; };
  std::string cluster;
  for (int n = 0; n < 3; ++n) cluster += (n > 0 ? "," : "") + std::string(kNames[n]) + "=" + url(n, "2380");
  return {.name = kNames[i],
          .data_dir = "/data",
          .listen_client_urls = url(i, "2379"),
          .listen_peer_urls = url(i, "2380"),
          .initial_advertise_peer_urls = url(i, "2380"),
          .initial_cluster = cluster,
          .snapshot_count = snapshot_count};
}

class SimCluster {
 public:
  explicit SimCluster(uint64_t seed, uint64_t snapshot_count = 10000) : world({.seed = seed}) {
    for (int i = 0; i < 3; ++i) {
      world.Spawn(kNames[i], "10.0.0." + std::to_string(i + 1), ServerFactory(OptionsOf(i, snapshot_count)));
    }
    client_env_ = &world.Spawn("client", "10.0.0.9");
    for (int i = 0; i < 3; ++i) clients_[i] = NewClient({i});
  }

  std::unique_ptr<client::EtcdClient> NewClient(const std::vector<int>& members) {
    client::EtcdClientOptions options;
    for (const int i : members) options.endpoints.push_back("10.0.0." + std::to_string(i + 1) + ":2379");
    return *client::EtcdClient::Create(*client_env_, options);
  }
  client::EtcdClient& client(int i) { return *clients_[i]; }
  bool running(int i) { return world.status(kNames[i]) == ProcessStatus::kRunning; }
  Member& member(int i) { return world.actor<Server>(kNames[i]).member(); }

  // The member that leads the highest term and is followed by a majority; -1 when there is none.
  int Leader() {
    int leader = -1;
    for (int i = 0; i < 3; ++i) {
      if (!running(i) || !member(i).is_leader()) continue;
      if (leader < 0 || member(i).raft().term() > member(leader).raft().term()) leader = i;
    }
    return leader;
  }
  int WaitForLeader(int except = -1) {
    EXPECT_TRUE(world
                    .RunUntil(
                        [&] {
                          const int leader = Leader();
                          return leader >= 0 && leader != except;
                        },
                        20s)
                    .ok());
    return Leader();
  }
  template <typename T>
  T Wait(const std::function<void(Completion<T>)>& call, Duration budget = 20s) {
    auto answer = std::make_shared<std::optional<T>>();
    call([answer](T value) { answer->emplace(std::move(value)); });
    if (!world.RunUntil([&] { return answer->has_value(); }, budget).ok()) {
      return T(Status(Code::kDeadlineExceeded, "no answer"));
    }
    return std::move(**answer);
  }
  Result<int64_t> Put(int i, const std::string& key, const std::string& value, int64_t lease = 0) {
    return Wait<Result<int64_t>>([&](auto done) { client(i).Put(key, value, lease, done); });
  }
  // "" when absent, the error's text when it fails.
  std::string Get(int i, const std::string& key, bool serializable = false) {
    const auto found = Wait<Result<client::EtcdRangeResult>>(
        [&](auto done) { client(i).Range({.key = key, .serializable = serializable}, done); });
    if (!found.ok()) return found.status().ToString();
    return found->kvs.empty() ? "" : found->kvs[0].value;
  }
  // All members hold the same, and it makes sense.
  void ExpectConverged() {
    EXPECT_TRUE(world
                    .RunUntil(
                        [&] {
                          for (int i = 0; i < 3; ++i) {
                            if (!running(i) || member(i).applied_index() != member(0).applied_index()) return false;
                          }
                          return Leader() >= 0 && member(0).applied_index() == member(0).raft().log().last();
                        },
                        30s)
                    .ok());
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(running(i)) << world.failure(kNames[i]);
      member(i).CheckInvariants();
      EXPECT_EQ(*member(i).store().HashKv(0), *member(0).store().HashKv(0)) << kNames[i];
    }
  }

  World world;

 private:
  runtime::Env* client_env_ = nullptr;
  std::unique_ptr<client::EtcdClient> clients_[3];
};

TEST(StoreCluster, ElectsAtOnceAndServesThroughAFollower) {
  SimCluster cluster(1);
  const int leader = cluster.WaitForLeader();
  ASSERT_GE(leader, 0);
  EXPECT_LT(cluster.world.elapsed(), 200ms);
  EXPECT_EQ(*cluster.Put((leader + 1) % 3, "a", "1"), 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cluster.Get(i, "a"), "1");
  cluster.ExpectConverged();
}

// In the place of etcd's panic "tocommit is out of range" (etcd-io/raft#197).
TEST(StoreCluster, AMemberWhoseDiskWasReplacedEndsAndSaysWhatToDo) {
  SimCluster cluster(1);
  const int leader = cluster.WaitForLeader();
  ASSERT_TRUE(cluster.Put(leader, "a", "1").ok());
  cluster.ExpectConverged();
  const int victim = (leader + 1) % 3;
  cluster.world.Crash(kNames[victim], CrashKind::kPowerCut);
  auto& image = cluster.world.disk(kNames[victim]).image();
  for (const std::string& path : image.Paths()) ASSERT_TRUE(image.Remove(path).ok());
  cluster.world.Restart(kNames[victim]);
  EXPECT_TRUE(cluster.world.RunUntil([&] { return !cluster.running(victim); }, 10s).ok());
  EXPECT_NE(cluster.world.failure(kNames[victim]).find("lacks entries that this member has acknowledged"),
            std::string::npos)
      << cluster.world.failure(kNames[victim]);
  EXPECT_EQ(cluster.Get(leader, "a"), "1") << "the others go on";
}

TEST(StoreCluster, LeaderCrashLosesNothingAcknowledged) {
  SimCluster cluster(2);
  const int leader = cluster.WaitForLeader();
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(cluster.Put(n % 3, "key" + std::to_string(n), "v").ok());
  cluster.world.Crash(kNames[leader], CrashKind::kPowerCut);
  const int next = cluster.WaitForLeader(leader);
  ASSERT_GE(next, 0);
  for (int n = 0; n < 20; ++n) EXPECT_EQ(cluster.Get(next, "key" + std::to_string(n)), "v");
  ASSERT_TRUE(cluster.Put(next, "after", "1").ok());
  cluster.world.Restart(kNames[leader]);
  cluster.ExpectConverged();
  EXPECT_EQ(cluster.Get(leader, "after"), "1");
}

TEST(StoreCluster, IsolatedLeaderNeitherAcknowledgesNorServesStaleReads) {
  SimCluster cluster(3);
  const int leader = cluster.WaitForLeader();
  ASSERT_TRUE(cluster.Put(leader, "a", "old").ok());
  const int other = (leader + 1) % 3;
  const auto cut =
      cluster.world.network().Partition({kNames[leader]}, {kNames[other], kNames[(leader + 2) % 3]}, Direction::kBoth);
  std::optional<Result<int64_t>> lost;
  cluster.client(leader).Put("a", "lost", 0, [&](Result<int64_t> result) { lost = std::move(result); });
  cluster.WaitForLeader(leader);
  ASSERT_TRUE(cluster.Put(other, "a", "new").ok());
  EXPECT_EQ(cluster.Get(leader, "a", true), "old") << "a serializable read may be stale";
  EXPECT_EQ(cluster.Get(leader, "a"), ErrorTimeout().ToString());
  cluster.world.network().Heal(cut);
  cluster.ExpectConverged();
  // Forwarded to the new leader after the partition, or given up: but never acknowledged before.
  ASSERT_TRUE(lost.has_value());
  EXPECT_EQ(cluster.Get(leader, "a"), lost->ok() ? "lost" : "new");
}

TEST(StoreCluster, PowerCutOfAllLosesNothingAcknowledged) {
  SimCluster cluster(4, 15);
  cluster.WaitForLeader();
  for (int n = 0; n < 40; ++n) ASSERT_TRUE(cluster.Put(n % 3, "key" + std::to_string(n), "v").ok());
  for (const char* name : kNames) cluster.world.Crash(name, CrashKind::kPowerCut);
  for (const char* name : kNames) cluster.world.Restart(name);
  const Time restarted = cluster.world.Now();
  cluster.WaitForLeader();
  EXPECT_LT(cluster.world.Now() - restarted, 2500ms);
  for (int n = 0; n < 40; ++n) EXPECT_EQ(cluster.Get(0, "key" + std::to_string(n)), "v") << n;
  cluster.ExpectConverged();
}

TEST(StoreCluster, MemberFarBehindCatchesUpBySnapshot) {
  SimCluster cluster(5, 10);
  const int leader = cluster.WaitForLeader();
  const int late = (leader + 1) % 3;
  cluster.world.Crash(kNames[late], CrashKind::kKill);
  // Far more than the entries that are kept for late followers.
  for (int n = 0; n < 6000; ++n) {
    cluster.client(leader).Put("key" + std::to_string(n % 50), std::string(50, 'v'), 0, [](const auto&) {});
    if (n % 500 == 499) cluster.world.RunFor(200ms);
  }
  ASSERT_TRUE(cluster.Put(leader, "last", "1").ok());
  cluster.world.Restart(kNames[late]);
  cluster.ExpectConverged();
  EXPECT_EQ(cluster.Get(late, "last", true), "1");
}

struct WatchLog : client::EtcdWatchHandler {
  void OnEvents(int64_t, const std::vector<client::EtcdEvent>& more) override {
    for (const auto& event : more) revisions.push_back(event.kv.mod_revision);
  }
  void OnEnd(const Status& reason, int64_t) override { ended = reason; }
  std::vector<int64_t> revisions;
  std::optional<Status> ended;
};

TEST(StoreCluster, WatchResumesElsewhereWithoutAGap) {
  SimCluster cluster(6);
  const int leader = cluster.WaitForLeader();
  WatchLog log;
  auto watch = cluster.client(leader).Watch({.key = "a", .range_end = "z"}, &log);
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(cluster.Put(leader, "key", std::to_string(n)).ok());
  cluster.world.Crash(kNames[leader], CrashKind::kPowerCut);
  ASSERT_TRUE(cluster.world.RunUntil([&] { return log.ended.has_value(); }, 60s).ok());
  const int next = cluster.WaitForLeader(leader);
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(cluster.Put(next, "key", std::to_string(n)).ok());
  watch = cluster.client(next).Watch(
      {.key = "a", .range_end = "z", .start_revision = log.revisions.empty() ? 2 : log.revisions.back() + 1}, &log);
  ASSERT_TRUE(cluster.world.RunUntil([&] { return log.revisions.size() >= 15; }, 10s).ok());
  for (size_t i = 0; i < log.revisions.size(); ++i) EXPECT_EQ(log.revisions[i], static_cast<int64_t>(i) + 2);
}

TEST(StoreCluster, LeaseEndsInTimeAndNotEarlierAfterALeaderChange) {
  SimCluster cluster(7);
  const int leader = cluster.WaitForLeader();
  const int other = (leader + 1) % 3;
  const auto lease = cluster.Wait<Result<int64_t>>([&](auto done) { cluster.client(other).LeaseGrant(10, done); });
  ASSERT_TRUE(lease.ok()) << lease.status().ToString();
  ASSERT_TRUE(cluster.Put(other, "a", "1", *lease).ok());
  const Time granted = cluster.world.Now();
  cluster.world.RunFor(8s);
  cluster.world.Crash(kNames[leader], CrashKind::kPowerCut);
  cluster.WaitForLeader(leader);
  const Time led = cluster.world.Now();
  cluster.world.RunFor(granted + 10500ms - cluster.world.Now());
  EXPECT_EQ(cluster.Get(other, "a"), "1") << "a new leader gives the whole time again";
  cluster.world.RunFor(led + 13s - cluster.world.Now());
  EXPECT_EQ(cluster.Get(other, "a"), "");
}

TEST(StoreCluster, FullDiskStopsAMemberAndLosesNothing) {
  SimCluster cluster(8);
  const int leader = cluster.WaitForLeader();
  ASSERT_TRUE(cluster.Put(leader, "a", "1").ok());
  cluster.world.disk(kNames[leader]).image().set_capacity(cluster.world.disk(kNames[leader]).image().used());
  (void)cluster.Put(leader, "b", "2");
  EXPECT_EQ(cluster.world.status(kNames[leader]), ProcessStatus::kFailed);
  const int next = cluster.WaitForLeader(leader);
  EXPECT_EQ(cluster.Get(next, "a"), "1");
  cluster.world.disk(kNames[leader]).image().set_capacity(std::nullopt);
  cluster.world.Restart(kNames[leader]);
  cluster.ExpectConverged();
}

TEST(StoreCluster, ResignationHandsOverWithoutAnElectionTimeout) {
  SimCluster cluster(10);
  const int leader = cluster.WaitForLeader();
  cluster.world.RunFor(1s);
  cluster.member(leader).ResignLeadership();
  const Time before = cluster.world.Now();
  EXPECT_GE(cluster.WaitForLeader(leader), 0);
  EXPECT_LT(cluster.world.Now() - before, 100ms);
}

TEST(StoreCluster, MembersKnowWhereTheOthersServeClients) {
  SimCluster cluster(11);
  cluster.WaitForLeader();
  cluster.world.RunFor(1s);
  for (const MemberDescription& member : cluster.member(0).membership().List()) {
    ASSERT_EQ(member.client_urls.size(), 1U) << member.name;
    EXPECT_TRUE(member.client_urls[0].ends_with(":2379"));
  }
}

// The idle path must stay light: heartbeats are most of what a quiet simulation does.
TEST(StoreCluster, IdleClusterSendsHeartbeatsOnly) {
  SimCluster cluster(9);
  cluster.WaitForLeader();
  cluster.world.RunFor(1s);
  const uint64_t before = cluster.world.counters().messages;
  cluster.world.RunFor(10s);
  // Ten a second to two followers, and as many answers; a chunk may be split.
  EXPECT_LE(cluster.world.counters().messages - before, 500U);
}

// Counts that each key was put at most once: version is 1, whatever happened on the way.
TEST(StoreCluster, ProposalsSentTwiceHappenOnce) {
  for (uint64_t seed = 20; seed < 26; ++seed) {
    SimCluster cluster(seed);
    int leader = cluster.WaitForLeader();
    std::vector<std::string> acknowledged;
    for (int n = 0; n < 60; ++n) {
      const std::string key = "key" + std::to_string(n);
      cluster.client(n % 3).Put(key, "v", 0, [&acknowledged, key](const Result<int64_t>& result) {
        if (result.ok()) acknowledged.push_back(key);
      });
      cluster.world.RunFor(30ms);
      if (n % 20 == 10) {
        leader = cluster.Leader();
        if (leader >= 0) cluster.world.network().ResetStreams(kNames[leader], kNames[(leader + 1) % 3]);
      }
      if (n == 30 && leader >= 0) cluster.world.Crash(kNames[leader], CrashKind::kKill);
      if (n == 45 && leader >= 0) cluster.world.Restart(kNames[leader]);
    }
    cluster.world.RunFor(10s);
    cluster.ExpectConverged();
    const Mvcc& store = cluster.member(0).store();
    for (const std::string& key : acknowledged)
      EXPECT_EQ(store.Range({.key = key})->count, 1) << key << " seed " << seed;
    for (const Event& event : store.events()) EXPECT_EQ(event.kv->version, 1) << event.kv->key << " seed " << seed;
  }
}

}  // namespace
}  // namespace kp::store
